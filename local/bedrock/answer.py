"""A reply as Converse and ConverseStream tell it: events, or one message."""

import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from local.bedrock.conversation import Call, Conversation, Reply, say
from local.bedrock.rules import count_characters
from local.bedrock.sample import sample
from local.bedrock.skills import reply_to
from local.bedrock.thinking import is_thinking, sign

# There are no tokens here: the usage is this estimate.
CHARACTERS_PER_TOKEN = 4

type Event = tuple[str, dict[str, Any]]
"""The name of a member of the event stream, and its content."""


def choose_reply(request: dict[str, Any]) -> Reply:
    """What is said to a request that keeps every rule."""
    config = request.get("toolConfig", {})
    specs = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in config.get("tools", ())
             if "toolSpec" in tool}  # fmt: skip
    reply = reply_to(Conversation(request["messages"], set(specs)))
    if not is_thinking(request):
        reply = replace(reply, reasoning=())
    choice = config.get("toolChoice", {})
    forced = choice.get("tool", {}).get("name") or next(iter(specs)) if _forces(choice) else None
    if forced and (reply.call is None or ("tool" in choice and reply.call.tool != forced)):
        arguments = sample(specs[forced]["inputSchema"]["json"])
        reply = replace(reply, pieces=(), call=Call(forced, arguments))
    elif schema := _answer_schema(request):
        reply = replace(say(json.dumps(sample(schema))), failure=reply.failure)
    return reply


def _forces(choice: dict[str, Any]) -> bool:
    return bool(choice.keys() & {"any", "tool"})


def _answer_schema(request: dict[str, Any]) -> Any:
    """The JSON Schema that the answer's text shall fit ("Structured outputs"), or None."""
    form = request.get("outputConfig", {}).get("textFormat", {}).get("structure", {})
    try:
        return json.loads(form["jsonSchema"]["schema"])
    except (KeyError, ValueError):
        return None


def tell(reply: Reply, request: dict[str, Any], began: float) -> Iterator[Event]:
    """The events of a reply within the request's limits; it `began` at that time.monotonic()."""
    told = _Told(request)
    yield from told.events(reply)
    yield "messageStop", {"stopReason": told.stop_reason}
    sent = [request.get("system"), request["messages"], request.get("toolConfig")]
    tokens_in = -(-count_characters(sent) // CHARACTERS_PER_TOKEN)
    tokens_out = -(-told.characters // CHARACTERS_PER_TOKEN)
    latency = int((time.monotonic() - began) * 1000)
    usage = {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    yield "metadata", {"usage": usage, "metrics": {"latencyMs": latency}}


class _Told:
    """One answer under way: how much it has said, and why it ends."""

    def __init__(self, request: dict[str, Any]) -> None:
        config = request.get("inferenceConfig", {})
        most = config.get("maxTokens")
        self._left: float = most * CHARACTERS_PER_TOKEN if most else float("inf")
        self._cancellation = [stop for stop in config.get("stopSequences", ()) if stop]
        self._block = 0
        self.characters = 0
        self.stop_reason = "end_turn"

    def events(self, reply: Reply) -> Iterator[Event]:
        yield "messageStart", {"role": "assistant"}
        thought = ""
        for piece in self._measured(reply.reasoning):
            thought += piece
            yield self._delta({"reasoningContent": {"text": piece}})
        if thought:
            yield self._delta({"reasoningContent": {"signature": sign(thought)}})
            yield self._end_block()
        # Anthropic's models announce tool calls only: text begins with its first piece.
        spoke = False
        for piece in self._measured(self._until_stop(reply.pieces)):
            spoke = True
            yield self._delta({"text": piece})
        if spoke:
            yield self._end_block()
        if reply.call and self.stop_reason == "end_turn":
            yield from self._call(reply.call)

    def _call(self, call: Call) -> Iterator[Event]:
        start = {"toolUseId": f"tooluse_{secrets.token_urlsafe(16)}", "name": call.tool}
        yield self._at("contentBlockStart", {"start": {"toolUse": start}})
        for piece in self._measured(re.findall(r"(?s).{1,6}", json.dumps(call.arguments))):
            yield self._delta({"toolUse": {"input": piece}})
        yield self._end_block()
        if self.stop_reason == "end_turn":
            self.stop_reason = "tool_use"

    def _measured(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces, as far as `maxTokens` goes."""
        for piece in pieces:
            if self.stop_reason != "end_turn":
                return
            if len(piece) > self._left:
                piece = piece[: int(self._left)]
                self.stop_reason = "max_tokens"
            if piece:
                self._left -= len(piece)
                self.characters += len(piece)
                yield piece

    def _until_stop(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces before the first stop sequence, which is not said."""
        if not self._cancellation:
            yield from pieces
            return
        pieces = list(pieces)
        text = "".join(pieces)
        ends = [at for stop in self._cancellation if (at := text.find(stop)) >= 0]
        left = min(ends, default=len(text))
        for piece in pieces:
            if left and piece:
                yield piece[:left]
            left = max(0, left - len(piece))
        if ends and self.stop_reason == "end_turn":
            self.stop_reason = "stop_sequence"

    def _at(self, kind: str, payload: dict[str, Any]) -> Event:
        return kind, payload | {"contentBlockIndex": self._block}

    def _delta(self, delta: dict[str, Any]) -> Event:
        return self._at("contentBlockDelta", {"delta": delta})

    def _end_block(self) -> Event:
        event = self._at("contentBlockStop", {})
        self._block += 1
        return event


def as_message(events: Iterable[Event]) -> dict[str, Any]:
    """What Converse answers where ConverseStream tells these events."""
    blocks: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    output: dict[str, Any] = {}
    for kind, payload in events:
        match kind:
            case "contentBlockStart":
                current = {"toolUse": payload["start"]["toolUse"] | {"input": ""}}
            case "contentBlockDelta":
                _add(current, payload["delta"])
            case "contentBlockStop":
                blocks.append(_finished(current))
                current = {}
            case "messageStop" | "metadata":
                output |= payload
    return {"output": {"message": {"role": "assistant", "content": blocks}}} | output


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        for name, text in delta["reasoningContent"].items():
            thought[name] = thought.get(name, "") + text


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    if "toolUse" in block:
        try:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
        except ValueError:
            # Cut off by maxTokens.
            block["toolUse"]["input"] = {}
    return block
