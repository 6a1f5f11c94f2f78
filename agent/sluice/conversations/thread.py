"""A conversation: its turns, how they join into one, and the JSON that is stored.

A turn is one run. Title, times and what an edit has replaced follow from the set of turns alone,
so two processes that join the same turns in whatever order end with the same conversation.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, cast, get_args

from sluice.store import records
from sluice.store.records import Record

type Message = dict[str, Any]
"""An AG-UI message: id, role, content, and toolCalls, toolCallId or error where it has them."""

State = Literal["running", "finished", "stopped", "failed", "interrupted"]
Rating = Literal["up", "down"]

INTERRUPTED = {
    "code": "interrupted",
    "message": "The answer broke off, because the process that wrote it ended; ask again.",
}

_FORMAT = 1
_TITLE_CHARACTERS = 60
_UNTITLED = "New conversation"


class Summary(TypedDict):
    """A conversation in a list, as the wire has it; times as `timestamp` writes them."""

    threadId: str
    title: str
    createdAt: str
    updatedAt: str


@dataclass(frozen=True)
class Turn:
    """One run as it is stored; its messages begin with the person's.

    `replaces` is the run that this one asked to replace. `replaced_by` follows from it: the run
    that took this one's place, so that this one is no longer part of the conversation.
    """

    run_id: str
    state: State
    started_at: str
    messages: tuple[Message, ...]
    ended_at: str | None = None
    error: dict[str, str] | None = None
    usage: dict[str, Any] | None = None
    rating: Rating | None = None
    replaced_by: str | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class Thread:
    """A conversation, made by `join` and `decode`; its turns by `started_at`, then by run id."""

    thread_id: str
    title: str
    created_at: str
    updated_at: str
    turns: tuple[Turn, ...]
    renamed: bool = False

    @property
    def visible(self) -> tuple[Turn, ...]:
        """The turns that are the conversation: those that no other run has replaced."""
        return tuple(turn for turn in self.turns if turn.replaced_by is None)

    @property
    def summary(self) -> Summary:
        return {
            "threadId": self.thread_id,
            "title": self.title,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }

    def find(self, run_id: str) -> Turn | None:
        """The turn of a run, also of one that was replaced."""
        return next((turn for turn in self.turns if turn.run_id == run_id), None)


def timestamp() -> str:
    """Now, in UTC, as all that is stored has it: 2026-11-22T19:00:00.000Z. Sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def join(thread: Thread | None, thread_id: str, turn: Turn) -> Thread:
    """The thread with the turn in it; of a run that it has already, one of the two states wins."""
    turns = {each.run_id: each for each in thread.turns} if thread else {}
    stored = turns.get(turn.run_id)
    turns[turn.run_id] = _merge(stored, turn) if stored else turn
    return _settle(thread_id, turns.values(), thread.title if thread and thread.renamed else None)


def rename(thread: Thread, title: str) -> Thread:
    """The thread under a title that a person gave."""
    return replace(thread, title=title, renamed=True)


def rate(thread: Thread, run_id: str, rating: Rating | None) -> Thread:
    """The thread with a run's rating set, or taken back."""
    turns = [replace(t, rating=rating) if t.run_id == run_id else t for t in thread.turns]
    return replace(thread, turns=tuple(turns))


def interrupt(thread: Thread, run_ids: Collection[str], moment: str) -> Thread:
    """The thread with those of the runs closed that still stand as running."""
    for turn in thread.turns:
        if turn.run_id in run_ids and turn.state == "running":
            ended = replace(turn, state="interrupted", error=INTERRUPTED, ended_at=moment)
            thread = join(thread, thread.thread_id, ended)
    return thread


def conversation(thread: Thread) -> dict[str, Any]:
    """The thread as the wire answers `get`."""
    runs = [_fields(replace(turn, replaces=None)) for turn in thread.visible]
    return {**thread.summary, "runs": runs}


def encode(thread: Thread) -> bytes:
    """The thread as it is stored."""
    turns = [_fields(turn) for turn in thread.turns]
    state = {"format": _FORMAT, **thread.summary, "renamed": thread.renamed, "turns": turns}
    return records.encode(state)


def decode(data: bytes, thread_id: str | None = None) -> Thread:
    """What `encode` wrote; `thread_id` is the thread that it has to be, where that is known.

    Raises:
        ValueError: It is damaged, something else, or of another format.
    """
    record = records.decode(data, _FORMAT)
    name, turns = record.text("threadId"), [_turn(each) for each in record.records("turns")]
    if not turns or len({turn.run_id for turn in turns}) < len(turns):
        raise ValueError("a thread without turns, or with one twice")
    if thread_id not in (None, name):
        raise ValueError("another thread")
    return _settle(name, turns, record.text("title") if record.flag("renamed") else None)


def turn_size(turn: Turn) -> int:
    """The bytes that a turn takes in its thread."""
    return len(records.encode(_fields(turn))) + 1


def _merge(stored: Turn, turn: Turn) -> Turn:
    """Of two states of one run, the later: an end before none, a known end before a presumed one.

    A rating belongs to what is stored, because the run's own process does not know of it.
    """
    ended = stored.state != "running"
    presumed = stored.state == "interrupted"
    if ended and (turn.state == "running" or (turn.state == "interrupted" and not presumed)):
        return stored
    return replace(turn, rating=stored.rating)


def _settle(thread_id: str, turns: Iterable[Turn], title: str | None) -> Thread:
    ordered = sorted(turns, key=lambda turn: (turn.started_at, turn.run_id))
    place = {turn.run_id: index for index, turn in enumerate(ordered)}
    replaced_by: dict[int, str] = {}
    visible: list[int] = []
    for index, turn in enumerate(ordered):
        first = place.get(turn.replaces, index) if turn.replaces else index
        while visible and visible[-1] >= first:
            replaced_by[visible.pop()] = turn.run_id
        visible.append(index)
    for index, turn in enumerate(ordered):
        if turn.replaced_by != replaced_by.get(index):
            ordered[index] = replace(turn, replaced_by=replaced_by.get(index))
    return Thread(
        thread_id=thread_id,
        title=_title(ordered[visible[0]]) if title is None else title,
        created_at=ordered[0].started_at,
        updated_at=max(turn.ended_at or turn.started_at for turn in ordered),
        turns=tuple(ordered),
        renamed=title is not None,
    )


def _title(turn: Turn) -> str:
    """The first line that a person wrote, cut at a word where it is long."""
    said = next((m.get("content") for m in turn.messages if m.get("role") == "user"), None)
    lines = said.splitlines() if isinstance(said, str) else []
    line = next((" ".join(line.split()) for line in lines if line.strip()), _UNTITLED)
    if len(line) <= _TITLE_CHARACTERS:
        return line
    head = line[:_TITLE_CHARACTERS].rpartition(" ")[0]
    if len(head) < _TITLE_CHARACTERS // 2:  # one long word, or a script without spaces
        head = line[: _TITLE_CHARACTERS - 1]
    return f"{head}…"


def _fields(turn: Turn) -> dict[str, Any]:
    fields = {
        "runId": turn.run_id,
        "state": turn.state,
        "startedAt": turn.started_at,
        "endedAt": turn.ended_at,
        "messages": turn.messages,
        "usage": turn.usage,
        "error": turn.error,
        "rating": turn.rating,
        "replaces": turn.replaces,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _turn(record: Record) -> Turn:
    state, rating = record.text("state"), record.text_or_none("rating")
    if state not in get_args(State) or rating not in (None, *get_args(Rating)):
        raise ValueError("a state or a rating that is not known")
    messages = record.records("messages")
    for message in messages:
        message.text("id"), message.text("role")
    return Turn(
        run_id=record.text("runId"),
        state=cast(State, state),
        started_at=record.text("startedAt"),
        messages=tuple(message.fields for message in messages),
        ended_at=record.text_or_none("endedAt"),
        error=record.object_or_none("error"),
        usage=record.object_or_none("usage"),
        rating=cast(Rating | None, rating),
        replaces=record.text_or_none("replaces"),
    )
