"""OpenAI-compatible servers as they are, read into Bedrock-shaped chunks.

Strands formats the request. Its reading of the answer trusts what servers send: a chunk without a
delta, a null count or an id that is left out ends its run. Here an answer is read from JSON as it
came, and what is not of a known form is passed over.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, override

import openai
from strands.models.openai import OpenAIModel
from strands.types.content import Messages
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from strands.types.streaming import StreamEvent

from sluice import network
from sluice.models.answer import Answer, parse, read
from sluice.models.errors import ServerError, is_overflow, is_quota_used_up
from sluice.models.refused_fields import Change, change_for, with_room

# The limit's name, its size, the usage and the system's role: more there is not to change.
_MAX_CHANGES = 4
_DONE = "[DONE]"


class OpenAICompatibleModel(OpenAIModel):
    """Strands' provider, with an own reading of the answer.

    Raises (from `stream`):
        AnswerCutError: The stream ended without a finish reason and without `[DONE]`.
        ServerError: The server told of an error under status 200, or sent no answer at all.
        ModelThrottledException, ContextWindowOverflowException, openai.APIError: As Strands' own.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the server was found to want of each request.
        self._changes: list[Change] = []

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
        if not request["tools"]:
            del request["tools"]  # OpenAI takes no empty list
        try:
            async with self._get_client() as client, aclosing(self._ask(client, request)) as events:
                async for event in events:
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

    async def _ask(
        self, client: openai.AsyncOpenAI, request: dict[str, Any]
    ) -> AsyncGenerator[StreamEvent]:
        """Read the answer; a server that refuses a part of the request is asked without it."""
        for known in self._changes:
            request = known(request)
        asked = []
        while True:
            asked.append(request)
            try:
                async for event in _read(client, request):
                    yield event
            except openai.APIStatusError as error:
                change = None
                changed = with_room(request, str(error))
                if changed is None and (change := change_for(request, str(error))):
                    changed = change(request)
                # What has been asked before would be refused again.
                if changed is None or changed in asked or len(asked) > _MAX_CHANGES:
                    raise
                if change is not None:
                    self._changes.append(change)
                request = changed
            else:
                return


async def _read(client: openai.AsyncOpenAI, request: dict[str, Any]) -> AsyncIterator[StreamEvent]:
    """Ask, and read the answer."""
    async with client.chat.completions.with_streaming_response.create(**request) as response:
        async for event in read(_payloads(response.iter_lines()), _take):
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


def _take(answer: Answer, text: str) -> Iterator[StreamEvent]:
    """Put a chunk into an answer.

    Raises:
        ServerError: The chunk is an error, and no answer is whole yet.
    """
    if text == _DONE:
        answer.is_done = True
        return
    if (chunk := parse(text)) is None:
        return
    choice = _first(chunk.get("choices"))
    answer.fail(_error(chunk) or choice.get("error"))
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, dict):
        yield from _take_delta(answer, delta)
    # Usage comes in a chunk of its own, without choices, which is the last.
    answer.is_done = _count(answer, chunk.get("usage")) and answer.is_whole and not choice
    answer.finish(choice.get("finish_reason"))


def _take_delta(answer: Answer, delta: dict[str, Any]) -> Iterator[StreamEvent]:
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(text := delta.get(name), str) and text:
            # Under one name, where a server says it under two.
            yield from answer.reason(text)
            break
    for kind, text in _parts(delta.get("content")):
        yield from answer.reason(text) if kind == "reasoning" else answer.say(text)
    yield from answer.refuse(delta.get("refusal"))
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield from answer.call(call.get("index"), call.get("id"), call.get("function"))
    if isinstance(delta.get("function_call"), dict):
        yield from answer.call(0, None, delta["function_call"])


def _error(chunk: dict[str, Any]) -> Any:
    """The error that a chunk is, in the form of OpenAI, or of vLLM, FastAPI and gateways."""
    if chunk.get("error") or "choices" in chunk or "usage" in chunk:
        return chunk.get("error")
    is_error = chunk.get("object") == "error" or chunk.get("detail") or chunk.get("errors")
    # A message alone may be news, such as a place in a queue.
    is_error = is_error or (chunk.get("message") and chunk.keys() & {"code", "status", "type"})
    return chunk if is_error else None


def _count(answer: Answer, usage: Any) -> bool:
    """Whether there was something to count."""
    if not isinstance(usage, dict):
        return False
    details = _object(usage.get("prompt_tokens_details"))
    answer.count(
        inputTokens=usage.get("prompt_tokens"),
        outputTokens=usage.get("completion_tokens"),
        totalTokens=usage.get("total_tokens"),
        cacheReadInputTokens=details.get("cached_tokens"),
        cacheWriteInputTokens=details.get("cache_write_tokens"),
        reasoningTokens=_object(usage.get("completion_tokens_details")).get("reasoning_tokens"),
    )
    return True


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(choices: Any) -> dict[str, Any]:
    return _object(choices[0]) if isinstance(choices, list) and choices else {}


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
