"""Conversations of people in a store: opened, written as runs proceed, listed, changed, deleted.

Layout: `<sha256 of owner>/threads/<sha256 of thread id>.json`, and `<sha256 of owner>/index.json`;
files.py has that of a thread's files. Two processes may write one thread: what one finds changed it
reads again, and joins (thread.py).
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from sluice.service_error import ServiceError
from sluice.storage.base import Entry, Store, digest
from sluice.storage.document import Document
from sluice.threads import thread as rules
from sluice.threads.files import Files, NewFiles
from sluice.threads.search import Finding, TextSearch
from sluice.threads.thread import Rating, StoredRun, Summary, Thread, timestamp
from sluice.threads.thread_index import Indexed, ThreadIndex, read_listed, thread_name

MAX_BYTES = 8 * 1024 * 1024
MAX_LISTED = 1000
READS_AT_ONCE = 16

type Summaries = list[Summary]
type Findings = list[Finding]


class ThreadDeletedError(Exception):
    """The thread was deleted after it was opened; nothing of it is stored again."""


class Threads:
    """The conversations in a store. Used on one event loop.

    Every method raises StorageUnavailableError when the store fails or is slow, or when what it
    holds of a thread cannot be read; that is then never written over.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._texts = TextSearch(store)
        # One for all who use it at once, so that they need not contend for it.
        self._indexes: WeakValueDictionary[str, ThreadIndex] = WeakValueDictionary()

    async def open(self, owner: str, thread_id: str) -> "OpenThread":
        """Read a thread, also one that does not exist yet."""
        files = self.files(owner, thread_id)
        opened = OpenThread(self._store, self._index(owner), _prefix(owner), thread_id, files)
        await opened.read()
        return opened

    async def list(self, owner: str) -> Summaries:
        """The newest 1,000 threads of a person, newest first."""
        index, prefix = self._index(owner), _prefix(owner)
        entries, listing = await asyncio.gather(self._store.list(prefix), index.read())
        newest = _newest(entries)
        current = {entry.key.removeprefix(prefix): entry for entry in newest}
        known = {n: each for n, each in listing.items() if n in current and each.covers(current[n])}
        found = await self._look([current[name] for name in current.keys() - known.keys()])
        gone = listing.keys() - current.keys()
        if found or gone:
            await index.update(found, gone)
        summaries = [each.summary for each in (*known.values(), *found)]
        return sorted(summaries, key=lambda each: (each["updatedAt"], each["threadId"]))[::-1]

    async def search(self, owner: str, query: str) -> Findings:
        """The person's threads in which all words of the query were said, newest first."""
        return await self._texts.find(_newest(await self._store.list(_prefix(owner))), query)

    async def rename(self, owner: str, thread_id: str, title: str) -> Summary:
        """Raises ServiceError `not_found`, as `rate` does."""
        renamed = await self._change(owner, thread_id, lambda thread: rules.rename(thread, title))
        return renamed.summary

    async def rate(self, owner: str, thread_id: str, run_id: str, rating: Rating | None) -> None:
        def change(thread: Thread) -> Thread:
            if thread.find(run_id) is None:
                raise ServiceError("not_found", "This conversation has no such answer.")
            return rules.rate(thread, run_id, rating)

        await self._change(owner, thread_id, change)

    def files(self, owner: str, thread_id: str) -> Files:
        """The files of a thread, of which nobody else's thread knows any (T1)."""
        return Files(self._store, owner, thread_id)

    async def delete(self, owner: str, thread_id: str) -> None:
        """Also of a thread that does not exist, or cannot be read; with its files."""
        await self._store.delete(_prefix(owner) + thread_name(thread_id))
        await self._index(owner).remove(thread_id)
        await self.files(owner, thread_id).delete()

    async def _change(
        self, owner: str, thread_id: str, change: Callable[[Thread], Thread]
    ) -> Thread:
        opened = await self.open(owner, thread_id)
        try:
            return await opened.change(change)
        except ThreadDeletedError:
            raise _not_found() from None

    async def _look(self, entries: Collection[Entry]) -> Collection[Indexed]:
        """Read the threads that the index does not know well. A damaged one is left out."""
        permits = asyncio.Semaphore(READS_AT_ONCE)

        async def look(entry: Entry) -> Indexed | None:
            async with permits:
                thread = await read_listed(self._store, entry)
            return Indexed(thread.summary, entry.modified) if thread else None

        return [each for each in await asyncio.gather(*map(look, entries)) if each]

    def _index(self, owner: str) -> ThreadIndex:
        key = f"{digest(owner)}/index.json"
        return self._indexes.setdefault(key, ThreadIndex(self._store, key))


class OpenThread:
    """A thread as it was last read or written; `thread` is None while there is none.

    Its methods may be called at once; they write one after the other.
    """

    def __init__(
        self, store: Store, index: ThreadIndex, prefix: str, thread_id: str, files: Files
    ) -> None:
        self.thread: Thread | None = None
        self._files = files
        self._thread_id = thread_id
        self._index = index
        self._writing = asyncio.Lock()
        self._document: Document[Thread] = Document(
            store,
            prefix + thread_name(thread_id),
            lambda data: rules.decode(data, thread_id),
            rules.encode,
        )

    async def read(self) -> None:
        self.thread = await self._document.read()

    async def save(self, stored_run: StoredRun, files: NewFiles | None = None) -> None:
        """Put a run in, or in the place of an earlier state of the same run.

        Its files are stored first, so that a stored run refers to none that is not. Of what it
        replaces, `replaced_by` is set. Nothing is read when nobody else has written.

        Raises:
            StorageUnavailableError: The store failed or was slow.
            ThreadDeletedError: The thread was deleted meanwhile.
            ServiceError: `thread_full`, for a new turn only: one that was let in can be ended.
        """

        def change(thread: Thread | None) -> Thread:
            if thread is not None and thread.find(stored_run.run_id) is None:
                self._refuse_when_full(stored_run)
            return rules.upsert(thread, self._thread_id, stored_run)

        if files is not None:
            await files.store(self._files)
        try:
            await self._write(change, indexed=stored_run.state != "running")
        except ThreadDeletedError:
            await self._files.delete()
            raise

    async def interrupt(self, run_ids: Collection[str]) -> None:
        """Close those of the runs that stand as running, because their process has died.

        Raises:
            StorageUnavailableError, ThreadDeletedError: As `save`.
        """
        moment = timestamp()
        if self.thread is not None:
            await self._write(
                lambda thread: rules.interrupt(_existing(thread), run_ids, moment), indexed=False
            )

    async def change(self, change: Callable[[Thread], Thread]) -> Thread:
        """Change what is not a run.

        Raises:
            ServiceError: `not_found`, when there is no thread.
            StorageUnavailableError, ThreadDeletedError: As `save`.
        """
        return await self._write(lambda thread: change(_existing(thread)), indexed=True)

    async def _write(self, change: Callable[[Thread | None], Thread], indexed: bool) -> Thread:
        async with self._writing:
            begun, first = datetime.now(UTC), self.thread is None

            def change_what_is_ours(thread: Thread | None) -> Thread:
                if self.thread is not None and not _continues(thread, self.thread):
                    raise ThreadDeletedError
                return change(thread)

            before = self._document.value
            self.thread = await self._document.change(change_what_is_ours)
            if first or (indexed and self.thread != before):
                await self._index.put(Indexed(self.thread.summary, begun))
            return self.thread

    def _refuse_when_full(self, stored_run: StoredRun) -> None:
        if self._document.size + rules.stored_run_size(stored_run) > MAX_BYTES:
            megabytes = MAX_BYTES // 1024 // 1024
            raise ServiceError(
                "thread_full", f"This conversation has reached {megabytes} MB; start a new one."
            )


def _continues(thread: Thread | None, earlier: Thread) -> bool:
    """Whether a thread is what became of an earlier one, and not another under the same id.

    Runs never leave a thread, also when they are replaced.
    """
    runs = {stored_run.run_id for stored_run in thread.runs} if thread else set()
    return runs.issuperset(stored_run.run_id for stored_run in earlier.runs)


def _existing(thread: Thread | None) -> Thread:
    if thread is None:
        raise _not_found()
    return thread


def _not_found() -> ServiceError:
    return ServiceError("not_found", "You have no such conversation.")


def _prefix(owner: str) -> str:
    return f"{digest(owner)}/threads/"


def _newest(entries: Collection[Entry]) -> Sequence[Entry]:
    return sorted(entries, key=lambda entry: entry.modified, reverse=True)[:MAX_LISTED]
