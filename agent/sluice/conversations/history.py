"""What a model is sent of a conversation: whole, repaired, and as much as it can read.

Models refuse a conversation in which a tool call has no result, a result has no call, or two
messages in a row have the same role. A process that died in mid-run leaves exactly these. Some
(Llama on Bedrock) also refuse a person's words in one message with a tool's results.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from sluice.conversations.converse import (
    Block,
    CallIds,
    StrandsMessage,
    measure,
    shorten,
    translate,
)
from sluice.conversations.thread import Turn

# English has about 4 letters a token. Bytes, not letters: other scripts have fewer letters a token.
BYTES_PER_TOKEN = 4

# Stands where a model's answer is missing before the person's next words.
INTERRUPTED = "[The answer was interrupted.]"


@dataclass(frozen=True)
class Past:
    """What a model is sent of a conversation; `trimmed` when its oldest turns are left out."""

    messages: list[StrandsMessage] = field(repr=False)
    trimmed: bool


@dataclass(frozen=True)
class Question:
    """What the engine is asked; `token` is the person's ID token, for MCP servers."""

    past: list[StrandsMessage] = field(repr=False)
    content: list[Block] = field(repr=False)
    time_zone: str | None
    token: str = field(repr=False)


def compose(turns: Sequence[Turn], max_tokens: int) -> Past:
    """The past of a conversation. It ends with the model, so that a question can follow it.

    Turns without an answer are left out where their run did not finish: they can be asked again.
    When the rest is over `max_tokens`, the oldest turns drop until half of that is left, so that
    the beginning then stays the same for many turns, and providers can cache it. The newest turn
    always stays; a turn's tool results are cut where they alone would fill that half.
    """
    room = max_tokens * BYTES_PER_TOKEN
    ids = CallIds()
    told = [_tell(turn, ids, room // 2) for turn in turns if turn.replaced_by is None]
    told = [messages for messages in told if messages]
    start = _start([measure(messages) for messages in told], room)
    return Past(list(chain.from_iterable(told[start:])), trimmed=start > 0)


def _tell(turn: Turn, ids: CallIds, max_bytes: int) -> list[StrandsMessage]:
    """A turn as models take it, from a person's message to one of the model's, or nothing."""
    rough: list[StrandsMessage] = []
    for message in translate(turn.messages, ids):
        _append(rough, message)
    messages = repair(rough)
    is_answered = any(message["role"] == "assistant" for message in messages)
    if not messages or not (is_answered or turn.state == "finished"):
        return []
    if messages[-1]["role"] == "user":
        _append(messages, _missing_answer())
    return shorten(messages, max_bytes)


def _start(sizes: list[int], room: int) -> int:
    """The first of the turns to send.

    It is found by going through the conversation as it grew, so that it stays where it is until the
    next turn that does not fit.
    """
    start = total = 0
    for index, size in enumerate(sizes):
        total += size
        if total > room:
            while total > room // 2 and start < index:
                total -= sizes[start]
                start += 1
    return start


def repair(messages: list[StrandsMessage]) -> list[StrandsMessage]:
    """A history that models take: it opens with a person, roles alternate, calls have results.

    A well-formed history comes back equal. What a person or the model said is kept; results of no
    call are dropped, and missing results and answers are stated as interrupted.
    """
    repaired: list[StrandsMessage] = []
    for message in messages:
        role = message["role"]
        said = [block for block in message["content"] if "toolResult" not in block]
        if role == "user":
            said = [block for block in said if "toolUse" not in block]
        if calls := _open_calls(repaired):
            results = _results(calls, message["content"] if role == "user" else [])
            _append(repaired, {"role": "user", "content": results})
        if role == "user" and said and _ends_on_results(repaired):
            _append(repaired, _missing_answer())
        _append(repaired, {**message, "content": said})
    if calls := _open_calls(repaired):
        _append(repaired, {"role": "user", "content": _results(calls, [])})
    return repaired


def _open_calls(messages: list[StrandsMessage]) -> list[str]:
    """The ids of the calls that the next message must answer, each once."""
    if not messages:
        return []
    calls = [block["toolUse"] for block in messages[-1]["content"] if "toolUse" in block]
    return list(dict.fromkeys(call["toolUseId"] for call in calls))


def _ends_on_results(messages: list[StrandsMessage]) -> bool:
    return bool(messages) and any("toolResult" in block for block in messages[-1]["content"])


def _missing_answer() -> StrandsMessage:
    return {"role": "assistant", "content": [{"text": INTERRUPTED}]}


def _results(calls: list[str], content: list[Block]) -> list[Block]:
    found = {block["toolResult"]["toolUseId"]: block for block in content if "toolResult" in block}
    return [found.get(call) or _interrupted(call) for call in calls]


def _interrupted(call: str) -> Block:
    said = [{"text": "The tool call was interrupted and has no result."}]
    return {"toolResult": {"toolUseId": call, "status": "error", "content": said}}


def _append(messages: list[StrandsMessage], message: StrandsMessage) -> None:
    """Add a message that says something, or join it to the last when both have one role.

    The message is then part of `messages`: its content is a list that nobody else has.
    """
    if not message["content"] or (not messages and message["role"] != "user"):
        return
    if messages and messages[-1]["role"] == message["role"]:
        messages[-1]["content"] += message["content"]
    else:
        messages.append(message)
