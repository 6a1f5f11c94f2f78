"""Conversations put straight into a stack's folder, by the classes that the agent stores with."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from e2e_stack import RunningStack
from people import Person
from sluice.storage.base import digest
from sluice.storage.factory import open_store
from sluice.threads.thread import StoredRun, Thread, encode, upsert
from sluice.threads.thread_index import thread_name


def moment(days: float) -> str:
    """So many days ago, as stored."""
    at = datetime.now(UTC) - timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stored_run(number: int, question: str, answer: str, days: float = 0.0) -> StoredRun:
    """A run that has finished."""
    messages = (
        {"id": f"question-{number}", "role": "user", "content": question},
        {"id": f"answer-{number}", "role": "assistant", "content": answer},
    )
    at = moment(days)
    return StoredRun(f"run-{number}", "finished", at, messages, ended_at=at)


def put(stack: RunningStack, person: Person, threads: Mapping[str, Iterable[StoredRun]]) -> None:
    """Store threads, by their ids, as theirs; the list finds them without an index."""

    async def write() -> None:
        store = open_store(str(stack.state / "conversations"))
        for thread_id, stored_runs in threads.items():
            thread: Thread | None = None
            for each in stored_runs:
                thread = upsert(thread, thread_id, each)
            assert thread is not None
            key = f"{digest(person.sub)}/threads/{thread_name(thread_id)}"
            await store.write(key, encode(thread), None)

    # In a thread of its own: Playwright keeps an event loop in the test's.
    with ThreadPoolExecutor(1) as thread_of_its_own:
        thread_of_its_own.submit(asyncio.run, write()).result()
