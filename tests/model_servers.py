"""Model services as they speak on the wire: Bedrock, an OpenAI-compatible server, Ollama.

A `ModelServer` answers its n-th request with the n-th part of a script, over real HTTP, and keeps
what it was asked. It refuses what a service would refuse (provider_rules). What the script says is
the same for all; a `Dialect` puts it into the bytes of one service. Sources: Amazon Bedrock API
Reference, "ConverseStream", and "Event stream encoding"
(https://smithy.io/2.0/aws/amazon-eventstream.html); OpenAI API Reference, "Chat Completions",
"Streaming"; Ollama's docs/api.md, "Generate a chat completion".
"""

import asyncio
import json
import struct
import threading
from abc import ABC, abstractmethod
from binascii import crc32
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from provider_rules import judge
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

MODEL_IDS = {
    "bedrock": "global.anthropic.claude-test-1",
    "openai": "gpt-test",
    "ollama": "llama-test",
}
KEY = "sesame-7f21"
HOLD_SECONDS = 10
CALL_ID = "call_1"


@dataclass(frozen=True)
class Tokens:
    """What one call of the model counted; whether `sent` includes the cached is the service's."""

    sent: int = 10
    answered: int = 5
    read: int = 0
    written: int = 0


@dataclass(frozen=True)
class Reply:
    """One streamed answer: reasoning, text and a call of a tool, each where given.

    `hold` is waited for before the last piece, or, when it is `silent`, before the answer's status.
    `fault` ends the answer after its text with the service's own error of that name; `cut` ends it
    there with a broken connection.
    """

    text: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    call: dict[str, Any] | None = None
    tool: str = "calculator"
    stop: Literal["end", "length"] = "end"
    tokens: Tokens = Tokens()
    hold: threading.Event | None = None
    silent: bool = False
    fault: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Refused:
    """An answer with an HTTP error, of the service's own form."""

    status: int
    kind: str
    message: str = "refused"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Dialect(ABC):
    """How one service is addressed, and how it says a script's parts."""

    name: str
    media_type: str
    path: str

    @abstractmethod
    def environ(self, url: str) -> dict[str, str]:
        """The agent's variables that choose this service at a server's URL."""

    @abstractmethod
    def say(self, reply: Reply) -> Iterator[bytes]:
        """The pieces of an answer; those of a fault or a cut end after the text."""

    @abstractmethod
    def refuse(self, refused: Refused) -> Response: ...


class ModelServer:
    """`app` speaks every dialect at its own path; `asked` holds the requests of the script.

    `holding` is set when a client waits for what is held back, `left` when it goes away then.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.holding, self.left = threading.Event(), threading.Event()
        self._script: tuple[Reply | Refused, ...] = ()
        self.app = Starlette(routes=[self._route(dialect) for dialect in DIALECTS.values()])

    def play(self, *script: Reply | Refused) -> None:
        """Answer the next requests with a new script."""
        self.asked, self._script = [], script
        self.holding, self.left = threading.Event(), threading.Event()

    def _route(self, dialect: Dialect) -> Route:
        async def answer(request: Request) -> Response:
            part = self._script[len(self.asked)]
            path = request.scope["raw_path"].decode()
            self.asked.append(Asked(path, dict(request.headers), await request.json()))
            if fault := judge(dialect.name, self.asked[-1].body):
                return dialect.refuse(Refused(400, "ValidationException", fault))
            if isinstance(part, Refused):
                return dialect.refuse(part)
            if part.silent:
                await self._hold_back(part, request)
            return StreamingResponse(self._play(part, dialect), media_type=dialect.media_type)

        return Route(dialect.path, answer, methods=["POST"])

    async def _hold_back(self, reply: Reply, request: Request) -> None:
        """Wait for the reply's hold, or for the client to go away."""
        hold = asyncio.ensure_future(self._wait(reply))
        gone = asyncio.ensure_future(request.receive())
        await asyncio.wait((hold, gone), return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            self.left.set()
        for task in (hold, gone):
            task.cancel()

    async def _play(self, reply: Reply, dialect: Dialect) -> AsyncIterator[bytes]:
        *pieces, last = dialect.say(reply)
        for piece in pieces:
            yield piece
        if not reply.silent:
            try:
                await self._wait(reply)
            except asyncio.CancelledError:
                self.left.set()
                raise
        yield last
        if reply.cut:
            raise ConnectionAbortedError("uvicorn closes the connection without the last chunk")

    async def _wait(self, reply: Reply) -> None:
        if reply.hold is not None:
            self.holding.set()
            assert await asyncio.to_thread(reply.hold.wait, HOLD_SECONDS), "nobody let it go on"


class Bedrock(Dialect):
    name = "bedrock"
    media_type = "application/vnd.amazon.eventstream"
    path = "/model/{model}/converse-stream"
    # Of reasoning: the service checks it when the reasoning comes back to it.
    SIGNATURE = "c2lnbmVk"

    def environ(self, url: str) -> dict[str, str]:  # noqa: ARG002 - botocore has its own variable
        return {"SLUICE_MODEL_REGION": "us-east-1"}

    def say(self, reply: Reply) -> Iterator[bytes]:
        yield _event("messageStart", {"role": "assistant"})
        index = 0
        # Anthropic's models announce only tool blocks; text and reasoning begin with a delta.
        if reply.reasoning:
            for text in reply.reasoning:
                yield _delta(index, {"reasoningContent": {"text": text}})
            yield _delta(index, {"reasoningContent": {"signature": self.SIGNATURE}})
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        for text in reply.text:
            yield _delta(index, {"text": text})
        if reply.fault:
            headers = {":exception-type": reply.fault, ":content-type": "application/json"}
            yield _frame(headers | {":message-type": "exception"}, {"message": reply.fault})
        if reply.fault or reply.cut:
            return
        if reply.text:
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        if reply.call is not None:
            start = {"toolUse": {"toolUseId": CALL_ID, "name": reply.tool}}
            yield _event("contentBlockStart", {"contentBlockIndex": index, "start": start})
            for text in _halves(json.dumps(reply.call)):
                yield _delta(index, {"toolUse": {"input": text}})
            yield _event("contentBlockStop", {"contentBlockIndex": index})
        stop = {"end": "tool_use" if reply.call else "end_turn", "length": "max_tokens"}
        end = _event("messageStop", {"stopReason": stop[reply.stop]})
        tokens = reply.tokens
        usage = {
            "inputTokens": tokens.sent,
            "outputTokens": tokens.answered,
            "totalTokens": tokens.sent + tokens.answered + tokens.read + tokens.written,
            "cacheReadInputTokens": tokens.read,
            "cacheWriteInputTokens": tokens.written,
        }
        # One piece: an answer is whole once its end has come, whatever is held back after it.
        yield end + _event("metadata", {"usage": usage, "metrics": {"latencyMs": 7}})

    def refuse(self, refused: Refused) -> Response:
        headers = {"x-amzn-errortype": refused.kind}
        return _json_response({"message": refused.message}, refused.status, headers)


class OpenAI(Dialect):
    name = "openai"
    media_type = "text/event-stream"
    path = "/v1/chat/completions"

    def environ(self, url: str) -> dict[str, str]:
        return {"SLUICE_MODEL_URL": f"{url}/v1"}

    def say(self, reply: Reply) -> Iterator[bytes]:
        yield _chunk({"role": "assistant", "content": ""})
        # DeepSeek, vLLM and others send reasoning under this name; OpenAI itself sends none.
        for text in reply.reasoning:
            yield _chunk({"reasoning_content": text})
        for text in reply.text:
            yield _chunk({"content": text})
        if reply.fault:
            yield _sse({"error": {"message": reply.fault, "type": reply.fault, "code": None}})
        if reply.fault or reply.cut:
            return
        if reply.call is not None:
            first = {"index": 0, "id": CALL_ID, "type": "function"}
            yield _chunk(
                {"tool_calls": [first | {"function": {"name": reply.tool, "arguments": ""}}]}
            )
            for text in _halves(json.dumps(reply.call)):
                yield _chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})
        stop = {"end": "tool_calls" if reply.call else "stop", "length": "length"}
        end = _chunk({}, stop[reply.stop])
        tokens = reply.tokens
        usage = {
            "prompt_tokens": tokens.sent,
            "completion_tokens": tokens.answered,
            "total_tokens": tokens.sent + tokens.answered,
            "prompt_tokens_details": {"cached_tokens": tokens.read},
        }
        # One piece: an answer is whole once its reason has come, whatever is held back after it.
        yield end + _sse(_completion([]) | {"usage": usage}) + b"data: [DONE]\n\n"

    def refuse(self, refused: Refused) -> Response:
        error = {"message": refused.message, "type": refused.kind, "param": None, "code": None}
        # OpenAI tells its clients when to try again.
        return _json_response({"error": error}, refused.status, {"retry-after-ms": "1"})


class Ollama(Dialect):
    name = "ollama"
    media_type = "application/x-ndjson"
    path = "/api/chat"

    def environ(self, url: str) -> dict[str, str]:
        return {"SLUICE_MODEL_URL": url}

    def say(self, reply: Reply) -> Iterator[bytes]:
        for text in reply.reasoning:
            yield _line({"content": "", "thinking": text})
        for text in reply.text:
            yield _line({"content": text})
        if reply.fault:
            yield json.dumps({"error": reply.fault}).encode() + b"\n"
        if reply.fault or reply.cut:
            return
        if reply.call is not None:
            call = {"function": {"index": 0, "name": reply.tool, "arguments": reply.call}}
            yield _line({"content": "", "tool_calls": [call]})
        yield _line(
            {"content": ""},
            done=True,
            done_reason={"end": "stop", "length": "length"}[reply.stop],
            total_duration=9_000_000,
            prompt_eval_count=reply.tokens.sent,
            eval_count=reply.tokens.answered,
        )

    def refuse(self, refused: Refused) -> Response:
        return _json_response({"error": refused.message}, refused.status, {})


DIALECTS: dict[str, Dialect] = {d.name: d for d in (Bedrock(), OpenAI(), Ollama())}


def _json_response(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(json.dumps(body), status, headers, "application/json")


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    # Bedrock pads its events, so that their sizes do not tell their words.
    return _frame(headers, payload | {"p": "abcdefgh"})


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _frame(headers: dict[str, str], payload: dict[str, Any]) -> bytes:
    """A message of the event-stream encoding: prelude, its CRC, headers, payload, CRC of all."""
    string_type = 7
    packed = b"".join(
        struct.pack("!B", len(name)) + name.encode()
        + struct.pack("!BH", string_type, len(value)) + value.encode()
        for name, value in headers.items()
    )  # fmt: skip
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(packed) + len(body), len(packed))
    message = prelude + struct.pack("!I", crc32(prelude)) + packed + body
    return message + struct.pack("!I", crc32(message))


def _completion(choices: list[dict[str, Any]]) -> dict[str, Any]:
    known = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000}
    return known | {"model": MODEL_IDS["openai"], "choices": choices, "usage": None}


def _chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    return _sse(_completion([{"index": 0, "delta": delta, "finish_reason": finish_reason}]))


def _sse(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _line(message: dict[str, Any], *, done: bool = False, **counts: Any) -> bytes:
    said = {"role": "assistant"} | message
    known = {"model": MODEL_IDS["ollama"], "created_at": "2026-01-01T00:00:00Z", "message": said}
    return json.dumps(known | {"done": done} | counts).encode() + b"\n"
