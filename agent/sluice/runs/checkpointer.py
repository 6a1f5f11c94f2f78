"""Writes a run while it proceeds, beside the model call and never in its way.

One write at a time: soon after the run's begin, then about every 3 seconds where something has
changed, and once more before the terminal event.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from sluice.runs.run import Run
from sluice.service_error import ServiceError
from sluice.storage.base import StorageUnavailableError
from sluice.threads.thread import StoredRun
from sluice.threads.thread_store import OpenThread, ThreadDeletedError

CHECKPOINT_SECONDS = 3.0
# A third of a claim's life, so that one that cannot be renewed is tried again in time.
RENEW_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Checkpointer:
    """The stored side of one run, between `start` and `finish`.

    `draft` gives the run as it is now; `renew` prolongs the owner's claim. A thread that is full
    stops the run; one that was deleted is written no more.
    """

    def __init__(
        self,
        thread: OpenThread,
        run: Run,
        draft: Callable[[], StoredRun],
        renew: Callable[[], Awaitable[None]],
    ) -> None:
        self._thread = thread
        self._run = run
        self._draft = draft
        self._renew = renew
        self._ending = asyncio.Event()
        self._deleted = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Write nothing more on the way, once what is being written is done."""
        self._ending.set()
        if self._task is not None:
            await self._task

    async def finish(self, stored_run: StoredRun) -> None:
        """Write the run as it ended.

        Raises:
            ServiceError: `thread_full`: the store has nothing of the run.
            StorageUnavailableError: The store does not have the run's end.
        """
        await self.end()
        if self._deleted:
            return
        with contextlib.suppress(ThreadDeletedError):
            await self._thread.save(stored_run, self._run.files)

    def cancel(self) -> None:
        """Write no more."""
        if self._task is not None:
            self._task.cancel()

    async def _keep(self) -> None:
        written = 0
        renewed = time.monotonic()
        while not (self._ending.is_set() or self._deleted):
            try:
                if self._run.length != written:
                    written = self._run.length
                    await self._checkpoint()
                if time.monotonic() - renewed >= RENEW_SECONDS:
                    renewed = time.monotonic()
                    await self._renew()
            except Exception:
                _log.exception("a run could not be kept on its way")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), CHECKPOINT_SECONDS)

    async def _checkpoint(self) -> None:
        try:
            await self._thread.save(self._draft(), self._run.files)
        except ThreadDeletedError:
            self._deleted = True
        except ServiceError as service_error:
            self._run.stop(service_error)
        except StorageUnavailableError as error:
            # Not told yet: the next write may succeed, and the last one tells.
            _log.warning("a run could not be saved on its way", exc_info=error)
