"""A conversation: its runs, how they make one thread, and the JSON that is stored.

Title, times and what an edit has replaced follow from the set of runs alone,
so two processes that join the same runs in whatever order end with the same conversation.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, cast, get_args

from sluice.agui.content import words_of
from sluice.storage import json_codec
from sluice.storage.json_codec import Record

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
class StoredRun:
    """One run as it is stored; its first `given` messages are the client's, mostly the person's.

    `replaces` is the run that this one asked to replace. `replaced_by` follows from it: the run
    that took this one's place, so that this one is no longer part of the conversation.
    `parent_run_id` is AG-UI's, as the client gave it. `outcome` is what RUN_FINISHED said, where
    that leaves something open; `shared_state` is what the agent and its client share, where this
    run has changed it.
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
    parent_run_id: str | None = None
    given: int = 1
    outcome: dict[str, Any] | None = None
    shared_state: Any = None

    @property
    def goes_on(self) -> bool:
        """Whether it goes on from the run before it, whose open calls it has results of."""
        return not self.given or any(m["role"] == "tool" for m in self.messages[:1])


@dataclass(frozen=True)
class Thread:
    """A conversation, made by `upsert` and `decode`; its runs by `started_at`, then by run id."""

    thread_id: str
    title: str
    created_at: str
    updated_at: str
    runs: tuple[StoredRun, ...]
    renamed: bool = False

    @property
    def visible(self) -> tuple[StoredRun, ...]:
        """The runs that are the conversation: those that no other run has replaced."""
        return tuple(stored_run for stored_run in self.runs if stored_run.replaced_by is None)

    @property
    def summary(self) -> Summary:
        return {
            "threadId": self.thread_id,
            "title": self.title,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }

    def find(self, run_id: str) -> StoredRun | None:
        """The run with this id, also one that was replaced."""
        return next((stored_run for stored_run in self.runs if stored_run.run_id == run_id), None)


def timestamp() -> str:
    """Now, in UTC, as all that is stored has it: 2026-11-22T19:00:00.000Z. Sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def upsert(thread: Thread | None, thread_id: str, stored_run: StoredRun) -> Thread:
    """The thread with the run in it; of a run that it has already, one of the two states wins."""
    stored_runs = {each.run_id: each for each in thread.runs} if thread else {}
    stored = stored_runs.get(stored_run.run_id)
    stored_runs[stored_run.run_id] = _merge(stored, stored_run) if stored else stored_run
    return _settle(
        thread_id, stored_runs.values(), thread.title if thread and thread.renamed else None
    )


def rename(thread: Thread, title: str) -> Thread:
    """The thread under a title that a person gave."""
    return replace(thread, title=title, renamed=True)


def rate(thread: Thread, run_id: str, rating: Rating | None) -> Thread:
    """The thread with a run's rating set, or taken back."""
    stored_runs = [replace(t, rating=rating) if t.run_id == run_id else t for t in thread.runs]
    return replace(thread, runs=tuple(stored_runs))


def interrupt(thread: Thread, run_ids: Collection[str], moment: str) -> Thread:
    """The thread with those of the runs closed that still stand as running."""
    for stored_run in thread.runs:
        if stored_run.run_id in run_ids and stored_run.state == "running":
            ended = replace(stored_run, state="interrupted", error=INTERRUPTED, ended_at=moment)
            thread = upsert(thread, thread.thread_id, ended)
    return thread


def conversation(thread: Thread) -> dict[str, Any]:
    """The thread as the wire answers `get`."""
    runs = [_fields(replace(stored_run, replaces=None)) for stored_run in thread.visible]
    return {**thread.summary, "runs": runs}


def encode(thread: Thread) -> bytes:
    """The thread as it is stored."""
    stored_runs = [_fields(stored_run) for stored_run in thread.runs]
    state = {"format": _FORMAT, **thread.summary, "renamed": thread.renamed, "turns": stored_runs}
    return json_codec.encode(state)


def decode(data: bytes, thread_id: str | None = None) -> Thread:
    """What `encode` wrote; `thread_id` is the thread that it has to be, where that is known.

    Raises:
        ValueError: It is damaged, something else, or of another format.
    """
    record = json_codec.decode(data, _FORMAT)
    name, stored_runs = (
        record.text("threadId"),
        [_stored_run(each) for each in record.records("turns")],
    )
    if not stored_runs or len({stored_run.run_id for stored_run in stored_runs}) < len(stored_runs):
        raise ValueError("a thread without turns, or with one twice")
    if thread_id not in (None, name):
        raise ValueError("another thread")
    return _settle(name, stored_runs, record.text("title") if record.flag("renamed") else None)


def stored_run_size(stored_run: StoredRun) -> int:
    """The bytes that a run takes in its thread."""
    return len(json_codec.encode(_fields(stored_run))) + 1


def _merge(stored: StoredRun, stored_run: StoredRun) -> StoredRun:
    """Of two states of one run, the later: an end before none, a known end before a presumed one.

    A rating belongs to what is stored, because the run's own process does not know of it.
    """
    ended = stored.state != "running"
    presumed = stored.state == "interrupted"
    if ended and (
        stored_run.state == "running" or (stored_run.state == "interrupted" and not presumed)
    ):
        return stored
    return replace(stored_run, rating=stored.rating)


def _settle(thread_id: str, stored_runs: Iterable[StoredRun], title: str | None) -> Thread:
    ordered = sorted(stored_runs, key=lambda stored_run: (stored_run.started_at, stored_run.run_id))
    place = {stored_run.run_id: index for index, stored_run in enumerate(ordered)}
    replaced_by: dict[int, str] = {}
    visible: list[int] = []
    for index, stored_run in enumerate(ordered):
        first = place.get(stored_run.replaces, index) if stored_run.replaces else index
        while visible and visible[-1] >= first:
            replaced_by[visible.pop()] = stored_run.run_id
        visible.append(index)
    for index, stored_run in enumerate(ordered):
        if stored_run.replaced_by != replaced_by.get(index):
            ordered[index] = replace(stored_run, replaced_by=replaced_by.get(index))
    return Thread(
        thread_id=thread_id,
        title=_title(ordered[visible[0]]) if title is None else title,
        created_at=ordered[0].started_at,
        updated_at=max(stored_run.ended_at or stored_run.started_at for stored_run in ordered),
        runs=tuple(ordered),
        renamed=title is not None,
    )


def _title(stored_run: StoredRun) -> str:
    """The first line that a person wrote, cut at a word where it is long."""
    said = next((m.get("content") for m in stored_run.messages if m.get("role") == "user"), None)
    lines = words_of(said).splitlines()
    line = next((" ".join(line.split()) for line in lines if line.strip()), _UNTITLED)
    if len(line) <= _TITLE_CHARACTERS:
        return line
    head = line[:_TITLE_CHARACTERS].rpartition(" ")[0]
    if len(head) < _TITLE_CHARACTERS // 2:  # one long word, or a script without spaces
        head = line[: _TITLE_CHARACTERS - 1]
    return f"{head}…"


def _fields(stored_run: StoredRun) -> dict[str, Any]:
    fields = {
        "runId": stored_run.run_id,
        "state": stored_run.state,
        "startedAt": stored_run.started_at,
        "endedAt": stored_run.ended_at,
        "messages": stored_run.messages,
        "usage": stored_run.usage,
        "error": stored_run.error,
        "rating": stored_run.rating,
        "replaces": stored_run.replaces,
        "parentRunId": stored_run.parent_run_id,
        "given": None if stored_run.given == 1 else stored_run.given,
        "outcome": stored_run.outcome,
        "sharedState": stored_run.shared_state,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _stored_run(record: Record) -> StoredRun:
    state, rating = record.text("state"), record.text_or_none("rating")
    if state not in get_args(State) or rating not in (None, *get_args(Rating)):
        raise ValueError("a state or a rating that is not known")
    messages = record.records("messages")
    for message in messages:
        message.text("id"), message.text("role")
    given = record.number("given") if "given" in record.fields else 1
    if "given" in record.fields and given > len(messages):
        raise ValueError("a run that lacks messages")
    return StoredRun(
        run_id=record.text("runId"),
        state=cast(State, state),
        started_at=record.text("startedAt"),
        messages=tuple(message.fields for message in messages),
        ended_at=record.text_or_none("endedAt"),
        error=record.object_or_none("error"),
        usage=record.object_or_none("usage"),
        rating=cast(Rating | None, rating),
        replaces=record.text_or_none("replaces"),
        parent_run_id=record.text_or_none("parentRunId"),
        given=given,
        outcome=record.object_or_none("outcome"),
        shared_state=record.fields.get("sharedState"),
    )
