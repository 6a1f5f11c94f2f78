"""AG-UI messages as Strands' (Bedrock Converse): what a model is sent of a run that has ended.

A message is {"role": "user" | "assistant", "content": [{"text"} | {"toolUse"} | {"toolResult"}]}.
Reasoning is not sent again: a model wants its own back signed, and only while a call is open.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sluice.conversations.thread import Message
from sluice.wire.content import plain_text
from sluice.wire.events import carried

# Strands' Message and ContentBlock: TypedDicts, which mypy cannot follow through a spread.
type StrandsMessage = Any
type Block = Any

SILENT = "The tool returned nothing."
CUT = "\n[The rest is left out: it is too long for this conversation.]"

# Roles and braces cost about this much in a model's own format.
_BYTES_OF_A_BLOCK = 16
# What Bedrock takes as a tool's name and as a call's id.
_OTHER = re.compile(r"[^A-Za-z0-9_-]")
_MAX_NAME = 64


class CallIds:
    """Gives each call of a conversation an id of its own, that every provider takes.

    An id that is neither used yet nor foreign stays. Some servers count their calls from 0 in each
    answer, and a thread may outlive the provider that made its ids.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def take(self, call_id: str) -> str:
        taken = call_id
        if not call_id or len(call_id) > _MAX_NAME or _OTHER.search(call_id):
            taken = _OTHER.sub("_", call_id)[: _MAX_NAME // 2] or "call"
        number, name = len(self._used), taken[: _MAX_NAME // 2]
        while taken in self._used:
            number += 1
            taken = f"{name}_{number}"
        self._used.add(taken)
        return taken


def translate(messages: Iterable[Message], ids: CallIds) -> Iterator[StrandsMessage]:
    """The messages of one run, each by itself: their order may not be one that models take.

    Texts without a visible character are left out, because models refuse them.
    """
    # The ids under which a call waits for its result; more than one where a run's ids repeat.
    waiting: dict[str, list[str]] = {}
    for message in messages:
        match message.get("role"):
            case "user":
                yield {"role": "user", "content": _texts(message)}
            case "assistant":
                content = _texts(message)
                for call in message.get("toolCalls") or ():
                    taken = ids.take(call["id"])
                    waiting.setdefault(call["id"], []).append(taken)
                    content.append(_call(taken, call["function"]))
                yield {"role": "assistant", "content": content}
            case "tool" if waiting.get(message["toolCallId"]):
                taken = waiting[message["toolCallId"]].pop(0)
                yield {"role": "user", "content": [_result(taken, message)]}


def measure(messages: list[StrandsMessage]) -> int:
    """About how many bytes of UTF-8 a model reads."""
    return sum(_size(block) for message in messages for block in message["content"])


def shorten(messages: list[StrandsMessage], max_bytes: int) -> list[StrandsMessage]:
    """The messages, with the longest tool results cut so that all is at most `max_bytes` long.

    What people and the model said is never cut, so it may stay longer than that.
    """
    total = measure(messages)
    if total <= max_bytes:
        return messages
    lengths = [_size(b) for m in messages for b in m["content"] if "toolResult" in b]
    share = max(_share(lengths, max_bytes - total + sum(lengths)), len(CUT) + _BYTES_OF_A_BLOCK)
    return [{**m, "content": [_cut(b, share) for b in m["content"]]} for m in messages]


def _texts(message: Message) -> list[Block]:
    content = plain_text(message.get("content"))
    if not content.strip():
        return []
    return [{"text": carried(content)}]


def _call(call_id: str, function: dict[str, Any]) -> Block:
    name = _OTHER.sub("_", function["name"])[:_MAX_NAME] or "unnamed"
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": _input(function["arguments"])}}


def _input(arguments: str) -> dict[str, Any]:
    """The arguments of a call; none when they are broken, as an interruption leaves them."""
    try:
        value = json.loads(arguments)
        # There and back: models' servers take no NaN, no Infinity and no half of a pair.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return json.loads(carried(text)) if isinstance(value, dict) else {}


def _result(call_id: str, message: Message) -> Block:
    said = _texts(message) or [{"text": SILENT}]
    status = "error" if "error" in message else "success"
    return {"toolResult": {"toolUseId": call_id, "status": status, "content": said}}


def _size(block: Block) -> int:
    if "toolUse" in block:
        call = block["toolUse"]
        text = call["name"] + json.dumps(call["input"], ensure_ascii=False)
    else:
        text = block["text"] if "text" in block else block["toolResult"]["content"][0]["text"]
    return len(text.encode()) + _BYTES_OF_A_BLOCK


def _share(lengths: list[int], room: int) -> int:
    """How long each may be, so that all have room and none is cut for the sake of a shorter one."""
    for index, length in enumerate(sorted(lengths)):
        left = len(lengths) - index
        if length * left > room:
            return room // left
        room -= length
    return room


def _cut(block: Block, size: int) -> Block:
    if "toolResult" not in block or _size(block) <= size:
        return block
    result = block["toolResult"]
    kept = result["content"][0]["text"].encode()[: size - _BYTES_OF_A_BLOCK - len(CUT)]
    content = [{"text": kept.decode("utf-8", "ignore") + CUT}]
    return {"toolResult": {**result, "content": content}}
