"""What a model is sent of a conversation: whole, repaired, and as much as it can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sluice.threads.bedrock_messages import measure, shorten, translate
from sluice.threads.repair import (
    Block,
    CallIds,
    StrandsMessage,
    repair,
    state_interruption,
)
from sluice.threads.thread import Message, StoredRun

# English has about 4 letters a token. Bytes, not letters: other scripts have fewer letters a token.
BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Past:
    """What a model is sent of a conversation; `trimmed` when its oldest runs are left out."""

    messages: list[StrandsMessage] = field(repr=False)
    trimmed: bool


@dataclass(frozen=True)
class Question:
    """What the agent runner is asked; `token` is the person's ID token, for MCP servers.

    `told` are the messages before it, as clients have them. The rest is for agent.py.
    """

    past: list[StrandsMessage] = field(repr=False)
    content: list[Block] = field(repr=False)
    time_zone: str | None
    token: str = field(repr=False)
    told: Sequence[Message] = field(default=(), repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    state: Any = field(default=None, repr=False)
    context: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    forwarded_props: Any = field(default=None, repr=False)


def compose(stored_runs: Sequence[StoredRun], max_tokens: int) -> Past:
    """The past of a conversation. It ends with the model, so that a question can follow it.

    Messages without an answer are left out where their run did not finish: they can be asked again.
    When the rest is over `max_tokens`, the oldest runs drop until half of that is left, so that
    the beginning then stays the same for many runs, and providers can cache it. The newest run
    always stays; a run's tool results are cut where they alone would fill that half.
    """
    room = max_tokens * BYTES_PER_TOKEN
    ids = CallIds()
    told = [
        _tell(stored_run, ids, room // 2)
        for stored_run in stored_runs
        if stored_run.replaced_by is None
    ]
    told = [messages for messages in told if messages]
    start = _start([measure(messages) for messages in told], room)
    return Past([*chain.from_iterable(told[start:])], trimmed=start > 0)


def _tell(stored_run: StoredRun, ids: CallIds, max_bytes: int) -> list[StrandsMessage]:
    """A run as models take it, from a person's message to one of the model's, or nothing."""
    messages = repair(translate(stored_run.messages), ids)
    is_answered = any(message["role"] == "assistant" for message in messages)
    if not messages or not (is_answered or stored_run.state == "finished"):
        return []
    if messages[-1]["role"] == "user":
        messages.append(state_interruption())
    return shorten(messages, max_bytes)


def _start(sizes: list[int], room: int) -> int:
    """The first of the runs to send.

    It is found by going through the conversation as it grew, so that it stays where it is until the
    next run that does not fit.
    """
    start = total = 0
    for index, size in enumerate(sizes):
        total += size
        if total > room:
            while total > room // 2 and start < index:
                total -= sizes[start]
                start += 1
    return start
