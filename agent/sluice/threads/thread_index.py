"""What a list of conversations shows, in one object for each owner.

It is a cache: a list is what the store has, joined with this, so an index that is lost, damaged or
behind costs reads and nothing else. Therefore none of its failures is one of its caller's.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.storage import json_codec
from sluice.storage.base import Entry, StorageUnavailableError, Store, digest
from sluice.storage.document import Document
from sluice.threads.thread import Summary, Thread, decode

_FORMAT = 1
# S3 tells whole seconds, and its clock is not ours.
_SLACK = timedelta(seconds=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Indexed:
    """A conversation as it was at a moment (UTC), or a little later."""

    summary: Summary
    at: datetime

    def covers(self, entry: Entry) -> bool:
        """Whether the thread has not been written since."""
        return entry.modified <= self.at + _SLACK


type Listing = dict[str, Indexed]
"""By `thread_name`."""


def thread_name(thread_id: str) -> str:
    """The last part of a thread's key."""
    return f"{digest(thread_id)}.json"


async def read_listed(store: Store, entry: Entry) -> Thread | None:
    """The thread of an entry of a list; None for one that is gone meanwhile, or damaged."""
    stored = await store.read(entry.key)
    try:
        # A long one takes a while, in which other answers go on.
        thread = await asyncio.to_thread(decode, stored.data) if stored else None
    except ValueError:
        return None
    # The key says whose it is (T1), so what stands in it has to belong there.
    is_own = thread is not None and entry.key.endswith(f"/{thread_name(thread.thread_id)}")
    return thread if is_own else None


class ThreadIndex:
    """The index of one owner. What is put in while it is written is written together next."""

    def __init__(self, store: Store, key: str) -> None:
        self._document: Document[Listing] = Document(store, key, _decode, _encode)
        self._busy = asyncio.Lock()
        # Not yet written, by name; None for a thread that is gone.
        self._waiting: dict[str, Indexed | None] = {}

    async def read(self) -> Listing:
        """What the index has; nothing when it cannot be read."""
        async with self._busy:
            try:
                return await self._document.read() or {}
            except StorageUnavailableError as error:
                _warn("the index of threads was not read", error)
                return {}

    async def put(self, indexed: Indexed) -> None:
        await self.update([indexed], ())

    async def remove(self, thread_id: str) -> None:
        await self.update((), [thread_name(thread_id)])

    async def update(self, found: Collection[Indexed], gone: Collection[str]) -> None:
        """Put in the threads that were found, and take out the names of those that are gone."""
        self._waiting |= dict.fromkeys(gone) | _by_name(found)
        async with self._busy:
            if self._waiting:
                changes, self._waiting = self._waiting, {}
                await self._write(changes)

    async def _write(self, changes: dict[str, Indexed | None]) -> None:
        def change(listing: Listing | None) -> Listing:
            changed = (listing or {}) | changes
            return {name: each for name, each in changed.items() if each is not None}

        try:
            await self._document.change(change)
        except StorageUnavailableError as error:
            _warn("the index of threads was not written", error)


def _by_name(threads: Collection[Indexed]) -> Listing:
    return {thread_name(each.summary["threadId"]): each for each in threads}


def _encode(listing: Listing) -> bytes:
    threads = [{**each.summary, "at": each.at.isoformat()} for each in listing.values()]
    return json_codec.encode({"format": _FORMAT, "threads": threads})


def _decode(data: bytes) -> Listing:
    """An index that cannot be read is taken for an empty one, and written anew."""
    try:
        return _by_name(
            [_indexed(each) for each in json_codec.decode(data, _FORMAT).records("threads")]
        )
    except ValueError as error:
        _warn("the index of threads is damaged", error)
        return {}


def _indexed(record: json_codec.Record) -> Indexed:
    summary: Summary = {
        "threadId": record.text("threadId"),
        "title": record.text("title"),
        "createdAt": record.text("createdAt"),
        "updatedAt": record.text("updatedAt"),
    }
    return Indexed(summary, record.moment("at"))


def _warn(message: str, error: Exception) -> None:
    cause = error.__cause__ or error
    _log.warning(message, extra={"fields": {"error": type(cause).__name__}})
