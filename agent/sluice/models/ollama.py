"""Ollama's own API, read as it is.

Not its OpenAI-compatible one: there an error in mid-answer is lost (middleware/openai.go reads it
as an empty piece), and a prompt that is too long cannot be refused.

https://docs.ollama.com/api/chat, https://docs.ollama.com/capabilities/tool-calling,
https://docs.ollama.com/api/errors
"""

import base64
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any, override

import httpx2
from strands.models.model import Model
from strands.types.content import Messages
from strands.types.exceptions import ContextWindowOverflowException
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from sluice import network
from sluice.models.answer import Answer, parse, read
from sluice.models.errors import ServerError, StatusError, is_overflow


class OllamaModel(Model):
    """A Strands model provider for a server at a base URL.

    Raises (from `stream`):
        AnswerCutError: The stream ended without `done`.
        ServerError: The server told of an error under status 200, or sent no answer at all.
        StatusError: It refused the request.
        ContextWindowOverflowException: The conversation is longer than the model can read.
        httpx2.TransportError: It cannot be reached, or broke off.
    """

    def __init__(
        self,
        url: str,
        model_id: str,
        max_tokens: int,
        timeout: httpx2.Timeout,
        key: str = "",
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = f"{url}/api/chat"
        self._model_id = model_id
        self._max_tokens = max_tokens
        self._timeout = timeout
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._transport = transport

    @override
    def update_config(self, **model_config: Any) -> None:
        """There is nothing to configure."""

    @override
    def get_config(self) -> dict[str, Any]:
        return {"model_id": self._model_id}

    @override
    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamEvent]:
        request = self.format_request(messages, tool_specs, system_prompt)
        content = json.dumps(request, default=_in_base64)
        headers = {"Content-Type": "application/json", **self._headers}
        try:
            async with (
                self._client() as client,
                client.stream("POST", self._url, content=content, headers=headers) as response,
            ):
                await _raise_for_status(response)
                async for event in read(response.aiter_lines(), _take):
                    yield event
        except (ServerError, StatusError) as error:
            if is_overflow(str(error)):
                raise ContextWindowOverflowException(str(error)) from error
            raise

    @override
    async def structured_output(
        self, output_model: Any, prompt: Messages, system_prompt: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        raise NotImplementedError("Sluice asks for no structured output")
        yield {}

    def format_request(
        self, messages: Messages, tool_specs: list[ToolSpec] | None, system_prompt: str | None
    ) -> dict[str, Any]:
        """The request's body, in which images are still bytes."""
        tools = [
            {
                "type": "function",
                "function": {
                    "name": spec["name"],
                    "description": spec["description"],
                    "parameters": spec["inputSchema"]["json"],
                },
            }
            for spec in tool_specs or ()
        ]
        return {
            "model": self._model_id,
            "messages": [*_format(messages, system_prompt)],
            "stream": True,
            "options": {"num_predict": self._max_tokens},
            # Else Ollama drops what the model cannot read, without a word. Since 0.12.6; the field
            # is in api/types.go alone.
            "truncate": False,
            **({"tools": tools} if tools else {}),
        }

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            proxy=network.proxy_for(self._url),
            verify=network.certificates(),
            trust_env=False,
            timeout=self._timeout,
            transport=self._transport,
            follow_redirects=True,
        )


async def _raise_for_status(response: httpx2.Response) -> None:
    if not response.is_success:
        await response.aread()
        raise StatusError(response.status_code, response.text)


def _format(messages: Messages, system_prompt: str | None) -> Iterator[dict[str, Any]]:
    """Ollama's messages. A result stands in one of its own, which names the tool: calls have no
    ids there, and results are joined to them by their order."""
    if system_prompt:
        yield {"role": "system", "content": system_prompt}
    names: dict[str, str] = {}
    for message in messages:
        said: list[Any] = []
        calls = []
        for block in message["content"]:
            if "toolResult" in block:
                result = block["toolResult"]
                content = _content(result["content"])
                yield {"role": "tool", "tool_name": names.get(result["toolUseId"], ""), **content}
            elif "toolUse" in block:
                use = block["toolUse"]
                names[use["toolUseId"]] = use["name"]
                calls.append({"function": {"name": use["name"], "arguments": use["input"]}})
            else:
                said.append(block)
        if said or calls:
            formatted = {"role": message["role"], **_content(said)}
            yield {**formatted, "tool_calls": calls} if calls else formatted


def _content(blocks: list[Any]) -> dict[str, Any]:
    """The words, images and reasoning of blocks, as fields of one message."""
    if any("document" in block for block in blocks):
        # Ollama's messages have no place for one; the run then goes on without (media_fallback.py).
        raise StatusError(400, "Ollama takes no document")
    texts = [_text(block) for block in blocks if "text" in block or "json" in block]
    images = [block["image"]["source"]["bytes"] for block in blocks if "image" in block]
    thoughts = [
        block["reasoningContent"].get("reasoningText", {}).get("text", "")
        for block in blocks
        if "reasoningContent" in block
    ]
    return {
        "content": "\n".join(texts),
        **({"images": images} if images else {}),
        **({"thinking": "".join(thoughts)} if any(thoughts) else {}),
    }


def _text(block: Any) -> str:
    if "json" in block:
        return json.dumps(block["json"], ensure_ascii=False)
    return str(block["text"])


def _in_base64(value: Any) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return base64.b64encode(value).decode()


def _take(answer: Answer, text: str) -> Iterator[StreamEvent]:
    """Put a line into an answer.

    Raises:
        ServerError: The line is an error.
    """
    if (line := parse(text)) is None:
        return
    answer.fail(line.get("error"))
    message = line.get("message")
    if isinstance(message, dict):
        yield from answer.reason(message.get("thinking"))
        yield from answer.say(message.get("content"))
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                # Each comes whole; the index and the id that newer servers give may repeat.
                yield from answer.whole_call(call.get("function"))
    if line.get("done") is True:
        _count(answer, line)
        answer.finish(line.get("done_reason") or "stop")
        answer.is_done = True


def _count(answer: Answer, line: dict[str, Any]) -> None:
    sent, answered = line.get("prompt_eval_count"), line.get("eval_count")
    answer.count(inputTokens=sent, outputTokens=answered)
    if type(sent) is int and type(answered) is int:
        answer.count(totalTokens=sent + answered)
