"""A store between the tested code and a real one, which counts, fails and waits as a test wants."""

from collections.abc import Awaitable, Callable

from sluice.storage.base import Entries, StorageUnavailableError, Store, Stored


class FlakyStore:
    """`asked` has every request as "read key"; one that `fails` picks is refused; `before` runs
    ahead of each, and may wait, or write to the real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []
        self.fails: Callable[[str], bool] = lambda _request: False
        self.before: Callable[[str], Awaitable[None]] | None = None

    async def read(self, key: str) -> Stored | None:
        await self._ask(f"read {key}")
        return await self.store.read(key)

    async def write(self, key: str, data: bytes, version: str | None) -> str:
        await self._ask(f"write {key}")
        return await self.store.write(key, data, version)

    async def delete(self, key: str) -> None:
        await self._ask(f"delete {key}")
        await self.store.delete(key)

    async def list(self, prefix: str) -> Entries:
        await self._ask(f"list {prefix}")
        return await self.store.list(prefix)

    def close(self) -> None:
        self.store.close()

    async def _ask(self, request: str) -> None:
        self.asked.append(request)
        if self.before is not None:
            await self.before(request)
        if self.fails(request):
            raise StorageUnavailableError from OSError(5, "refused by the test")
