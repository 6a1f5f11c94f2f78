"""Turns to save, and the fixtures of tests that save them: `from thread_support import *`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flaky_store import FlakyStore
from sluice.storage.base import digest
from sluice.storage.factory import open_store
from sluice.threads.thread import Message, State, StoredRun
from sluice.threads.thread_index import thread_name
from sluice.threads.thread_store import Threads

__all__ = [
    "USAGE",
    "flaky",
    "path",
    "said",
    "save",
    "stored",
    "stored_run",
    "threads",
    "time",
    "titles",
]

USAGE = {"provider": "bedrock", "model": "claude", "inputTokens": 3, "outputTokens": 4}


def time(second: int) -> str:
    return f"2026-11-22T19:{second // 60:02}:{second % 60:02}.000Z"


def said(run: str, asked: str, answered: str = "") -> tuple[Message, ...]:
    messages: list[Message] = [{"id": f"{run}-q", "role": "user", "content": asked}]
    if answered:
        messages.append({"id": f"{run}-a", "role": "assistant", "content": answered})
    return tuple(messages)


def stored_run(run: str, second: int = 0, state: State = "finished", **changes: Any) -> StoredRun:
    ended = None if state == "running" else time(second + 1)
    messages = said(run, f"ask {run}", f"say {run}")
    return replace(StoredRun(run, state, time(second), messages, ended), **changes)


@pytest.fixture
def flaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlakyStore:
    monkeypatch.setattr("sluice.storage.document.PAUSE_SECONDS", 0)
    return FlakyStore(open_store(str(tmp_path)))


@pytest.fixture
def threads(flaky: FlakyStore) -> Threads:
    return Threads(flaky)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where thread t of alice is stored."""
    return tmp_path / digest("alice") / "threads" / thread_name("t")


async def save(threads: Threads, *stored_runs: StoredRun, thread: str = "t") -> None:
    opened = await threads.open("alice", thread)
    for each in stored_runs:
        await opened.save(each)


async def stored(threads: Threads, thread: str = "t") -> tuple[StoredRun, ...]:
    opened = await threads.open("alice", thread)
    return opened.thread.runs if opened.thread else ()


async def titles(threads: Threads) -> list[str]:
    return [summary["title"] for summary in await threads.list("alice")]
