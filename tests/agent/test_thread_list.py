# ruff: noqa: ASYNC240 - files of one test, on this disk
"""Lists of conversations, which are right whatever becomes of the index and of single files."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flaky_store import FlakyStore
from sluice.storage.base import StorageUnavailableError, digest
from sluice.threads.thread import upsert
from sluice.threads.thread_index import Indexed, ThreadIndex, thread_name
from sluice.threads.thread_store import Threads
from thread_support import *  # noqa: F403
from thread_support import said, save, stored, stored_run, time, titles

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("What is 25 * 4?", "What is 25 * 4?"),
        ("\n \n  two   words\t here \nsecond line", "two words here"),
        ("word " * 20, " ".join(["word"] * 12) + "…"),
        ("x" * 61, "x" * 59 + "…"),
        ("y" * 60, "y" * 60),
        (" \n ", "New conversation"),
    ],
)
async def test_the_title_is_the_first_line(threads: Threads, asked: str, title: str) -> None:
    await save(threads, stored_run("r1", messages=said("r1", asked)), stored_run("r2", 5))
    assert await titles(threads) == [title]
    assert len(title) <= 60


async def test_a_title_follows_an_edit_of_the_first_message_until_a_person_gives_one(
    threads: Threads,
) -> None:
    await save(threads, stored_run("r1", 1), stored_run("r2", 2, replaces="r1"))
    assert await titles(threads) == ["ask r2"]
    summary = await threads.rename("alice", "t", "Given")
    assert summary == {
        "threadId": "t",
        "title": "Given",
        "createdAt": time(1),
        "updatedAt": time(3),
    }
    await save(threads, stored_run("r3", 5, replaces="r2"))
    assert await titles(threads) == ["Given"]


async def test_a_list_has_the_newest_first_and_reads_no_thread(
    threads: Threads, flaky: FlakyStore
) -> None:
    for n in (2, 0, 1):
        await save(threads, stored_run(f"r{n}", n * 10), thread=f"t{n}")
    flaky.asked.clear()
    listed = await threads.list("alice")
    assert [each["threadId"] for each in listed] == ["t2", "t1", "t0"]
    assert listed[0] == {
        "threadId": "t2",
        "title": "ask r2",
        "createdAt": time(20),
        "updatedAt": time(21),
    }
    owner = digest("alice")
    assert sorted(flaky.asked) == [f"list {owner}/threads/", f"read {owner}/index.json"]


async def test_threads_that_are_saved_at_once_are_indexed_together(flaky: FlakyStore) -> None:
    index = ThreadIndex(flaky, "index.json")
    now = datetime.now(UTC)
    summaries = [upsert(None, f"t{n}", stored_run(f"r{n}", n)).summary for n in range(50)]
    await asyncio.gather(*(index.put(Indexed(summary, now)) for summary in summaries))
    assert flaky.asked == ["read index.json", "write index.json", "write index.json"]
    listing = await ThreadIndex(flaky, "index.json").read()
    assert [each.summary for each in listing.values()] == summaries


@pytest.mark.parametrize(
    "damage",
    [None, b"", b"{", b"[]", b'{"format":2}', b'{"format":1,"threads":[{"threadId":1}]}'],
)
async def test_f9_a_list_heals_an_index_that_is_lost_or_damaged(
    threads: Threads, flaky: FlakyStore, tmp_path: Path, damage: bytes | None
) -> None:
    for n in range(20):
        await save(threads, stored_run(f"r{n}", n), thread=f"t{n}")
    index = tmp_path / digest("alice") / "index.json"
    index.unlink() if damage is None else index.write_bytes(damage)
    listed = await threads.list("alice")
    assert [each["threadId"] for each in listed] == [f"t{n}" for n in reversed(range(20))]
    flaky.asked.clear()
    assert await threads.list("alice") == listed
    assert len(flaky.asked) == 2


async def test_f9_a_failing_index_is_no_failure_and_heals(
    threads: Threads, flaky: FlakyStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await save(threads, stored_run("r0"), thread="gone")
    flaky.fails = lambda request: request.endswith("index.json")
    await save(threads, stored_run("r1"))
    await threads.rename("alice", "t", "canary title")
    await threads.delete("alice", "gone")
    assert await titles(threads) == ["canary title"]
    flaky.fails = lambda _request: False
    assert await titles(threads) == ["canary title"]
    # What a list shows is also renewed when a thread was written, and the index was not.
    flaky.fails = lambda request: request.endswith("index.json")
    await threads.rename("alice", "t", "renamed again")
    flaky.fails = lambda _request: False
    later = datetime.now(UTC).timestamp() + 5
    os.utime(path, (later, later))
    assert await titles(threads) == ["renamed again"]
    flaky.asked.clear()
    assert await titles(threads) == ["renamed again"]
    assert len(flaky.asked) == 2
    assert caplog.records
    assert "canary" not in caplog.text


async def test_an_expired_thread_leaves_the_list(threads: Threads, path: Path) -> None:
    await save(threads, stored_run("r1"))
    await save(threads, stored_run("r2", 5), thread="t2")
    path.unlink()  # as a lifecycle rule of the bucket does
    assert await titles(threads) == ["ask r2"]
    assert await stored(threads) == ()


async def test_a_list_has_the_1000_newest(
    threads: Threads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.threads.thread_store.MAX_LISTED", 3)
    for n in range(5):
        await save(threads, stored_run(f"r{n}", n), thread=f"t{n}")
        file = tmp_path / digest("alice") / "threads" / thread_name(f"t{n}")
        os.utime(file, (n, n))
    assert await titles(threads) == ["ask r4", "ask r3", "ask r2"]


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a later format": lambda fields: fields | {"format": 2},
    "no format": lambda fields: {k: v for k, v in fields.items() if k != "format"},
    "another thread": lambda fields: fields | {"threadId": "another"},
    "no turns": lambda fields: fields | {"turns": []},
    "turns of the wrong type": lambda fields: fields | {"turns": {"0": 1}},
    "a turn twice": lambda fields: fields | {"turns": fields["turns"] * 2},
    "an unknown state": lambda fields: fields | {"turns": [fields["turns"][0] | {"state": "x"}]},
    "odd messages": lambda fields: fields | {"turns": [fields["turns"][0] | {"messages": [1]}]},
    "no title": lambda fields: fields | {"title": None, "renamed": True},
    "a list": lambda fields: [fields],
}


@pytest.mark.parametrize("damage", [*DAMAGES, "cut off", "empty", "not UTF-8", "too deep"])
async def test_f9_a_thread_that_cannot_be_read_is_never_written_over(
    threads: Threads, path: Path, damage: str
) -> None:
    await save(threads, stored_run("r1"))
    await save(threads, stored_run("r2"), thread="sound")
    opened = await threads.open("alice", "t")
    data = path.read_bytes()
    damaged = {
        "cut off": data[:-5],
        "empty": b"",
        "not UTF-8": data.replace(b"ask", b"\xff\xfe\xfa"),
        "too deep": b"[" * 100_000,
    }.get(damage)
    if damaged is None:
        damaged = json.dumps(DAMAGES[damage](json.loads(data))).encode()
    path.write_bytes(damaged)
    attempts = [
        threads.open("alice", "t"),
        threads.rename("alice", "t", "x"),
        opened.save(stored_run("r3")),
    ]
    for attempt in attempts:
        with pytest.raises(StorageUnavailableError):
            await attempt
    (path.parents[1] / "index.json").unlink()
    assert await titles(threads) == ["ask r2"]
    assert path.read_bytes() == damaged
