"""OpenAI-compatible servers as they are, read into Bedrock-shaped chunks.

Strands formats the request. Its reading of the answer trusts what servers send: a chunk without a
delta, a null count or an id that is left out ends its run. Here an answer is read from JSON as it
came, and what is not of a known form is passed over.
"""

import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, override

import openai
from strands.models.openai import OpenAIModel
from strands.types.content import Messages
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from strands.types.streaming import StreamEvent

from sluice import network
from sluice.models.errors import AnswerCutError, ServerError, is_quota_used_up
from sluice.models.text_stream import Surrogates, ThinkTags

_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_STOP_REASONS = {
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}
_DONE = "[DONE]"


class OpenAICompatibleModel(OpenAIModel):
    """Strands' provider, with an own reading of the answer.

    Raises (from `stream`):
        AnswerCutError: The stream ended without a finish reason and without `[DONE]`.
        ServerError: The server told of an error under status 200, or sent no answer at all.
        ModelThrottledException, ContextWindowOverflowException, openai.APIError: As Strands' own.
    """

    @override
    async def stream(
        self, messages: Messages, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[StreamEvent]:
        tool_specs, system_prompt = (*args, None, None)[:2]
        tool_specs = kwargs.get("tool_specs", tool_specs)
        system_prompt = kwargs.get("system_prompt", system_prompt)
        request = self.format_request(
            messages, tool_specs, system_prompt, kwargs.get("tool_choice")
        )
        try:
            async with self._get_client() as client:
                try:
                    async for event in _read(client, request):
                        yield event
                except openai.BadRequestError as error:
                    renamed = _with_other_limit(request, error)
                    if renamed is None:
                        raise
                    self._remember(renamed)
                    async for event in _read(client, renamed):
                        yield event
        except openai.RateLimitError as error:
            if is_quota_used_up(error):
                raise
            if is_overflow(str(error)):
                raise ContextWindowOverflowException(str(error)) from error
            raise ModelThrottledException(str(error)) from error
        except (openai.APIError, ServerError) as error:
            if is_overflow(str(error)):
                raise ContextWindowOverflowException(str(error)) from error
            raise

    @override
    def _resolve_client_args(self) -> dict[str, Any]:
        """A client's arguments, with connections of its own: it closes them with itself."""
        if "http_client" in self.client_args:
            return self.client_args
        url = self.client_args["base_url"]
        http = openai.DefaultAsyncHttpxClient(
            proxy=network.proxy_for(url), verify=network.certificates(), trust_env=False
        )
        return {**self.client_args, "http_client": http}

    @override
    @classmethod
    def _split_tool_message_images(
        cls, tool_message: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """A tool's message, and a person's with its images, which only those may hold.

        What is left of the tool's is a string, as Strands has it without images: many servers take
        no list there.
        """
        message, images = super()._split_tool_message_images(tool_message)
        if images is not None:
            texts = [part["text"] for part in message["content"] if part.get("type") == "text"]
            message = {**message, "content": "\n".join(texts)}
        return message, images

    def _remember(self, request: dict[str, Any]) -> None:
        """Ask with the limit's name that the server takes, from now on."""
        params: Any = dict(self.get_config()["params"] or {})
        for old, new in _LIMITS.items():
            if new in request and old in params:
                params[new] = params.pop(old)
                break
        self.update_config(params=params)


def is_overflow(text: str) -> bool:
    """Whether an error's text says, in one of the servers' words, that the input is too long.

    llama.cpp, vLLM, LM Studio, Ollama, TGI, Groq, Mistral, OpenRouter and Bedrock word it so.
    """
    low = text.lower()
    return any(
        words in low
        for words in (
            "context_length_exceeded",
            "exceed_context_size",
            "exceeds the available context",
            "maximum context length",
            "context length",
            "context window",
            "context size",
            "input is too long",
            "prompt is too long",
            "too many input tokens",
            "input length exceeds",
            "reduce the length of the",
            "inputs tokens + max_new_tokens",
            "too large for model with",
        )
    )


def _with_other_limit(request: dict[str, Any], error: openai.APIError) -> dict[str, Any] | None:
    """The request with the limit under its other name, where the server says that it wants that."""
    for old, new in _LIMITS.items():
        if old in request and new in str(error):
            rest = {name: value for name, value in request.items() if name != old}
            return {**rest, new: request[old]}
    return None


async def _read(client: openai.AsyncOpenAI, request: dict[str, Any]) -> AsyncIterator[StreamEvent]:
    """Ask, and read the answer."""
    answer = _Answer()
    async with client.chat.completions.with_streaming_response.create(**request) as response:
        yield {"messageStart": {"role": "assistant"}}
        try:
            async for text in _payloads(response.iter_lines()):
                if text == _DONE:
                    answer.is_done = True
                    break
                chunk = _parse(text)
                if chunk is None:
                    continue
                for event in answer.take(chunk):
                    yield event
        except Exception as error:
            # What breaks after a whole answer does not make it a failure.
            if not answer.is_whole or isinstance(error, ServerError):
                raise
    for event in answer.close():
        yield event


async def _payloads(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The data of each frame; a body that is no event stream comes whole, as one."""
    other: list[str] = []
    framed = False
    async for line in lines:
        if line.startswith("data:"):
            framed = True
            yield line[5:].strip()
        elif not framed and line.strip() and not line.startswith((":", "event:", "id:", "retry:")):
            other.append(line)
    if other and not framed:
        yield "\n".join(other)


def _parse(text: str) -> dict[str, Any] | None:
    try:
        chunk = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return chunk if isinstance(chunk, dict) else None


class _Answer:
    """The state of one answer: which block is open, and the calls.

    Blocks come one after the other, and the pieces of several calls need not: the first call is
    told as it comes, and the others, as well as words after it, at the answer's end.
    """

    def __init__(self) -> None:
        self.is_done = False
        self._finish = ""
        self._open: str | None = None
        self._has_said = False
        self._tags = ThinkTags()
        self._halves = {"text": Surrogates(), "reasoning": Surrogates()}
        self._calls: list[_Call] = []
        self._live: _Call | None = None
        self._late: list[tuple[str, str]] = []
        self._usage: dict[str, int] = {}

    @property
    def is_whole(self) -> bool:
        return bool(self._finish)

    def take(self, chunk: dict[str, Any]) -> Iterator[StreamEvent]:
        """The events of one chunk.

        Raises:
            ServerError: The chunk is an error, and no answer is whole yet.
        """
        if chunk.get("error") and not self.is_whole:
            raise ServerError(json.dumps(chunk["error"], default=str))
        self._count(chunk.get("usage"))
        choice = _first(chunk.get("choices"))
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            yield from self._delta(delta)
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish:
            self._finish = finish.lower()

    def close(self) -> Iterator[StreamEvent]:
        """The calls, the end and what was used.

        Raises:
            AnswerCutError: Nothing said that the answer is whole.
        """
        for kind, text in self._tags.close():
            yield from self._say(kind, text)
        for kind, halves in self._halves.items():
            yield from self._emit(kind, halves.close())
        yield from self._end_block()
        if not self._finish and not (self.is_done and (self._has_said or self._calls)):
            if not self.is_done and not self._has_said and not self._calls:
                raise ServerError("the server sent no answer")
            if not self.is_done:
                raise AnswerCutError("the stream ended before the answer did")
        rest = self._calls
        if self._live is not None:
            yield from self._live.close()
            rest, self._live = rest[1:], None
            for kind, text in self._late:
                yield from self._emit(kind, text)
            yield from self._end_block()
        for call in rest:
            yield from call.open()
            yield from call.close()
        reason = _STOP_REASONS.get(self._finish, "end_turn")
        if self._calls and reason == "end_turn":
            reason = "tool_use"
        elif not self._calls and reason == "tool_use":
            # Without a call, Strands would ask the model again and again.
            reason = "end_turn"
        yield {"messageStop": {"stopReason": reason}}  # type: ignore[typeddict-item]
        if self._usage:
            usage: Any = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0, **self._usage}
            yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}

    def _delta(self, delta: dict[str, Any]) -> Iterator[StreamEvent]:
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str):
            yield from self._say("reasoning", thought)
        for kind, text in _parts(delta.get("content")):
            if kind == "reasoning":
                yield from self._say(kind, text)
                continue
            for told, piece in self._tags.feed(text):
                yield from self._say(told, piece)
        if isinstance(refusal := delta.get("refusal"), str):
            yield from self._say("text", refusal)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            yield from self._call(call)
        if isinstance(delta.get("function_call"), dict):
            yield from self._call({"index": 0, "function": delta["function_call"]})

    def _call(self, delta: Any) -> Iterator[StreamEvent]:
        """Take a piece of a call: another id, or another index, begins another call."""
        if not isinstance(delta, dict):
            return
        function = delta.get("function")
        function = function if isinstance(function, dict) else {}
        index, call_id = delta.get("index"), delta.get("id")
        call = self._find(index, call_id if isinstance(call_id, str) else "")
        call.add(call_id, function.get("name"), function.get("arguments"))
        if call is self._live:
            yield from call.arguments()
        elif call.name and call is self._calls[0]:
            self._live = call
            yield from self._end_block()
            yield from call.open()

    def _find(self, index: Any, call_id: str) -> "_Call":
        for call in reversed(self._calls):
            if call_id and call.given_id == call_id:
                return call
            if call.index == index and (not call_id or not call.given_id):
                return call
        call = _Call(index)
        self._calls.append(call)
        return call

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        details = usage.get("prompt_tokens_details")
        details = details if isinstance(details, dict) else {}
        counts = {
            "inputTokens": usage.get("prompt_tokens"),
            "outputTokens": usage.get("completion_tokens"),
            "totalTokens": usage.get("total_tokens"),
            "cacheReadInputTokens": details.get("cached_tokens"),
            "cacheWriteInputTokens": details.get("cache_write_tokens"),
        }
        self._usage |= {name: n for name, n in counts.items() if type(n) is int and n >= 0}

    def _say(self, kind: str, text: str) -> Iterator[StreamEvent]:
        yield from self._emit(kind, self._halves[kind].feed(text))

    def _emit(self, kind: str, text: str) -> Iterator[StreamEvent]:
        if not text:
            return
        if self._live is not None:
            self._late.append((kind, text))
            return
        if self._open != kind:
            yield from self._end_block()
            self._open = kind
            yield {"contentBlockStart": {"start": {}}}
        self._has_said = True
        delta: Any = {"text": text} if kind == "text" else {"reasoningContent": {"text": text}}
        yield {"contentBlockDelta": {"delta": delta}}

    def _end_block(self) -> Iterator[StreamEvent]:
        if self._open is not None:
            self._open = None
            yield {"contentBlockStop": {}}


class _Call:
    """A tool call, as its pieces come."""

    def __init__(self, index: Any) -> None:
        self.index = index
        self.given_id = ""
        self.name = ""
        self._halves = Surrogates()
        self._arguments = ""

    def add(self, call_id: Any, name: Any, arguments: Any) -> None:
        if isinstance(call_id, str) and call_id:
            self.given_id = call_id
        # Some servers say the name again with every piece.
        if isinstance(name, str) and name and not self.name:
            self.name = name
        if isinstance(arguments, str):
            self._arguments += self._halves.feed(arguments)
        elif arguments is not None:
            self._arguments += json.dumps(arguments)

    def open(self) -> Iterator[StreamEvent]:
        call_id = self.given_id or f"call_{uuid.uuid4().hex}"
        use: Any = {"toolUseId": call_id, "name": self.name or "unnamed"}
        yield {"contentBlockStart": {"start": {"toolUse": use}}}
        yield from self.arguments()

    def arguments(self) -> Iterator[StreamEvent]:
        """What has come since the last time."""
        said, self._arguments = self._arguments, ""
        if said:
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": said}}}}

    def close(self) -> Iterator[StreamEvent]:
        self._arguments += self._halves.close()
        yield from self.arguments()
        yield {"contentBlockStop": {}}


def _first(choices: Any) -> dict[str, Any]:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _parts(content: Any) -> Iterator[tuple[str, str]]:
    """(kind, text) of a delta's content: a text, or a list of parts as Mistral sends it."""
    if isinstance(content, str):
        yield "text", content
        return
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            yield "text", part
        elif isinstance(part, dict) and part.get("type") == "thinking":
            for _, text in _parts(part.get("thinking")):
                yield "reasoning", text
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            yield "text", part["text"]
