"""The offline model: a deterministic program in a language model's place.

It lets every path of the system be used without a network: it streams in small pieces, calls the
calculator for arithmetic as a model does, and reads the conversation it is given. What it can say
stands in sluice.models.skills. It never claims to be a real model.
"""

import asyncio
import json
import re
import sys
import threading
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, override

from strands.models.model import Model
from strands.types.content import ContentBlockStartToolUse, Messages
from strands.types.exceptions import ModelThrottledException
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from sluice.models.conversation import Conversation, Reply
from sluice.models.skills import reply_to
from sluice.models.usage import CHARACTERS_PER_TOKEN, count_characters

# With no delay, the loop is given back this often, so that other runs and /ping stay prompt.
_PIECES_PER_TURN_OF_THE_LOOP = 64


class OfflineModel(Model):
    """A Strands model provider without a model.

    `delay` is the pause between pieces in seconds, `max_tokens` what one answer may have at most.
    """

    def __init__(self, delay: float, max_tokens: int | None = None) -> None:
        self._delay = delay
        self._max_characters = (max_tokens or sys.maxsize) * CHARACTERS_PER_TOKEN

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
        invocation_state: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[StreamEvent]:
        """Answer the last message: text, and a tool call where the reply needs one.

        Raises:
            ModelThrottledException: The person asked it to fail.
        """
        tools = {spec["name"] for spec in tool_specs or []}
        reply = reply_to(Conversation(messages, tools))
        await asyncio.sleep(reply.silence)
        _fail(reply.failures, {} if invocation_state is None else invocation_state)
        written = 0
        clock = asyncio.get_running_loop().time
        due = clock()
        for count, event in enumerate(_events(reply)):
            if cancel_signal is not None and cancel_signal.is_set():
                return
            if "contentBlockDelta" in event:
                written += count_characters(event["contentBlockDelta"]["delta"])
            yield event
            if written >= self._max_characters:
                yield {"contentBlockStop": {}}
                yield {"messageStop": {"stopReason": "max_tokens"}}
                break
            if self._delay or count % _PIECES_PER_TURN_OF_THE_LOOP == 0:
                # By the clock, as a server writes: what its reader takes does not slow it down.
                due += self._delay
                await asyncio.sleep(max(0, due - clock()))
        yield _metadata(len(str(messages)), written)

    @override
    async def structured_output(
        self, output_model: Any, prompt: Messages, system_prompt: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        raise NotImplementedError("the offline model has no structured output")
        yield {}


def _fail(failures: int, state: dict[str, Any]) -> None:
    """Fail as often as asked, or always; `state` is the run's, and counts."""
    failed = state.get("offline_failures", 0)
    if failures < 0 or failed < failures:
        state["offline_failures"] = failed + 1
        raise ModelThrottledException("the offline model was asked to fail")


def _events(reply: Reply) -> Iterator[StreamEvent]:
    """A model's stream, in the shape of Bedrock's ConverseStream, up to its messageStop."""
    yield {"messageStart": {"role": "assistant"}}
    reasoned = False
    for piece in reply.reasoning:
        reasoned = True
        yield {"contentBlockDelta": {"delta": {"reasoningContent": {"text": piece}}}}
    if reasoned:
        yield {"contentBlockStop": {}}
    yield {"contentBlockStart": {"start": {}}}
    for piece in reply.pieces:
        yield {"contentBlockDelta": {"delta": {"text": piece}}}
    yield {"contentBlockStop": {}}
    if reply.call is None:
        yield {"messageStop": {"stopReason": "end_turn"}}
        return
    start: ContentBlockStartToolUse = {
        "toolUseId": f"offline_{uuid.uuid4().hex}",
        "name": reply.call.tool,
    }
    yield {"contentBlockStart": {"start": {"toolUse": start}}}
    for piece in re.findall(r".{1,6}", json.dumps(reply.call.arguments)):
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": piece}}}}
    yield {"contentBlockStop": {}}
    yield {"messageStop": {"stopReason": "tool_use"}}


def _metadata(characters_in: int, characters_out: int) -> StreamEvent:
    """Token usage as a model reports it; an estimate, since there are no tokens."""
    tokens_in = characters_in // CHARACTERS_PER_TOKEN
    tokens_out = characters_out // CHARACTERS_PER_TOKEN
    usage = {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out,
    }
    return {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}  # type: ignore[typeddict-item]
