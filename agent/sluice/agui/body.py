"""Reads the body of POST /invocations: JSON, and at most 256 KiB without the files in it (T9)."""

import asyncio
import json
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sluice.agui.attachments import media_length
from sluice.agui.responses import refuse_as_stream
from sluice.service_error import ServiceError

# The longest message, each of its 32,000 characters written as \uXXXX, and what is around it.
MAX_BODY_BYTES = 256 * 1024
# With files. API Gateway takes 10 MB:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MAX_MEDIA_BODY_BYTES = 8 * 1024 * 1024
# Where the parsed body stands in the scope of a request that is passed on.
BODY = "sluice.body"


class BodyGuard:
    """ASGI middleware that reads and parses the body, once, and passes on what it may hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/invocations" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            raw = await _read(receive)
            if raw is None:
                return
            scope = {**scope, BODY: await _parse(raw)}
        except ServiceError as service_error:
            await refuse_as_stream(service_error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when the client has gone."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_MEDIA_BODY_BYTES:
            raise _TOO_LARGE
    return bytes(body)


async def _parse(raw: bytes) -> Any:
    if len(raw) <= MAX_BODY_BYTES:
        return _load(raw)
    # Some 20 ms, in which others' streams go on.
    body = await asyncio.to_thread(_load, raw)
    if len(raw) - media_length(body) > MAX_BODY_BYTES:
        raise _TOO_LARGE
    return body


def _load(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ServiceError("bad_request", "The body is not JSON, or nested too deeply.") from None


_TOO_LARGE = ServiceError(
    "bad_request",
    f"The body is larger than {MAX_BODY_BYTES // 1024} KiB without files, or than "
    f"{MAX_MEDIA_BODY_BYTES // 1024 // 1024} MB with them.",
)
