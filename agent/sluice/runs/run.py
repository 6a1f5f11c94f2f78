"""A run: an append-only log of events that any number of responses follow.

A run belongs to the server. It is written by its own task on the worker loop and read by responses
on the server's loop, so a client that goes away ends its response and nothing else.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from sluice.conversations.files import NewFiles
from sluice.conversations.thread import Message, State, Turn, timestamp
from sluice.refusal import Refusal
from sluice.runs.transcript import Transcript
from sluice.wire.events import HEARTBEAT, Event, encode_frame

HEARTBEAT_SECONDS = 10.0
# A model that never stops talking must not fill the process's memory.
MAX_LOG_BYTES = 8 * 1024 * 1024
# A response holds so much of a log at once, so that a slow reader costs little (F3).
MAX_CHUNK_BYTES = 64 * 1024
# What a person first sees of the model's own.
_FIRST_WORDS = ("TEXT_MESSAGE_CONTENT", "REASONING_MESSAGE_CONTENT")


class Run:
    """One run's identity, its frames 1, 2, 3 ... and the signal that stops it.

    `append` and `finish` are called from one thread at a time; `follow`, `wait` and `stop` from
    any loop. `first` is the person's message, with which the transcript begins; `replaces` is the
    run whose place this one takes.
    """

    def __init__(
        self,
        thread_id: str,
        run_id: str,
        first: Message | None = None,
        replaces: str | None = None,
    ) -> None:
        self.thread_id = thread_id
        self.run_id = run_id
        self.started_at = timestamp()
        # Given to the agent, which stops at its next safe point and leaves its history valid.
        self.cancel_signal = threading.Event()
        self.stopped_because: Refusal | None = None
        self.transcript = Transcript(first or {"id": run_id, "role": "user", "content": ""})
        # What its tools gave beside text, until the store has it.
        self.files = NewFiles()
        self.state: State = "running"
        self.started = time.monotonic()
        # Seconds from the request to the model's first word or reasoning.
        self.first_token_seconds: float | None = None
        # Whether the log is a stored run told again: its ids are not those of the first telling.
        self.is_replay = False
        # The turn as it ended, while the store does not have it.
        self.unsaved: Turn | None = None
        self._replaces = replaces
        self._frames: list[bytes] = []
        self._bytes = 0
        self._finished = False
        self._followers: tuple[_Follower, ...] = ()
        self._followers_lock = threading.Lock()

    @property
    def finished(self) -> bool:
        """Whether the terminal event is in the log."""
        return self._finished

    @property
    def length(self) -> int:
        """How many events the log holds."""
        return len(self._frames)

    @property
    def size(self) -> int:
        """The log's bytes."""
        return self._bytes

    def turn(
        self,
        state: State = "running",
        refusal: Refusal | None = None,
        usage: dict[str, Any] | None = None,
    ) -> Turn:
        """The run as it is stored: as it is now, or as it ended."""
        return Turn(
            run_id=self.run_id,
            state=state,
            started_at=self.started_at,
            messages=self.transcript.messages,
            ended_at=None if state == "running" else timestamp(),
            error={"code": refusal.code, "message": refusal.message} if refusal else None,
            usage=usage,
            replaces=self._replaces,
        )

    def append(self, event: Event) -> None:
        """Add an event to the log, where every follower finds it."""
        if self._finished:
            raise RuntimeError("a finished run takes no more events")
        if self.first_token_seconds is None and event["type"] in _FIRST_WORDS:
            self.first_token_seconds = time.monotonic() - self.started
        frame = encode_frame(len(self._frames) + 1, event)
        self.transcript.add(event)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_LOG_BYTES:
            megabytes = MAX_LOG_BYTES // 1024 // 1024
            self.stop(
                Refusal("answer_too_long", f"The answer passed {megabytes} MB and was ended.")
            )
        self._wake()

    def finish(self, event: Event, state: State = "finished") -> None:
        """Add the terminal event, RUN_FINISHED or RUN_ERROR, and close the log."""
        self.append(event)
        self.state = state
        self._finished = True
        self._wake()

    def stop(self, reason: Refusal) -> None:
        """Ask the agent to stop; the run then ends with the first `reason` as its RUN_ERROR."""
        self.stopped_because = self.stopped_because or reason
        self.cancel_signal.set()

    async def follow(
        self, after: int = 0, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[bytes]:
        """Yield the frames after the `after`-th, then live ones, until the run has finished.

        Frames that are ready together leave as one chunk, of at most 64 KiB or one frame. A comment
        frame leaves whenever nothing else did for `heartbeat_seconds`.
        """
        with self._follower() as follower:
            position = after
            while True:
                # Read before the frames: what was appended before finishing is then among them.
                finished = self._finished
                if len(self._frames) > position:
                    frames = self._take(position)
                    position += len(frames)
                    yield b"".join(frames)
                    continue
                if finished:
                    return
                follower.arm()
                # What came between the look above and arming has woken nobody.
                if len(self._frames) > position or self._finished:
                    continue
                if not await follower.wait(heartbeat_seconds):
                    yield HEARTBEAT

    async def wait(self, seconds: float) -> bool:
        """Wait for the run's end; False if `seconds` passed first."""
        with contextlib.suppress(TimeoutError), self._follower() as follower:
            async with asyncio.timeout(seconds):
                while not self._finished:
                    follower.arm()
                    if not self._finished:
                        await follower.wait(seconds)
        return self._finished

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

    @contextlib.contextmanager
    def _follower(self) -> Iterator["_Follower"]:
        follower = _Follower()
        with self._followers_lock:
            self._followers += (follower,)
        try:
            yield follower
        finally:
            with self._followers_lock:
                self._followers = tuple(f for f in self._followers if f is not follower)

    def _wake(self) -> None:
        for follower in self._followers:
            follower.wake()


class _Follower:
    """Lets a response wait on its own loop for a log that another thread writes.

    A hop between threads costs about as much as ten events, so the writer makes one only for a
    follower that has read everything and said that it waits.
    """

    def __init__(self) -> None:
        self._bell = _bell()
        self._event = asyncio.Event()
        self._waiting = False

    def arm(self) -> None:
        """From now on, `wake` wakes."""
        self._event.clear()
        self._waiting = True

    async def wait(self, seconds: float) -> bool:
        """Wait until woken; False if `seconds` passed first."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        if self._waiting:
            self._waiting = False
            self._bell.ring(self._event)


class _Bell:
    """Wakes what waits on one loop, for any thread: all that is due with one hop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: deque[asyncio.Event] = deque()
        self._is_rung = False

    def ring(self, event: asyncio.Event) -> None:
        self._due.append(event)
        if not self._is_rung:
            self._is_rung = True
            # The loop is closed when the server has already gone; nobody is left to be woken.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        # Before the events: what comes from here on rings again.
        self._is_rung = False
        while self._due:
            self._due.popleft().set()


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()


def _bell() -> _Bell:
    """The bell of the running loop."""
    loop = asyncio.get_running_loop()
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = _Bell(loop)
    return bell
