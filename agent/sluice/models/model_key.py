"""The API key of an OpenAI-compatible server: given, or read from a Secrets Manager secret.

A secret is read when a model is called, and again after `SECONDS`, so that a changed key arrives
without a deployment, and no environment, snapshot or log holds it.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sluice.service_error import ServiceError

SECONDS = 300.0


def make_key(key: str, secret_arn: str, region: str) -> str | Callable[[], Awaitable[str]]:
    """What OpenAI's client takes as `api_key`: the key, or what fetches it.

    The client insists on a key, and servers at home often have none: "none" then.
    """
    if key or not secret_arn:
        return key or "none"
    return SecretKey(secret_arn, region)


class SecretKey:
    """Awaited anew for each request; see the module."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn = arn
        # An ARN names its region: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME.
        self._region = arn.split(":")[3] or region
        self._key = ""
        self._read_at = 0.0

    async def __call__(self) -> str:
        """The key.

        Raises:
            ServiceError: `model_access_denied`, when it cannot be read or the secret holds none.
        """
        if not self._key or time.monotonic() - self._read_at > SECONDS:
            self._key = await asyncio.to_thread(self._read)
            self._read_at = time.monotonic()
        return self._key

    def _read(self) -> str:
        import boto3  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        from sluice.aws import client_config

        try:
            client: Any = boto3.session.Session().client(
                "secretsmanager", region_name=self._region, config=client_config(5, 10)
            )
            text = str(client.get_secret_value(SecretId=self._arn).get("SecretString") or "")
        except (BotoCoreError, ClientError) as error:
            why = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
            raise ServiceError(
                "model_access_denied",
                f"The model's key cannot be read ({why}): check ModelSecretArn, and that the "
                "agent's role may read that secret.",
            ) from error
        if key := _key_of(text):
            return key
        raise ServiceError(
            "model_access_denied",
            "The secret of ModelSecretArn holds no key: its text has to be the key, or JSON with "
            "one value.",
        )


def _key_of(text: str) -> str:
    """The key in a secret's text; Secrets Manager's console writes JSON with one value."""
    try:
        found = json.loads(text)
    except ValueError:
        return text.strip()
    values = list(found.values()) if isinstance(found, dict) else []
    only = values[0] if len(values) == 1 else ""
    return only.strip() if isinstance(only, str) else ""
