"""A run: an append-only log of events that any number of responses follow.

A run belongs to the server. It is written by its own task on the worker loop and read by responses
on the server's loop, so a client that goes away ends its response and nothing else.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

from sluice.events import HEARTBEAT, Event, encode_frame
from sluice.refusal import Refusal

HEARTBEAT_SECONDS = 10.0
# A model that never stops talking must not fill the process's memory.
MAX_LOG_BYTES = 8 * 1024 * 1024


class Run:
    """One run's identity, its frames 1, 2, 3 ... and the signal that stops it.

    `append` and `finish` are called from one thread at a time; `follow` from any loop.
    """

    def __init__(self, thread_id: str, run_id: str) -> None:
        self.thread_id = thread_id
        self.run_id = run_id
        # Given to the agent, which stops at its next safe point and leaves its history valid.
        self.cancel_signal = threading.Event()
        self.stopped_because: Refusal | None = None
        self._frames: list[bytes] = []
        self._bytes = 0
        self._finished = False
        self._followers: tuple[_Follower, ...] = ()
        self._followers_lock = threading.Lock()

    def append(self, event: Event) -> None:
        """Add an event to the log, where every follower finds it."""
        if self._finished:
            raise RuntimeError("a finished run takes no more events")
        frame = encode_frame(len(self._frames) + 1, event)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_LOG_BYTES and self.stopped_because is None:
            megabytes = MAX_LOG_BYTES // 1024 // 1024
            self.stop(
                Refusal("answer_too_long", f"The answer passed {megabytes} MB and was ended.")
            )
        self._wake()

    def finish(self, event: Event) -> None:
        """Add the terminal event, RUN_FINISHED or RUN_ERROR, and close the log."""
        self.append(event)
        self._finished = True
        self._wake()

    def stop(self, reason: Refusal) -> None:
        """Ask the agent to stop; the run then ends with `reason` as its RUN_ERROR."""
        self.stopped_because = reason
        self.cancel_signal.set()

    async def follow(
        self, after: int = 0, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[bytes]:
        """Yield the frames after the `after`-th, then live ones, until the run has finished.

        Frames that are ready together leave as one chunk. A comment frame leaves whenever nothing
        else did for `heartbeat_seconds`.
        """
        follower = _Follower()
        with self._followers_lock:
            self._followers += (follower,)
        try:
            position = after
            while True:
                # Read before the frames: what was appended before finishing is then among them.
                finished = self._finished
                if frames := self._frames[position:]:
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
        self._loop = asyncio.get_running_loop()
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
            # The loop is closed when the server has already gone; nobody is left to be woken.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)


class Runs:
    """The runs under way in this process, at most one on each (owner, thread).

    Used on the worker loop only, except `busy`, which any thread may ask.
    """

    def __init__(self) -> None:
        self._active: dict[tuple[str, str], Run] = {}

    @property
    def busy(self) -> bool:
        return bool(self._active)

    def open(self, owner: str, thread_id: str, run_id: str) -> tuple[Run, bool]:
        """The run to follow, and whether it is new.

        A run id that repeats joins the run under way, so that a client's retry pays nothing twice.

        Raises:
            Refusal: `thread_busy`, when another run is under way on the thread.
        """
        active = self._active.get((owner, thread_id))
        if active is None:
            run = self._active[owner, thread_id] = Run(thread_id, run_id)
            return run, True
        if active.run_id != run_id:
            raise Refusal(
                "thread_busy",
                "This conversation is still answering; wait for the answer, then send again.",
            )
        return active, False

    def close(self, owner: str, run: Run) -> None:
        del self._active[owner, run.thread_id]

    def stop_all(self, reason: Refusal) -> None:
        for run in tuple(self._active.values()):
            run.stop(reason)
