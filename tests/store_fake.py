"""A store that is slow, fails or is full on command, in front of a real folder."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from sluice.storage.base import Entry, StorageUnavailableError, Stored
from sluice.storage.folder import FolderStore

type Faults = Callable[[str, str], bool]


def never(_operation: str, _key: str) -> bool:
    return False


def threads_only(operation: str) -> Faults:
    """One operation on conversations; accounts go on."""
    return lambda done, key: done == operation and "/threads/" in key


class FaultyStore:
    """`fails` and `hangs` say for which (operation, key) there is a fault; operations are read,
    write, delete and list. What hangs goes on, into a failure, once `hangs` is false again.

    A call that hangs longer than 5 seconds fails, as those of the real stores do.
    """

    def __init__(self, folder: Path) -> None:
        self._store = FolderStore(folder)
        self.fails: Faults = never
        self.hangs: Faults = never
        self.calls: list[tuple[str, str]] = []

    async def read(self, key: str) -> Stored | None:
        await self._meet("read", key)
        return await self._store.read(key)

    async def write(self, key: str, data: bytes, version: str | None) -> str:
        await self._meet("write", key)
        return await self._store.write(key, data, version)

    async def delete(self, key: str) -> None:
        await self._meet("delete", key)
        await self._store.delete(key)

    async def list(self, prefix: str) -> list[Entry]:
        await self._meet("list", prefix)
        return await self._store.list(prefix)

    def close(self) -> None:
        """It serves the next process too."""

    async def _meet(self, operation: str, key: str) -> None:
        self.calls.append((operation, key))
        hung = self.hangs(operation, key)
        for _ in range(500):
            if not self.hangs(operation, key):
                break
            await asyncio.sleep(0.01)
        if hung or self.fails(operation, key):
            raise StorageUnavailableError
