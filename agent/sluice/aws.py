"""How the agent's AWS clients wait and retry."""

from typing import Any

from botocore.config import Config  # type: ignore[import-untyped]


def client_config(connect_seconds: float, read_seconds: float) -> Any:
    """A botocore Config that tries twice, so that a person learns of a failure soon."""
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
