"""Conversations put straight into a stack's folder, by the classes that the agent stores with."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from e2e_stack import RunningStack
from people import Person
from sluice.conversations.thread import Thread, Turn, encode, join
from sluice.conversations.thread_index import thread_name
from sluice.store.base import digest
from sluice.store.place import open_store


def moment(days: float) -> str:
    """So many days ago, as stored."""
    at = datetime.now(UTC) - timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def turn(number: int, question: str, answer: str, days: float = 0.0) -> Turn:
    """A run that has finished."""
    messages = (
        {"id": f"question-{number}", "role": "user", "content": question},
        {"id": f"answer-{number}", "role": "assistant", "content": answer},
    )
    at = moment(days)
    return Turn(f"run-{number}", "finished", at, messages, ended_at=at)


def put(stack: RunningStack, person: Person, threads: Mapping[str, Iterable[Turn]]) -> None:
    """Store threads, by their ids, as theirs; the list finds them without an index."""

    async def write() -> None:
        store = open_store(str(stack.state / "conversations"))
        for thread_id, turns in threads.items():
            thread: Thread | None = None
            for each in turns:
                thread = join(thread, thread_id, each)
            assert thread is not None
            key = f"{digest(person.sub)}/threads/{thread_name(thread_id)}"
            await store.write(key, encode(thread), None)

    # In a thread of its own: Playwright keeps an event loop in the test's.
    with ThreadPoolExecutor(1) as thread_of_its_own:
        thread_of_its_own.submit(asyncio.run, write()).result()
