"""Bedrock Runtime on a loopback port: its two operations that agents use, and its errors.

`Converse` and `ConverseStream` of the API reference; and `Retrieve`, of knowledge bases, which has
an address of its own in AWS. Any key is taken, if the request is signed for Bedrock in form. What
is not played says so.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from local.bedrock import event_stream
from local.bedrock.answer import Event, as_message, choose_reply, tell
from local.bedrock.errors import IN_STREAM, MODEL, STATUSES, BedrockError, invalid
from local.bedrock.failures import Failure, Failures
from local.bedrock.knowledge import EXAMPLE, ROUTE, retrieve
from local.bedrock.rules import check_request
from local.bedrock.shapes import check_shape
from local.disconnect import until_gone

ROOT = Path(__file__).resolve().parents[2]
BODY_BYTES = 100 * 1024 * 1024
PLAYED = {"Converse", "ConverseStream"}
# With no delay, so many events leave at once, and the loop is given back between two such parts.
EVENTS_AT_ONCE = 64
# A failure in mid-answer comes after so many pieces.
PIECES_BEFORE_FAILURE = 3

_ROUTES = [
    (
        operation.http["method"],
        re.compile(
            re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"]))
        ),
        name,
    )
    for name in MODEL.operation_names
    if (operation := MODEL.operation_model(name))
]
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/\s]+/\d{8}/[a-z0-9-]+/(?P<service>[a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=[a-z0-9;-]+, *Signature=[0-9a-f]{64}"
)


class Bedrock:
    """The service, as an ASGI app. `delay` is the pause between two pieces of an answer, in
    seconds, and `knowledge` the folder that every knowledge base is; both may change while it
    serves."""

    def __init__(self, log: Callable[[str], None], delay: float = 0.0) -> None:
        self.delay = delay
        self.knowledge = ROOT / EXAMPLE
        self._log = log
        self._failures = Failures()
        self._guardrails: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        response = Response(send)
        headers = Headers(scope=scope)
        try:
            if of_knowledge_base := ROUTE.fullmatch(scope["raw_path"].decode()):
                check_signature(headers.get("authorization", ""))
                request = parse_body(await read_body(receive))
                id_, operation = of_knowledge_base.groups()
                found = await asyncio.to_thread(retrieve, self.knowledge, id_, operation, request)
                await response.finish(found)
                return
            operation, model_id = _find_operation(scope)
            check_signature(headers.get("authorization", ""))
            request = parse_body(await read_body(receive))
            check_shape(
                MODEL.operation_model(operation).input_shape, request | {"modelId": model_id}
            )
            check_request(request)
            self._note_guardrail(request)
            call = headers.get("amz-sdk-invocation-id") or response.id
            await until_gone(receive, self._answer(operation, request, call, response))
        except BedrockError as error:
            self._log(f"bedrock: {error.name}")
            await response.fail(error)

    async def _answer(
        self, operation: str, request: dict[str, Any], call: str, response: "Response"
    ) -> None:
        began = time.monotonic()
        reply = choose_reply(request)
        await asyncio.sleep(reply.silence)
        failure = reply.failure
        if failure and not self._failures.is_due(failure, request["messages"], call):
            failure = None
        if failure and (not failure.midway or operation == "Converse"):
            raise BedrockError(_before(failure), "This failure was asked for.")
        events = tell(reply, request, began)
        if operation == "Converse":
            return await response.finish(as_message(events))
        await response.start(event_stream.MEDIA_TYPE)
        async for part in self._paced(events, failure):
            await response.send(part)
        await response.end()
        return None

    async def _paced(
        self, events: Iterator[Event], failure: Failure | None
    ) -> AsyncIterator[bytes]:
        """The events as bytes, by the clock: what a reader takes does not slow the writer down."""
        clock = asyncio.get_running_loop().time
        due = clock()
        waiting: list[bytes] = []
        pieces = 0
        for kind, payload in events:
            waiting.append(event_stream.event(kind, payload))
            pieces += kind == "contentBlockDelta"
            if failure and (pieces == PIECES_BEFORE_FAILURE or kind == "contentBlockStop"):
                waiting.append(
                    event_stream.exception(IN_STREAM[failure.error], "This failure was asked for.")
                )
                break
            if self.delay and kind == "contentBlockDelta":
                yield b"".join(waiting)
                waiting.clear()
                due += self.delay
                await asyncio.sleep(max(0, due - clock()))
            elif len(waiting) == EVENTS_AT_ONCE:
                yield b"".join(waiting)
                waiting.clear()
                await asyncio.sleep(0)
        yield b"".join(waiting)

    def _note_guardrail(self, request: dict[str, Any]) -> None:
        """Say once of each guardrail that it is taken and does nothing."""
        name = request.get("guardrailConfig", {}).get("guardrailIdentifier")
        if name and name not in self._guardrails:
            self._guardrails.add(name)
            self._log(f"bedrock: the guardrail {name} is not played here, so it refuses nothing")


class Response:
    """One answer; `id` is the request's."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.id = str(uuid.uuid4())

    async def start(self, media_type: str, status: int = 200, error: str = "") -> None:
        headers = {"content-type": media_type, "x-amzn-requestid": self.id}
        if error:
            headers["x-amzn-errortype"] = error
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def send(self, part: bytes) -> None:
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def end(self, part: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": part})

    async def finish(self, body: dict[str, Any]) -> None:
        await self.start("application/json")
        await self.end(json.dumps(body).encode())

    async def fail(self, error: BedrockError) -> None:
        await self.start("application/json", STATUSES[error.name], error.name)
        await self.end(json.dumps({"message": error.message}).encode())


def _before(failure: Failure) -> str:
    """The error as an answer without a stream tells it."""
    return failure.error if failure.error in STATUSES else "ModelErrorException"


def _find_operation(scope: Scope) -> tuple[str, str]:
    """The operation's name and the model's id. Raises for what is not played."""
    method, path = scope["method"], scope["raw_path"].decode()
    for wanted, pattern, name in _ROUTES:
        found = pattern.fullmatch(path)
        if not found or method != wanted:
            continue
        if name in PLAYED:
            return name, unquote(found["modelId"])
        raise invalid(
            f"The local Bedrock does not play {name}: it answers Converse and ConverseStream only. "
            "For the real service set SLUICE_MODEL=bedrock, with AWS credentials of your own."
        )
    raise BedrockError(
        "UnknownOperationException", f"{method} {path} is no operation of Bedrock Runtime."
    )


def check_signature(authorization: str, service: str = "bedrock") -> None:
    """A signature has to be there, for this service; whose it is, is not asked. A Bedrock API key
    is a bearer token."""
    if re.fullmatch(r"Bearer \S+", authorization):
        return
    if not authorization:
        raise BedrockError("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = _SIGNATURE.fullmatch(authorization)
    if not found or found["service"] != service:
        raise BedrockError(
            "InvalidSignatureException",
            f"Credential should be scoped to correct service: '{service}', and be part of an "
            "AWS4-HMAC-SHA256 signature.",
        )


async def read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise invalid(f"The request is larger than {BODY_BYTES:,} bytes.")
        if not message.get("more_body"):
            return bytes(body)


def parse_body(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BedrockError("SerializationException", "The body is no JSON.") from error
    if not isinstance(request, dict):
        raise BedrockError("SerializationException", "The body has to be a JSON object.")
    return request
