"""Guards the request's body before the SDK reads it: at most 64 KiB, and JSON (T9).

The SDK accepts 50 MB, and answers a parser's own words under 400.
"""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sluice.refusal import Refusal
from sluice.responses import refuse_as_stream

MAX_BODY_BYTES = 64 * 1024


class BodyGuard:
    """ASGI middleware that reads the body of POST /invocations and passes on what it may hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/invocations" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except Refusal as refusal:
            await refuse_as_stream(refusal)(scope, receive, send)
            return
        if body is None:
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            # After the body, the real channel: it tells when the client has gone.
            return unread.pop() if unread else await receive()

        await self._app(scope, replay, send)


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
            raise Refusal("bad_request", f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.")
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("bad_request", "The body is not JSON, or nested too deeply.") from None
    return bytes(body)
