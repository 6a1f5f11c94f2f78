"""A run: an append-only log of events that any number of responses follow.

A run belongs to the server. It is written by a task of its own and read by responses, all on the
server's loop, so a client that goes away ends its response and nothing else.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sluice.agui import state as shared_state
from sluice.agui.events import HEARTBEAT, Event, Outcome, encode_frame
from sluice.runs.citations import Citations
from sluice.runs.transcript import Transcript
from sluice.service_error import ServiceError
from sluice.threads.files import NewFiles
from sluice.threads.thread import Message, State, StoredRun, timestamp

HEARTBEAT_SECONDS = 10.0
# A model that never stops talking must not fill the process's memory.
MAX_LOG_BYTES = 8 * 1024 * 1024
# A response holds so much of a log at once, so that a slow reader costs little (F3).
MAX_CHUNK_BYTES = 64 * 1024
# What a person first sees of the model's own.
_CITING_EVENTS = ("TEXT_MESSAGE_START", "TEXT_MESSAGE_END")
_STATE_EVENTS = ("STATE_SNAPSHOT", "STATE_DELTA")
_FIRST_WORDS = ("TEXT_MESSAGE_CONTENT", "REASONING_MESSAGE_CONTENT")


class Run:
    """One run's identity, its frames 1, 2, 3 ... and the signal that stops it.

    Used on one loop. `given` are the client's messages, with which the transcript begins: the
    person's, or results of the client's tools. `replaces` is the run whose place this one takes,
    `parent_run_id` AG-UI's, which the client chose.
    """

    def __init__(
        self,
        thread_id: str,
        run_id: str,
        given: Sequence[Message] = (),
        replaces: str | None = None,
        parent_run_id: str | None = None,
    ) -> None:
        self.thread_id = thread_id
        self.run_id = run_id
        self.started_at = timestamp()
        # Given to the agent, which stops at its next safe point and leaves its history valid.
        self.cancel_signal = threading.Event()
        # Why it was stopped: by its person, or because of something that they should know.
        self.is_cancelled = False
        self.stopped_because: ServiceError | None = None
        self.give(given)
        # What its tools gave beside text, until the store has it.
        self.files = NewFiles()
        # Those that calls have made, by the call: their results are to come.
        self._made: dict[str, list[tuple[str, bytes]]] = {}
        # What its answer may cite.
        self.citations = Citations()
        self._cited = 0
        self.state: State = "running"
        # What the agent and its client share.
        self.shared_state: Any = None
        self._has_changed_state = False
        self.started = time.monotonic()
        # Seconds from the request to the model's first word or reasoning.
        self.first_token_seconds: float | None = None
        # Whether the log is a stored run told again: its ids are not those of the first telling.
        self.is_replay = False
        # The run as it ended, while the store does not have it.
        self.unsaved: StoredRun | None = None
        self._replaces = replaces
        self._parent_run_id = parent_run_id
        self._frames: list[bytes] = []
        self._bytes = 0
        # Set by each event; a follower that has read everything clears it, and waits.
        self._news = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def finished(self) -> bool:
        """Whether the terminal event is in the log."""
        return self._ended.is_set()

    @property
    def length(self) -> int:
        """How many events the log holds."""
        return len(self._frames)

    @property
    def size(self) -> int:
        """The log's bytes."""
        return self._bytes

    def to_stored(
        self,
        state: State = "running",
        service_error: ServiceError | None = None,
        usage: dict[str, Any] | None = None,
        outcome: Outcome | None = None,
    ) -> StoredRun:
        """The run as it is stored: as it is now, or as it ended."""
        return StoredRun(
            run_id=self.run_id,
            state=state,
            started_at=self.started_at,
            messages=self.transcript.messages,
            ended_at=None if state == "running" else timestamp(),
            error={"code": service_error.code, "message": service_error.message}
            if service_error
            else None,
            usage=usage,
            replaces=self._replaces,
            parent_run_id=self._parent_run_id,
            given=len(self.given),
            shared_state=self.shared_state if self._has_changed_state else None,
            outcome=outcome,
        )

    def give(self, given: Sequence[Message]) -> None:
        """Begin the transcript anew, with other messages of the client."""
        self.given = tuple(given)
        self.transcript = Transcript(*given)

    def give_file(self, call_id: str, name: str, data: bytes) -> None:
        """Let a call's result have a file; any thread may."""
        self._made.setdefault(call_id, []).append((name, data))

    def files_made_by(self, call_id: str) -> list[tuple[str, bytes]]:
        """The files of a call, once."""
        return self._made.pop(call_id, [])

    def append(self, event: Event) -> None:
        """Add an event to the log, where every follower finds it."""
        if self.finished:
            raise RuntimeError("a finished run takes no more events")
        if self.first_token_seconds is None and event["type"] in _FIRST_WORDS:
            self.first_token_seconds = time.monotonic() - self.started
        if event["type"] in _STATE_EVENTS:
            self.shared_state = shared_state.apply(self.shared_state, event)
            self._has_changed_state = True
        if event["type"] in _CITING_EVENTS:
            event = self._with_citations(event)
        frame = encode_frame(len(self._frames) + 1, event)
        self.transcript.add(event)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_LOG_BYTES:
            megabytes = MAX_LOG_BYTES // 1024 // 1024
            self.stop(
                ServiceError("answer_too_long", f"The answer passed {megabytes} MB and was ended.")
            )
        self._news.set()

    def _with_citations(self, event: Event) -> Event:
        """A message of text with the sources so far: as it begins, and as it ends where there are
        more by then."""
        sources = self.citations.so_far
        told, self._cited = self._cited, len(sources)
        if not sources or (event["type"] == "TEXT_MESSAGE_END" and told == len(sources)):
            return event
        return {**event, "metadata": {"citations": sources}}

    def finish(self, event: Event, state: State = "finished") -> None:
        """Add the terminal event, RUN_FINISHED or RUN_ERROR, and close the log."""
        self.append(event)
        self.state = state
        self._ended.set()

    def cancel(self) -> None:
        """Ask the agent to stop, because the person wants it; the run then ends as cancelled."""
        if not self.cancel_signal.is_set():
            self.is_cancelled = True
            self.cancel_signal.set()

    def stop(self, reason: ServiceError) -> None:
        """Ask the agent to stop; the run then ends with `reason` as its RUN_ERROR.

        Of several who ask, the first one's word holds.
        """
        if not self.cancel_signal.is_set():
            self.stopped_because = reason
            self.cancel_signal.set()

    async def follow(
        self, after: int = 0, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[bytes]:
        """Yield the frames after the `after`-th, then live ones, until the run has finished.

        Frames that are ready together leave as one chunk, of at most 64 KiB or one frame. A comment
        frame leaves whenever nothing else did for `heartbeat_seconds`.
        """
        position = after
        while True:
            if len(self._frames) > position:
                frames = self._take(position)
                position += len(frames)
                yield b"".join(frames)
            elif self.finished:
                return
            else:
                # Others may clear it too: they have read everything, and nothing came since.
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), heartbeat_seconds)
                except TimeoutError:
                    yield HEARTBEAT

    async def wait(self, seconds: float) -> bool:
        """Wait for the run's end; False if `seconds` passed first."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        return self.finished

    def _take(self, position: int) -> list[bytes]:
        """The frames from `position` on that make one chunk; there is one at least."""
        frames: list[bytes] = []
        size = 0
        for index in range(position, len(self._frames)):
            size += len(self._frames[index])
            if size > MAX_CHUNK_BYTES and frames:
                break
            frames.append(self._frames[index])
        return frames
