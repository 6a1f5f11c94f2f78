"""What every store does, as tests of a fixture `store`: a function that opens the same place anew.

tests/agent puts them to a folder and to a fake S3, tests/deploy to MiniStack.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sluice.storage.base import ConflictError, Store

pytestmark = pytest.mark.anyio

type Open = Callable[[], Store]


async def test_what_was_written_is_read_by_whoever_opens_the_store(store: Open) -> None:
    data = bytes(range(256)) * 5
    version = await store().write("owner/threads/a.json", data, None)
    stored = await store().read("owner/threads/a.json")
    assert stored
    assert (stored.data, stored.version) == (data, version)
    assert await store().read("owner/threads/b.json") is None


async def test_a_version_changes_with_the_data(store: Open) -> None:
    opened = store()
    first = await opened.write("a", b"first", None)
    second = await opened.write("a", b"second", first)
    assert first != second
    stored = await opened.read("a")
    assert stored
    assert stored.data == b"second"


async def test_f10_a_write_of_who_has_not_read_the_last_version_is_refused(store: Open) -> None:
    opened = store()
    stale = await opened.write("a", b"first", None)
    await opened.write("a", b"second", stale)
    for version in (stale, None):
        with pytest.raises(ConflictError):
            await opened.write("a", b"third", version)
    stored = await opened.read("a")
    assert stored
    assert stored.data == b"second"


async def test_f10_a_write_over_what_was_deleted_is_refused(store: Open) -> None:
    opened = store()
    version = await opened.write("owner/a", b"first", None)
    await opened.delete("owner/a")
    with pytest.raises(ConflictError):
        await opened.write("owner/a", b"second", version)
    assert await opened.read("owner/a") is None
    await opened.write("owner/a", b"third", None)


async def test_f10_of_writers_at_once_exactly_one_wins_each_round(store: Open) -> None:
    stores = [store(), store()]
    version: str | None = None
    for _ in range(3):
        tried = await asyncio.gather(
            *(stores[n % 2].write("owner/a", b"%d" % n, version) for n in range(8)),
            return_exceptions=True,
        )
        won = {n: each for n, each in enumerate(tried) if isinstance(each, str)}
        assert len(won) == 1
        assert all(isinstance(each, str | ConflictError) for each in tried)
        stored = await stores[0].read("owner/a")
        assert stored
        assert {int(stored.data): stored.version} == won
        version = stored.version
        await stores[0].write("owner/a", b"next", version)
        stored = await stores[1].read("owner/a")
        version = stored and stored.version


async def test_deleting_is_done_when_nothing_is_there(store: Open) -> None:
    opened = store()
    await opened.delete("owner/a")
    await opened.write("owner/a", b"first", None)
    await opened.delete("owner/a")
    await opened.delete("owner/a")
    assert await opened.list("owner/") == []


async def test_a_list_has_every_key_directly_below_the_prefix_and_no_other(store: Open) -> None:
    opened = store()
    begun, second = datetime.now(UTC), timedelta(seconds=1)
    wanted = {f"one/threads/{n}.json" for n in range(7)}
    others = {"one/index.json", "one/threads2/a.json", "one/threads/below/b.json", "two/threads/c"}
    for key in wanted | others:
        await opened.write(key, b"{}", None)
    found = await opened.list("one/threads/")
    assert {entry.key for entry in found} == wanted
    assert len(found) == len(wanted)
    now = datetime.now(UTC)
    assert all(begun - second <= entry.modified <= now + second for entry in found)
    assert await opened.list("three/threads/") == []
