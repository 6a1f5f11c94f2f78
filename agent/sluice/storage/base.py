"""What every store of bytes does, and how it fails."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# A person waits for a read before the first word, and for a write after the last.
READ_SECONDS = 5.0
WRITE_SECONDS = 10.0


class StorageUnavailableError(Exception):
    """What is stored could not be read or written; the cause is chained where there is one."""


class ConflictError(Exception):
    """What is stored is not the version that the writer had read: read again, then write."""


@dataclass(frozen=True)
class Stored:
    """What is stored under a key. `version` changes with the data."""

    data: bytes
    version: str


@dataclass(frozen=True)
class Entry:
    """A key that is in use, and when what it holds was written (UTC; S3 knows whole seconds)."""

    key: str
    modified: datetime


type Entries = list[Entry]
"""Named, because a class with a method `list` cannot say `list[Entry]`."""


class Store(Protocol):
    """Bytes by key; a key is names of letters, digits, dots and dashes, joined by slashes.

    All methods raise StorageUnavailableError when the store fails, refuses or is slow.
    """

    async def read(self, key: str) -> Stored | None:
        """What is stored, or None if nothing is."""

    async def write(self, key: str, data: bytes, version: str | None) -> str:
        """Store the data in the place of `version`, or where nothing is if that is None.

        Returns the new version.

        Raises:
            ConflictError: Another version is stored, or nothing is.
        """

    async def delete(self, key: str) -> None:
        """Store nothing under the key, whatever was there."""

    async def list(self, prefix: str) -> Entries:
        """The keys directly below a prefix that ends with a slash, in no order."""

    def close(self) -> None:
        """Let go of connections and threads."""


def digest(text: str) -> str:
    """A name for a key out of an id that may hold anything.

    It keeps one owner out of another's prefix, and fits every file system.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@contextlib.asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Give the block so many seconds, and turn what goes wrong into StorageUnavailableError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (ConflictError, StorageUnavailableError):
        raise
    except Exception as error:
        raise StorageUnavailableError from error
