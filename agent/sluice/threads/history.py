"""What a model is sent of a conversation: whole, repaired, and as much as it can read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sluice.agui.run_input import Answer, ClientTool
from sluice.api import Attachment
from sluice.threads.bedrock_messages import measure, shorten, translate
from sluice.threads.model_files import ModelFiles
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
class OpenCalls:
    """The calls that a conversation ends with, for a run that goes on from them.

    `ids` has for each call's id that a model is sent the one that clients know; `results` are the
    Converse results that are there already.
    """

    ids: Mapping[str, str]
    results: list[Any] = field(repr=False)


@dataclass(frozen=True)
class Past:
    """What a model is sent of a conversation; `trimmed` when its oldest runs are left out.

    With `open_calls`, the last message is the model's with these calls.
    """

    messages: list[StrandsMessage] = field(repr=False)
    trimmed: bool
    open_calls: OpenCalls | None = None


@dataclass(frozen=True)
class Question:
    """What the agent runner is asked; `token` is the person's ID token, for MCP servers.

    `content` is what a model is sent of it, `prompt` what the person wrote, and `attachments` their
    files. `told` are the messages before it, as clients have them. A question that goes on from
    `open_calls` has no content; `answers` are the person's to interrupts, and `tools` the client's.
    The rest is for agent.py.
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
    open_calls: OpenCalls | None = None
    answers: Sequence[Answer] = ()
    tools: Sequence[ClientTool] = ()
    prompt: str = field(default="", repr=False)
    attachments: Sequence[Attachment] = field(default=(), repr=False)


def compose(
    stored_runs: Sequence[StoredRun],
    max_tokens: int,
    files: ModelFiles | None = None,
    *,
    goes_on: bool = False,
) -> Past:
    """The past of a conversation. It ends with the model, so that a question can follow it.

    With `goes_on`, nothing follows it: the calls that the last run left open stay so.

    Messages without an answer are left out where their run did not finish: they can be asked again.
    When the rest is over `max_tokens`, the oldest runs drop until half of that is left, so that
    the beginning then stays the same for many runs, and providers can cache it. The newest run
    always stays; a run's tool results are cut where they alone would fill that half.
    """
    room = max_tokens * BYTES_PER_TOKEN
    files = files or ModelFiles()
    ids = CallIds()
    turns = list(_turns(stored_runs))
    told = [
        _tell(turn, files, ids, room // 2, is_open=goes_on and turn is turns[-1]) for turn in turns
    ]
    opened = _open_calls(turns[-1], told[-1]) if goes_on and turns else None
    for messages in told:
        if messages and messages[-1]["role"] == "user":
            messages.append(state_interruption())
    if opened is not None:
        # The results and what stands for an answer: both are still to come.
        del told[-1][-2:]
    told = [messages for messages in told if messages]
    start = _start([measure(messages) for messages in told], room)
    return Past([*chain.from_iterable(told[start:])], trimmed=start > 0, open_calls=opened)


def last_turn(stored_runs: Sequence[StoredRun]) -> Sequence[Message]:
    """The messages of the last run, and of those that it goes on from."""
    return [*_turns(stored_runs)][-1].messages if stored_runs else ()


@dataclass
class _Turn:
    """What a person asked, and all that was said until they asked again."""

    messages: list[Message]
    is_finished: bool


def _turns(stored_runs: Sequence[StoredRun]) -> Iterator[_Turn]:
    """The runs that count, each with those that go on from it."""
    turn: _Turn | None = None
    for stored_run in stored_runs:
        if stored_run.replaced_by is not None:
            continue
        is_finished = stored_run.state == "finished"
        if turn is not None and stored_run.goes_on:
            turn.messages += stored_run.messages
            turn.is_finished = is_finished
            continue
        if turn is not None:
            yield turn
        turn = _Turn([*stored_run.messages], is_finished)
    if turn is not None:
        yield turn


def _tell(
    turn: _Turn, files: ModelFiles, ids: CallIds, max_bytes: int, *, is_open: bool
) -> list[StrandsMessage]:
    """A turn as models take it, from a person's message on, or nothing."""
    messages = repair(translate(turn.messages, files, with_reasoning=is_open), ids)
    is_answered = any(message["role"] == "assistant" for message in messages)
    if not messages or not (is_answered or turn.is_finished):
        return []
    return shorten(messages, max_bytes)


def _open_calls(turn: _Turn, told: list[StrandsMessage]) -> OpenCalls | None:
    """The calls that a turn ends with, if it does; `told` has a result for each by now."""
    answered: set[str] = set()
    calls: list[str] = []
    for message in reversed(turn.messages):
        if message["role"] == "tool" and not calls:
            answered.add(message["toolCallId"])
        elif message["role"] in ("assistant", "reasoning"):
            calls[:0] = [call["id"] for call in message.get("toolCalls", ())]
        else:
            break
    blocks = told[-1]["content"] if told and told[-1]["role"] == "user" else []
    results = [block["toolResult"] for block in blocks if "toolResult" in block]
    if not results or len(results) != len(calls):
        return None
    given = dict(zip((result["toolUseId"] for result in results), calls, strict=True))
    done = [result for result in results if given[result["toolUseId"]] in answered]
    return OpenCalls(given, done)


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
