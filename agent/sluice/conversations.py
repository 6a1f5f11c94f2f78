"""Conversations in S3 or in a folder, with one layout for both.

The key of a thread is `<sha256 of owner>/<sha256 of thread id>/history.json`. Hashes keep one owner
out of another's prefix whatever an id holds, fit every file system's names, and let an owner's
threads be listed by prefix. The value is a Strands snapshot as JSON, with the thread's id in its
application data.

Strands' storage classes move the bytes. Its SnapshotSessionManager is not used: it restores an old
system prompt with the messages, blocks the loop while it reads, and ends a run when a write fails.
"""

import asyncio
import hashlib
import json

from strands import Agent, Snapshot
from strands.storage import LocalFileStorage, S3Storage, Storage
from strands.types.exceptions import StorageError
from strands.types.session import decode_bytes_values, encode_bytes_values

from sluice.aws import client_config
from sluice.history import repair

# A person waits for the read before the first word, and for the write after the last.
READ_SECONDS = 5.0
WRITE_SECONDS = 10.0


class StorageUnavailableError(Exception):
    """A conversation could not be read or written; the cause is chained."""


class Conversations:
    """Loads and saves agents' conversations by (owner, thread)."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def load(self, owner: str, thread_id: str, agent: Agent) -> None:
        """Give the agent the thread's history, repaired; a thread that is new leaves it empty.

        Raises:
            StorageUnavailableError: The storage failed, was too slow, or holds something else.
        """
        try:
            async with asyncio.timeout(READ_SECONDS):
                data = await self._storage.read(key(owner, thread_id))
            if data is None:
                return
            snapshot = Snapshot.from_dict(decode_bytes_values(json.loads(data)))
            snapshot.data["messages"] = repair(snapshot.data["messages"])
            agent.load_snapshot(snapshot)
        except Exception as error:
            raise StorageUnavailableError from error

    async def save(self, owner: str, thread_id: str, agent: Agent) -> None:
        """Store the agent's conversation as the thread's.

        Raises:
            StorageUnavailableError: The storage failed or was too slow.
        """
        snapshot = agent.take_snapshot(preset="session", app_data={"threadId": thread_id})
        data = json.dumps(encode_bytes_values(snapshot.to_dict())).encode()
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._storage.write(key(owner, thread_id), data)
        except (StorageError, TimeoutError) as error:
            raise StorageUnavailableError from error


def key(owner: str, thread_id: str) -> str:
    """The storage key of a thread."""
    return f"{_digest(owner)}/{_digest(thread_id)}/history.json"


def open_storage(place: str) -> Storage:
    """The storage that SLUICE_CONVERSATIONS names: `s3://bucket[/prefix]` or a folder's path."""
    if place.startswith("s3://"):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        return S3Storage(bucket, prefix=prefix, boto_client_config=client_config(2, 4))
    return LocalFileStorage(place)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
