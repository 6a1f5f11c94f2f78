"""A bucket of S3 over HTTP, with conditional writes as S3 documents them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. tests/deploy puts
the same tests to MiniStack, which another hand wrote.
"""

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

BUCKET = "conversations"
# What leads boto3 to one server and nowhere else.
CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@dataclass
class FakeS3:
    """An ASGI app that plays one bucket.

    `page` is how many keys a listing has at once; `faults` are codes and statuses that the next
    requests are answered with; the answers of so many writes that are done are `lost`; and
    nothing is answered while `answering` is not set.
    """

    page: int = 1000
    faults: list[tuple[str, int]] = field(default_factory=list)
    lost: int = 0
    answering: threading.Event = field(default_factory=threading.Event)
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answering.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = _decode(request, await request.body())
        if not self.answering.is_set():
            await asyncio.to_thread(self.answering.wait, 10)
        response = self._answer(request, body)
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if self.faults:
            return _refuse(*self.faults.pop(0))
        _, bucket, key = f"{request.url.path}/".split("/", 2)
        key = key.rstrip("/")
        if bucket != BUCKET:
            return _refuse("NoSuchBucket", 404)
        if not key:
            return self._list(request.query_params)
        if request.method == "PUT":
            response = self._put(key, body, request.headers)
            if response.status_code == 200 and self.lost:
                self.lost -= 1
                return _refuse("InternalError", 500)
            return response
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Response(status_code=204)
        if key not in self.objects:
            return _refuse("NoSuchKey", 404)
        data, modified = self.objects[key]
        return Response(
            data,
            headers={"ETag": _etag(data), "Last-Modified": format_datetime(modified, usegmt=True)},
        )

    def _put(self, key: str, body: bytes, headers: Mapping[str, str]) -> Response:
        stored = _etag(self.objects[key][0]) if key in self.objects else None
        wanted = headers.get("if-match")
        if headers.get("if-none-match") == "*" and stored:
            return _refuse("PreconditionFailed", 412)
        if wanted and not stored:
            return _refuse("NoSuchKey", 404)
        if wanted and wanted != stored:
            return _refuse("PreconditionFailed", 412)
        self.objects[key] = body, datetime.now(UTC).replace(microsecond=0)
        return Response(headers={"ETag": _etag(body)})

    def _list(self, query: Mapping[str, str]) -> Response:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        below = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        if delimiter := query.get("delimiter"):
            below = [key for key in below if delimiter not in key.removeprefix(prefix)]
        page, more = below[: self.page], len(below) > self.page
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key>"
            f"<LastModified>{self.objects[key][1].isoformat()}</LastModified></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        return Response(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{contents}{token}</ListBucketResult>",
            media_type="application/xml",
        )


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _refuse(code: str, status: int) -> Response:
    body = f"<Error><Code>{code}</Code><Message>Refused.</Message></Error>"
    return Response(body, status, media_type="application/xml")


def _decode(request: Request, body: bytes) -> bytes:
    """The data of a body that boto3 sends in chunks with a checksum behind them."""
    if "aws-chunked" not in request.headers.get("content-encoding", ""):
        return body
    data = b""
    while True:
        head, _, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            return data
        data, body = data + body[:size], body[size + 2 :]
