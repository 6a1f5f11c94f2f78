"""Reads the body of POST /invocations: at most 256 KiB, and JSON (T9)."""

import json
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sluice.agui.responses import refuse_as_stream
from sluice.service_error import ServiceError

# The longest message, each of its 32,000 characters written as \uXXXX, and what is around it.
MAX_BODY_BYTES = 256 * 1024
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
            scope = {**scope, BODY: _parse(raw)}
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
        if len(body) > MAX_BODY_BYTES:
            raise ServiceError(
                "bad_request", f"The body is larger than {MAX_BODY_BYTES // 1024} KiB."
            )
    return bytes(body)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ServiceError("bad_request", "The body is not JSON, or nested too deeply.") from None
