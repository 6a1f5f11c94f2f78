"""Conversations are found by what was said in them, within limits, and for their owner alone."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flaky_store import FlakyStore
from sluice.storage.base import StorageUnavailableError
from sluice.threads import search
from sluice.threads.search import Finding, fold
from sluice.threads.thread import Message
from sluice.threads.thread_store import Threads
from thread_support import *  # noqa: F403
from thread_support import said, save, stored_run

pytestmark = pytest.mark.anyio


async def tell(threads: Threads, answer: str, thread: str = "t", asked: str = "Which?") -> None:
    await save(threads, stored_run("r", messages=said("r", asked, answer)), thread=thread)


async def ids(threads: Threads, query: str, owner: str = "alice") -> list[str]:
    return [each["threadId"] for each in await threads.search(owner, query)]


def settle(tmp_path: Path, *, ago: float = 3600) -> None:
    """Let all threads have been written long ago, one second after the other."""
    then = datetime.now(UTC).timestamp() - ago
    for place, path in enumerate(sorted(tmp_path.rglob("threads/*.json"))):
        os.utime(path, (then + place, then + place))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The word you look for is marzipan.", "marzipan"),
        ("The word you look for is marzipan.", "ZIPA word"),
        ("Crème brûlée", "creme BRULEE"),
        ("creme", "crème"),
        ("cre\u0301me", "cr\u00e9me"),
        ("Straße", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("İstanbul", "istanbul"),
        ("DIŞ KAPI", "dış kapı"),  # noqa: RUF001 - Turkish has it
        ("Łódź, Søren, Đà Nẵng", "lodz soren DA nang"),
        ("Привет, Ёлка", "ПРИВЕТ елка"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी में", "हिन्दी"),
        ("Run this: ```sh rm -rf build``` then `make`", "RM -rf make"),
        ("東京都の天気は晴れです。", "天気"),
        ("ﾊﾟｿｺﾝ", "パソコン"),
        ("한국어", "한국"),
        ("مُحَمَّد", "محمد"),
        ("ﬁnal ① Ｗｉｄｅ", "final 1 wide"),  # noqa: RUF001 - forms of width are meant
        ("👍🏽 fine", "👍"),
        ("a * b", "*"),
    ],
)
async def test_words_are_found_whatever_their_case_accents_and_width(
    threads: Threads, text: str, query: str
) -> None:
    await tell(threads, text)
    assert await threads.search("alice", query) == [{"threadId": "t", "excerpt": text}]


@pytest.mark.parametrize("query", ["almond", "which almonds", "\u0301"])
async def test_all_words_have_to_be_there(threads: Threads, query: str) -> None:
    await tell(threads, "marzipan", asked="which sweet?")
    assert await threads.search("alice", query) == []


async def test_words_may_stand_in_the_question_and_in_the_answer(threads: Threads) -> None:
    await tell(threads, "It is marzipan.", asked="Which sweet is made of almonds?")
    [finding] = await threads.search("alice", "marzipan almonds")
    assert finding["excerpt"] == "Which sweet is made of almonds?"


async def test_reasoning_tools_and_what_was_replaced_are_not_searched(threads: Threads) -> None:
    messages: list[Message] = [
        *said("r2", "ask"),
        {"id": "h", "role": "reasoning", "content": "hidden thought"},
        {"id": "t", "role": "tool", "content": "hidden result", "toolCallId": "c"},
        {"id": "n", "role": "assistant"},
        {"id": "p", "role": "user", "content": [{"type": "text", "text": "in parts"}]},
    ]
    first = stored_run("r1", 1, messages=said("r1", "hidden question"))
    await save(threads, first, stored_run("r2", 2, replaces="r1", messages=tuple(messages)))
    assert await ids(threads, "hidden") == []
    assert await ids(threads, "in parts") == ["t"]


@pytest.mark.parametrize(
    ("text", "word", "excerpt"),
    [
        ("a" * 100 + " needle " + "b" * 300, "needle", f"…{'a' * 39} needle {'b' * 113}…"),
        ("İ" * 100 + " needle", "needle", f"…{'İ' * 39} needle"),
        ("ﷺ" * 50 + "needle", "needle", f"…{'ﷺ' * 40}needle"),
        ("x\n\n  y\tneedle", "needle", "x y needle"),
    ],
)
async def test_an_excerpt_is_one_short_line_around_what_was_found(
    threads: Threads, text: str, word: str, excerpt: str
) -> None:
    await tell(threads, text)
    assert await threads.search("alice", word) == [{"threadId": "t", "excerpt": excerpt}]


def test_a_place_in_a_folded_text_is_found_in_the_text() -> None:
    text = "ﬀe\u0301İ각ß\u0301x"
    for place, character in enumerate(text):
        before = fold(text[:place])
        if fold(character):
            assert text[search._place(text, len(before))] == character


async def test_the_newest_come_first_and_no_more_than_fifty(
    threads: Threads, tmp_path: Path
) -> None:
    for n in range(60):
        await tell(threads, "marzipan", f"t{n}")
    settle(tmp_path)
    entries = await threads._store.list(next(iter(prefixes(tmp_path))))
    order = {each.key.rpartition("/")[2]: each.modified for each in entries}
    found = await ids(threads, "marzipan")
    moments = [order[search_name(each)] for each in found]
    assert len(found) == search.MAX_FOUND
    assert moments == sorted(moments, reverse=True)


def prefixes(tmp_path: Path) -> set[str]:
    return {f"{path.name}/threads/" for path in tmp_path.iterdir()}


def search_name(thread_id: str) -> str:
    from sluice.threads.thread_index import thread_name

    return thread_name(thread_id)


async def test_t1_nobody_finds_what_another_was_told(threads: Threads) -> None:
    await tell(threads, "marzipan")
    assert await ids(threads, "marzipan", "bob") == []
    assert await ids(threads, "marzipan") == ["t"]
    assert await ids(threads, "marzipan", "bob") == [], "not from memory either"


async def test_a_deleted_thread_is_never_found(threads: Threads, tmp_path: Path) -> None:
    await tell(threads, "marzipan")
    settle(tmp_path)
    assert await ids(threads, "marzipan") == ["t"]
    await threads.delete("alice", "t")
    assert await ids(threads, "marzipan") == [], "not from memory either"


async def test_the_next_letter_reads_nothing_again_but_what_has_changed(
    threads: Threads, flaky: FlakyStore, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        await tell(threads, "marzipan", name)
    settle(tmp_path)
    assert len(await ids(threads, "marz")) == 2
    flaky.asked.clear()
    assert len(await ids(threads, "marzi")) == 2
    assert [request.split()[0] for request in flaky.asked] == ["list"]
    await save(threads, stored_run("later", 9, messages=said("later", "nougat")), thread="one")
    assert await ids(threads, "nougat") == ["one"]
    await save(threads, stored_run("last", 11, messages=said("last", "fudge")), thread="one")
    assert await ids(threads, "fudge") == ["one"], "written twice within the clock's second"
    await threads.delete("alice", "two")
    assert await ids(threads, "marzipan") == ["one"]


async def test_memory_is_bounded_and_another_persons_text_makes_room(
    threads: Threads, flaky: FlakyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_CACHED", 100)
    for name in ("one", "two", "three"):
        await tell(threads, "marzipan " * 3, name)
    opened = await threads.open("bob", "b")
    await opened.save(stored_run("r", messages=said("r", "marzipan")))
    settle(tmp_path)
    texts = threads._texts
    assert await ids(threads, "marzipan", "bob") == ["b"]
    assert len(await ids(threads, "marzipan")) == 3
    assert texts._cached <= 100
    assert texts._cached == sum(said.size for _, said in texts._cache.values() if said)
    assert len({key.partition("/")[0] for key in texts._cache}) == 1
    flaky.asked.clear()
    assert len(await ids(threads, "marzipan")) == 3
    assert len(flaky.asked) == 3, "a list, and the two that have no room"


async def test_what_is_found_in_time_is_the_answer(
    threads: Threads, flaky: FlakyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2 * search.READS_AT_ONCE):
        await tell(threads, "marzipan", f"t{n}")
    settle(tmp_path)
    read = 0

    async def hang(request: str) -> None:
        nonlocal read
        read += request.startswith("read")
        if read > search.READS_AT_ONCE:
            await asyncio.Event().wait()

    flaky.before = hang
    monkeypatch.setattr(search, "SECONDS", 0.3)
    assert len(await ids(threads, "marzipan")) == search.READS_AT_ONCE


async def test_a_damaged_thread_is_passed_over_and_a_store_that_fails_is_told(
    threads: Threads, flaky: FlakyStore, path: Path
) -> None:
    await tell(threads, "marzipan")
    await tell(threads, "marzipan", "other")
    await asyncio.to_thread(path.write_bytes, b"{")
    assert await ids(threads, "marzipan") == ["other"]
    flaky.fails = lambda request: request.startswith("list")
    with pytest.raises(StorageUnavailableError):
        await threads.search("alice", "marzipan")


def test_a_search_is_answered_over_the_wire(client: Any) -> None:
    client.ask("My name is Ada", "one")
    client.ask("thanks", "two")
    expected: list[Finding] = [{"threadId": "one", "excerpt": "My name is Ada"}]
    assert client.act("search", query="ada") == {"results": expected}
    assert client.act("search", query="nobody said this") == {"results": []}
