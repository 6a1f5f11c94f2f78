"""One stored object that several processes change, each by reading, changing and writing it."""

import asyncio
import random
from collections.abc import Callable

from sluice.storage.base import ConflictError, StorageUnavailableError, Store

# The system's own: a snapshot of the process restores the state of `random`, and two sessions
# would then pause alike.
_random = random.SystemRandom()

ATTEMPTS = 5
# The longest pause before the second attempt; it grows by as much with each further one.
PAUSE_SECONDS = 0.03


class Document[T]:
    """A value under a key. `value` is what was last read or written, None when there is nothing;
    `size` is its bytes. Used by one task at a time."""

    def __init__(
        self, store: Store, key: str, decode: Callable[[bytes], T], encode: Callable[[T], bytes]
    ) -> None:
        """`decode` raises ValueError for bytes that it does not know; these are never replaced."""
        self.value: T | None = None
        self.size = 0
        self._version: str | None = None
        self._known = False
        self._store, self._key, self._decode, self._encode = store, key, decode, encode

    async def read(self) -> T | None:
        """Read the value anew.

        Raises:
            StorageUnavailableError: The store failed, or what it holds cannot be read.
        """
        self._known = False
        stored = await self._store.read(self._key)
        try:
            value = self._decode(stored.data) if stored else None
        except ValueError as error:
            raise StorageUnavailableError from error
        self.value, self._known = value, True
        self._version, self.size = (stored.version, len(stored.data)) if stored else (None, 0)
        return self.value

    async def change(self, change: Callable[[T | None], T]) -> T:
        """Write what `change` makes of the value, and return it.

        Nothing is read first when the value is known, and nothing written when it stays the same.
        When another process has written meanwhile, its value is read and changed instead, so
        `change` may be called several times. What `change` raises ends it all.

        Raises:
            StorageUnavailableError: The store failed, or others kept writing.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = _random.uniform(0, PAUSE_SECONDS * attempt)
                await asyncio.sleep(pause)
            if not self._known:
                await self.read()
            value = change(self.value)
            if value == self.value:
                return value
            data = self._encode(value)
            self._known = False
            try:
                self._version = await self._store.write(self._key, data, self._version)
            except ConflictError:
                continue
            self.value, self.size, self._known = value, len(data), True
            return value
        raise StorageUnavailableError("others kept writing")

    def forget(self) -> None:
        """Read before the next change, because others may have written."""
        self._known = False
