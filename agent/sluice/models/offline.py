"""The offline model: a deterministic program in a language model's place.

It lets every path of the system be used without a network: it streams in small pieces, calls the
calculator for arithmetic as a model does, and reads the conversation it is given. What it can say
stands in sluice.models.skills. It never claims to be a real model.
"""

import asyncio
import json
import re
import threading
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from typing import Any, override

from strands.models.model import Model
from strands.types.content import ContentBlockStartToolUse, Messages
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from sluice.models.skills import Call, Conversation, reply_to

# With no delay, the loop is given back this often, so that other runs and /ping stay prompt.
_PIECES_PER_TURN_OF_THE_LOOP = 64
_CHARACTERS_PER_TOKEN = 4


class OfflineModel(Model):
    """A Strands model provider without a model. `delay` is the pause between pieces in seconds."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    @override
    def update_config(self, **model_config: Any) -> None:
        """There is nothing to configure."""

    @override
    def get_config(self) -> dict[str, Any]:
        return {"model_id": "offline"}

    @override
    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        cancel_signal: threading.Event | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[StreamEvent]:
        """Answer the last message: text, and a tool call where the reply needs one."""
        tools = {spec["name"] for spec in tool_specs or []}
        reply = reply_to(Conversation(messages, tools))
        written = 0
        for count, event in enumerate(_events(reply.pieces, reply.call)):
            if cancel_signal is not None and cancel_signal.is_set():
                return
            written += _length(event)
            yield event
            if self._delay or count % _PIECES_PER_TURN_OF_THE_LOOP == 0:
                await asyncio.sleep(self._delay)
        yield _metadata(len(str(messages)), written)

    @override
    async def structured_output(
        self, output_model: Any, prompt: Messages, system_prompt: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        raise NotImplementedError("the offline model has no structured output")
        yield {}


def _events(pieces: Iterable[str], call: Call | None) -> Iterator[StreamEvent]:
    """A model's stream, in the shape of Bedrock's ConverseStream, up to its messageStop."""
    yield {"messageStart": {"role": "assistant"}}
    yield {"contentBlockStart": {"start": {}}}
    for piece in pieces:
        yield {"contentBlockDelta": {"delta": {"text": piece}}}
    yield {"contentBlockStop": {}}
    if call is None:
        yield {"messageStop": {"stopReason": "end_turn"}}
        return
    start: ContentBlockStartToolUse = {
        "toolUseId": f"offline_{uuid.uuid4().hex}",
        "name": call.tool,
    }
    yield {"contentBlockStart": {"start": {"toolUse": start}}}
    for piece in re.findall(r".{1,6}", json.dumps(call.arguments)):
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": piece}}}}
    yield {"contentBlockStop": {}}
    yield {"messageStop": {"stopReason": "tool_use"}}


def _length(event: StreamEvent) -> int:
    """The characters that an event adds to the answer."""
    delta = event["contentBlockDelta"]["delta"] if "contentBlockDelta" in event else {}
    return len(delta.get("text", "")) + len(delta.get("toolUse", {}).get("input", ""))


def _metadata(characters_in: int, characters_out: int) -> StreamEvent:
    """Token usage as a model reports it; an estimate, since there are no tokens."""
    tokens_in = characters_in // _CHARACTERS_PER_TOKEN
    tokens_out = characters_out // _CHARACTERS_PER_TOKEN
    usage = {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out,
    }
    return {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}  # type: ignore[typeddict-item]
