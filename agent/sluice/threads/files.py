"""The files of a thread, a person's and the images of tools' results: bytes by their SHA-256.

Layout: `<sha256 of owner>/files/<sha256 of thread id>/<sha256 of the bytes>`. A thread refers to
its files by that last name (agui/content.py), so that it stays small, and holds each one once.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable

from sluice.agui.content import files_of
from sluice.agui.media import MAX_DOCUMENT_BYTES
from sluice.storage.base import ConflictError, Store, digest
from sluice.threads.thread import StoredRun

MAX_FILE_BYTES = MAX_DOCUMENT_BYTES
MAX_THREAD_BYTES = 40_000_000
# Also of files that no message has referred to yet.
MAX_FILES = 200

_NAME = re.compile(r"[0-9a-f]{64}")


def file_name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class NewFiles:
    """The files of one run that the store does not have yet, by name.

    Each is at most `MAX_FILE_BYTES` long, and those of the thread together `MAX_THREAD_BYTES`.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}

    def count(self, stored_runs: Iterable[StoredRun]) -> None:
        """Let the files that a thread has already take their part of its room."""
        for stored_run in stored_runs:
            for message in stored_run.messages:
                self._sizes |= files_of(message.get("content"))

    def add(self, data: bytes, *, is_stored: bool = False) -> str | None:
        """The name of a file that is to be kept; None when there is no room for it.

        One that `is_stored` already only takes its part of the room.
        """
        name = file_name(data)
        if name in self._sizes:
            return name
        if len(data) > MAX_FILE_BYTES or sum(self._sizes.values()) + len(data) > MAX_THREAD_BYTES:
            return None
        self._sizes[name] = len(data)
        if not is_stored:
            self._waiting[name] = data
        return name

    def find(self, name: str) -> bytes | None:
        return self._waiting.get(name)

    async def store(self, files: "Files") -> None:
        """Put what waits into the store, and let go of it.

        Raises:
            StorageUnavailableError: What is not stored goes on waiting.
        """
        for name, data in list(self._waiting.items()):
            await files.write(name, data)
            self._waiting.pop(name, None)


class Files:
    """The stored files of one thread.

    Every method raises StorageUnavailableError when the store fails or is slow.
    """

    def __init__(self, store: Store, owner: str, thread_id: str) -> None:
        self._store = store
        self._prefix = f"{digest(owner)}/files/{digest(thread_id)}/"

    async def write(self, name: str, data: bytes) -> None:
        try:
            await self._store.write(self._prefix + name, data, None)
        except ConflictError:
            # It is there: a name says what the bytes are.
            return

    async def read(self, name: str) -> bytes | None:
        """The bytes; None when the thread has no such file."""
        if not _NAME.fullmatch(name):
            return None
        stored = await self._store.read(self._prefix + name)
        return stored.data if stored else None

    async def count(self) -> int:
        """How many there are, at most 1,000 of which are counted."""
        return len(await self._store.list(self._prefix))

    async def delete(self) -> None:
        """Delete them all."""
        entries = await self._store.list(self._prefix)
        await asyncio.gather(*(self._store.delete(entry.key) for entry in entries))
