"""The runs of this process: those under way, and those that ended a while ago."""

import time
from collections import OrderedDict
from collections.abc import Iterator

from sluice.runs.run import Run
from sluice.service_error import ServiceError

# What has ended is kept for readers that come back; beyond either limit the oldest is let go.
MAX_KEPT_BYTES = 32 * 1024 * 1024
MAX_KEPT_RUNS = 256


class Runs:
    """At most one run under way on each (owner, thread)."""

    def __init__(self) -> None:
        self._active: dict[tuple[str, str], Run] = {}
        # By owner, thread and run; the oldest first.
        self._kept: OrderedDict[tuple[str, str, str], Run] = OrderedDict()
        self._changed_at: int | None = None

    @property
    def status(self) -> tuple[bool, int | None]:
        """Whether a run is under way, and since when that is so, in seconds since 1970; None when
        there has been no run yet."""
        return bool(self._active), self._changed_at

    def open(self, owner: str, run: Run) -> Run:
        """The run to follow: the one given, when it is new.

        A run id that repeats joins the run that has it, so that a retry pays nothing twice.

        Raises:
            ServiceError: `thread_busy`, when another run is under way on the thread.
        """
        active = self._active.get((owner, run.thread_id))
        if active is not None and active.run_id != run.run_id:
            raise ServiceError(
                "thread_busy",
                "This conversation is still answering; wait for the answer, then send again.",
            )
        if known := active or self._kept.get((owner, run.thread_id, run.run_id)):
            return known
        if not self._active:
            self._changed_at = int(time.time())
        self._active[owner, run.thread_id] = run
        return run

    def find(self, owner: str, thread_id: str, run_id: str) -> Run | None:
        """A run under way, or one that ended and is still kept."""
        active = self._active.get((owner, thread_id))
        if active is not None and active.run_id == run_id:
            return active
        return self._kept.get((owner, thread_id, run_id))

    def active(self, owner: str, thread_id: str) -> Run | None:
        """The run under way on a thread."""
        return self._active.get((owner, thread_id))

    def find_file(self, owner: str, thread_id: str, name: str) -> bytes | None:
        """A file that a run of a thread has made, and the store does not have yet."""
        active = self._active.get((owner, thread_id))
        runs = [*self._of(owner, thread_id), *([active] if active else [])]
        return next((data for run in runs if (data := run.files.find(name))), None)

    def unsaved(self, owner: str, thread_id: str) -> list[Run]:
        """The runs of a thread that ended and that the store does not have, the oldest first."""
        return [run for run in self._of(owner, thread_id) if run.unsaved is not None]

    def close(self, owner: str, run: Run, *, keep: bool = True) -> None:
        """Let the thread's next run begin. The run itself is kept, unless it is told otherwise."""
        del self._active[owner, run.thread_id]
        if not self._active:
            self._changed_at = int(time.time())
        if keep:
            self._kept[owner, run.thread_id, run.run_id] = run
        # Counted anew each time: the last run still gets its terminal event.
        while len(self._kept) > MAX_KEPT_RUNS or self._kept_bytes > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)

    def forget(self, owner: str, thread_id: str) -> None:
        """Let go of all that ended on a thread."""
        for run in list(self._of(owner, thread_id)):
            del self._kept[owner, thread_id, run.run_id]

    def stop_all(self, reason: ServiceError) -> None:
        """Ask every run under way to stop."""
        for run in self._active.values():
            run.stop(reason)

    @property
    def _kept_bytes(self) -> int:
        return sum(run.size for run in self._kept.values())

    def _of(self, owner: str, thread_id: str) -> Iterator[Run]:
        return (
            run for (of, thread, _), run in self._kept.items() if (of, thread) == (owner, thread_id)
        )
