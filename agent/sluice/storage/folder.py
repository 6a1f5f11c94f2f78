"""A store in a folder of this machine, which any number of processes may share."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from sluice.storage.base import (
    READ_SECONDS,
    WRITE_SECONDS,
    ConflictError,
    Entries,
    Entry,
    Stored,
    bounded,
)

# A disk is soon busy; more threads would only contend for the interpreter with the streams.
_THREADS = 4
# How often a writer looks whether another has let go of a folder.
_LOOK_SECONDS = 0.002


class FolderStore:
    """A file for each key, readable by its user alone. A version is the hash of the content.

    It has threads of its own, so that waiting for a disk keeps nothing else from running.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="folder")

    async def read(self, key: str) -> Stored | None:
        async with bounded(READ_SECONDS):
            return await self._run(lambda: _read(self._folder / key))

    async def write(self, key: str, data: bytes, version: str | None) -> str:
        async with bounded(WRITE_SECONDS):
            return await self._run(lambda: self._write(key, data, version))

    async def delete(self, key: str) -> None:
        async with bounded(WRITE_SECONDS):
            await self._run(lambda: _delete(self._folder / key))

    async def list(self, prefix: str) -> Entries:
        async with bounded(READ_SECONDS):
            return await self._run(lambda: self._list(prefix))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run[T](self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do)

    def _write(self, key: str, data: bytes, version: str | None) -> str:
        path = self._folder / key
        self._make(path.parent)
        # One writer at a time in a folder, so this name is free, and what a dead process left
        # under it is written over. A listing leaves names that begin with a dot out.
        unfinished = path.with_name(f".{path.name}")
        with _locked(path.parent) as folder:
            stored = _read(path)
            if version != (stored and stored.version):
                raise ConflictError
            try:
                with open(unfinished, "wb", opener=_open_private) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
            os.fsync(folder)
        return _version(data)

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, up to the store's own, for this user alone."""
        if folder.is_dir():
            return
        if folder == self._folder:
            folder.parent.mkdir(parents=True, exist_ok=True)
        else:
            self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)

    def _list(self, prefix: str) -> Entries:
        try:
            with os.scandir(self._folder / prefix) as found:
                return [
                    Entry(f"{prefix}{file.name}", datetime.fromtimestamp(file.stat().st_mtime, UTC))
                    for file in found
                    if not file.name.startswith(".") and file.is_file()
                ]
        except FileNotFoundError:
            return []


def _read(path: Path) -> Stored | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return Stored(data, _version(data))


def _delete(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError), _locked(path.parent):
        path.unlink()


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Be the only writer of a folder; yields its descriptor.

    The kernel frees the lock of a process that dies. It is asked for without waiting, because a
    thread that waits in the kernel could never be called off.
    """
    deadline = time.monotonic() + WRITE_SECONDS
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)
