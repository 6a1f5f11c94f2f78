"""Asks the agent's own program whether the agent's file works, before anybody asks it anything."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CHECK_SECONDS = 60.0


def fault_of_agent(
    folder: Path, environment: Mapping[str, str], python: str | Path = sys.executable
) -> str | None:
    """Why the file cannot be used, with its traceback if it raised; None when it can.

    `folder` holds main.py; nothing is asked of any model.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [python, "main.py", "--check"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"The agent's file took more than {CHECK_SECONDS:g} s to make an agent."
    if done.returncode == 0:
        return None
    return done.stderr.strip() or f"The agent's check ended with {done.returncode}."
