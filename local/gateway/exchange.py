"""One request at the gateway and the answer to it, on bare ASGI: nothing is buffered here."""

import base64
import os
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from local.gateway.context import Context

Headers = list[tuple[bytes, bytes]]


def decode(value: bytes) -> str:
    """A header value or path as text; bytes that are not UTF-8 survive the way back in `encode`."""
    return value.decode("utf-8", "surrogateescape")


def encode(value: str) -> bytes:
    """The reverse of `decode`."""
    return value.encode("utf-8", "surrogateescape")


class Refusal(Exception):  # noqa: N818 - it is API Gateway's answer, not a fault of this program
    """The gateway itself answers, with the gateway response of this type."""

    def __init__(
        self, kind: str, message: str = "", detail: str = "", status: int | None = None
    ) -> None:
        """`kind` is a gateway response type, `detail` what error.validationErrorString will say,
        `status` another than the type's own."""
        super().__init__(kind)
        self.kind = kind
        self.message = message
        self.detail = detail
        self.status = status


class ClientGoneError(Exception):
    """The client left before its request was complete; there is nobody to answer."""


class Exchange:
    """A request as it came (raw path, raw header values), and the way back to the client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing of the body is read yet."""
        self.method: str = scope["method"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = list(scope["headers"])
        self.path_parameters: Mapping[str, str] = {}
        self.started = False
        self.length = 0
        self.receive = receive
        self._send = send
        self._began = time.monotonic()
        self.context: Context = {
            "requestId": str(uuid.uuid4()),
            "extendedRequestId": base64.b64encode(os.urandom(11)).decode(),
            "httpMethod": self.method,
            "path": decode(self.raw_path),
            "protocol": f"HTTP/{scope['http_version']}",
            "identity.sourceIp": (scope.get("client") or ("",))[0],
            "identity.userAgent": self.header("User-Agent") or "",
            "requestTime": datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": str(time.time_ns() // 1_000_000),
        }

    def header(self, name: str) -> str | None:
        """The value of a request header, or None; names are compared without regard to case."""
        values = self.header_values(name)
        return values[-1] if values else None

    def header_values(self, name: str) -> list[str]:
        """Every value that the client sent under this name, whatever the casing of each."""
        wanted = encode(name.lower())
        return [decode(value) for key, value in self.headers if key.lower() == wanted]

    def query_parameter(self, name: str) -> str | None:
        """The last value of a query parameter, decoded, or None."""
        values = parse_qs(decode(self.query), keep_blank_values=True).get(name)
        return values[-1] if values else None

    def media_type(self) -> str:
        """Of the request body; API Gateway takes application/json where none is named."""
        return (self.header("Content-Type") or "application/json").partition(";")[0].strip().lower()

    async def body(self, limit: int) -> bytes:
        """The request body, whole.

        Refusal(REQUEST_TOO_LARGE) past `limit` bytes, announced or read; ClientGoneError.
        """
        announced = self.header("Content-Length") or "0"
        parts: list[bytes] = []
        left = limit - int(announced) if announced.isdigit() else limit
        if left >= 0:
            left, more = limit, True
            while more and left >= 0:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                parts.append(message.get("body", b""))
                left -= len(parts[-1])
                more = message.get("more_body", False)
        if left < 0:
            raise Refusal("REQUEST_TOO_LARGE")
        return b"".join(parts)

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send status and headers, and the two ids that API Gateway adds to every answer."""
        self.started = True
        self.context["status"] = str(status)
        ids = [
            (b"x-amzn-requestid", self.context["requestId"].encode()),
            (b"x-amz-apigw-id", self.context["extendedRequestId"].encode()),
        ]
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [*headers, *ids]}
        )

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the body now; waits while the client reads more slowly than we write."""
        self.length += len(chunk)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end(self, chunk: bytes = b"") -> None:
        """Send the last piece. An answer without it is cut: the server closes the connection."""
        self.length += len(chunk)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole JSON answer that the gateway itself makes."""
        about = [(b"content-type", b"application/json")]
        if status != 204:  # which must not have a length: RFC 9110, 8.6
            about.append((b"content-length", str(len(body)).encode()))
        await self.start(status, [*headers, *about])
        await self.end(body)

    def elapsed_ms(self) -> int:
        """Milliseconds since the request arrived."""
        return int((time.monotonic() - self._began) * 1000)
