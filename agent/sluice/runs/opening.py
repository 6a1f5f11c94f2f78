"""Opens a conversation and puts in order what faults have left in it."""

import logging
from dataclasses import dataclass

from sluice.runs.registry import Runs
from sluice.runs.run import Run
from sluice.service_error import ServiceError
from sluice.storage.base import StorageUnavailableError
from sluice.threads.thread import Thread, interrupt, timestamp, upsert
from sluice.threads.thread_store import OpenThread, ThreadDeletedError, Threads

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A thread of a person, which may not exist yet.

    `thread` is in order, also where the store could not be written; `interrupted` counts the runs
    that were found dead.
    """

    storage: OpenThread
    thread: Thread | None
    interrupted: int


async def open_thread(
    threads: Threads, runs: Runs, owner: str, thread_id: str, beginning: Run | None = None
) -> Opened:
    """Open a thread and put it in order.

    Runs that stand as running and are not under way in this process died with theirs: they are
    closed as interrupted; so is an earlier life of the run that is only `beginning`. Runs of this
    process that could not be saved are saved now.

    Raises:
        StorageUnavailableError: The thread could not be read.
    """
    # Looked at on both sides of the reading: a run that ends or begins meanwhile is not dead.
    alive = {runs.active(owner, thread_id)}
    storage = await threads.open(owner, thread_id)
    alive.add(runs.active(owner, thread_id))
    unsaved = runs.unsaved(owner, thread_id)

    thread = storage.thread
    for run in unsaved:
        if run.unsaved is not None:
            thread = upsert(thread, thread_id, run.unsaved)
    living = {run.run_id for run in alive if run not in (None, beginning)}
    stored_runs = thread.runs if thread else ()
    dead = [
        stored_run.run_id
        for stored_run in stored_runs
        if stored_run.state == "running" and stored_run.run_id not in living
    ]
    if thread and dead:
        thread = interrupt(thread, dead, timestamp())
        _log.warning("runs had died", extra={"fields": {"thread": thread_id, "runs": dead}})
    try:
        for run in unsaved:
            await _save(storage, run)
        if dead:
            await storage.interrupt(dead)
    except (StorageUnavailableError, ThreadDeletedError) as error:
        _log.warning("a conversation could not be put in order", exc_info=error)
    return Opened(storage, thread, len(dead))


async def _save(storage: OpenThread, run: Run) -> None:
    """Save a run that ended while the store failed; what cannot ever be saved is let go."""
    stored_run = run.unsaved
    if stored_run is not None:
        try:
            await storage.save(stored_run, run.files)
        except (ServiceError, ThreadDeletedError) as error:
            _log.warning("a run is not kept", exc_info=error)
        run.unsaved = None
