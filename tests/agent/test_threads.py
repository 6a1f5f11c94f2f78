"""Conversations in a store: nothing is lost, nothing twice, whoever writes and whatever fails."""

import asyncio
import json
from pathlib import Path

import pytest
from ag_ui.core import Message as AguiMessage
from flaky_store import FlakyStore
from pydantic import TypeAdapter
from sluice.service_error import ServiceError
from sluice.storage.base import StorageUnavailableError, digest
from sluice.threads.thread import Message, State, conversation
from sluice.threads.thread_index import thread_name
from sluice.threads.thread_store import ThreadDeletedError, Threads
from thread_support import *  # noqa: F403
from thread_support import USAGE, said, save, stored, stored_run, time

pytestmark = pytest.mark.anyio


async def test_a_turn_is_read_as_it_was_saved(threads: Threads) -> None:
    whole = stored_run(
        "r1", usage=USAGE, rating="up", error={"code": "run_limit", "message": "It was."}
    )
    await save(threads, whole, stored_run("r2", 5, "running"))
    assert await stored(threads) == (whole, stored_run("r2", 5, "running"))
    assert (await threads.open("alice", "another")).thread is None


async def test_t1_nobody_elses_thread_is_opened_by_its_id(threads: Threads, tmp_path: Path) -> None:
    await save(threads, stored_run("r1"))
    for owner in ("bob", "alice/threads", "../alice", digest("alice"), ""):
        assert (await threads.open(owner, "t")).thread is None
        assert await threads.list(owner) == []
        with pytest.raises(ServiceError):
            await threads.rename(owner, "t", "mine")
        await threads.delete(owner, "t")
    assert await stored(threads) == (stored_run("r1"),)


async def test_a_checkpoint_reads_nothing_and_writes_only_what_has_changed(
    threads: Threads, flaky: FlakyStore
) -> None:
    opened = await threads.open("alice", "t")
    await opened.save(stored_run("r1", state="running", messages=said("r1", "ask", "a")))
    flaky.asked.clear()
    await opened.save(stored_run("r1", state="running", messages=said("r1", "ask", "a")))
    assert flaky.asked == []
    await opened.save(stored_run("r1", state="running", messages=said("r1", "ask", "a b")))
    key = f"{digest('alice')}/threads/{thread_name('t')}"
    assert flaky.asked == [f"write {key}"]


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        ("running", "finished", "finished"),
        ("finished", "running", "finished"),
        ("interrupted", "running", "interrupted"),
        ("interrupted", "finished", "finished"),
        ("failed", "interrupted", "failed"),
        ("stopped", "interrupted", "stopped"),
        ("running", "running", "running, later"),
        ("finished", "stopped", "stopped"),
    ],
)
async def test_f2_of_two_states_of_a_run_the_one_that_knows_more_stays(
    threads: Threads, first: State, second: State, wins: str
) -> None:
    """Two processes hold the thread; the second has not seen what the first wrote."""
    await save(threads, stored_run("r0"))
    one, two = await threads.open("alice", "t"), await threads.open("alice", "t")
    await one.save(stored_run("r1", 5, first, messages=said("r1", "ask", "first")))
    await two.save(stored_run("r1", 5, second, messages=said("r1", "ask", "second")))
    _, kept = await stored(threads)
    assert kept.state == wins.partition(",")[0]
    said_last = wins != first
    assert kept.messages[-1]["content"] == ("second" if said_last else "first")


async def test_f10_two_tabs_lose_no_turn(threads: Threads) -> None:
    one, two = await threads.open("alice", "t"), await threads.open("alice", "t")
    await asyncio.gather(one.save(stored_run("r1", 1)), two.save(stored_run("r2", 2)))
    await asyncio.gather(two.save(stored_run("r3", 3)), one.save(stored_run("r4", 4)))
    assert [each.run_id for each in await stored(threads)] == ["r1", "r2", "r3", "r4"]


async def test_turns_stand_by_when_they_began_and_not_by_when_they_were_saved(
    threads: Threads,
) -> None:
    await save(
        threads,
        stored_run("b", 7),
        stored_run("late", 9),
        stored_run("a", 7),
        stored_run("early", 1),
    )
    assert [each.run_id for each in await stored(threads)] == ["early", "a", "b", "late"]


async def test_an_edit_takes_the_place_of_the_run_and_of_all_after_it(threads: Threads) -> None:
    await save(
        threads,
        stored_run("r1", 1),
        stored_run("r2", 2),
        stored_run("r3", 3),
        stored_run("r4", 4, replaces="r2"),
    )
    opened = await threads.open("alice", "t")
    assert opened.thread
    assert [each.run_id for each in opened.thread.visible] == ["r1", "r4"]
    assert [each.replaced_by for each in opened.thread.runs] == [None, "r4", "r4", None]
    await opened.save(stored_run("r5", 5, replaces="r4"))
    await opened.save(stored_run("r6", 6, replaces="unknown"))
    assert [each.run_id for each in opened.thread.visible] == ["r1", "r5", "r6"]
    assert [each.replaced_by for each in opened.thread.runs] == [
        None,
        "r4",
        "r4",
        "r5",
        None,
        None,
    ]


async def test_f10_an_edit_also_replaces_what_another_tab_saves_later(threads: Threads) -> None:
    await save(threads, stored_run("r1", 1))
    one, two = await threads.open("alice", "t"), await threads.open("alice", "t")
    await one.save(stored_run("r3", 3, replaces="r1"))
    await two.save(stored_run("r2", 2))
    assert two.thread
    assert [each.run_id for each in two.thread.visible] == ["r3"]


async def test_a_rating_stays_while_the_run_that_it_rates_is_written(threads: Threads) -> None:
    opened = await threads.open("alice", "t")
    await opened.save(stored_run("r1", state="running"))
    await threads.rate("alice", "t", "r1", "up")
    await opened.save(stored_run("r1"))
    assert [each.rating for each in await stored(threads)] == ["up"]
    await threads.rate("alice", "t", "r1", None)
    assert [each.rating for each in await stored(threads)] == [None]


async def test_f2_runs_that_died_are_closed_and_others_left(threads: Threads) -> None:
    await save(threads, *(stored_run(f"r{n}", n, "running") for n in range(3)), stored_run("r3", 3))
    await (await threads.open("alice", "t")).interrupt({"r0", "r2", "r3", "unknown"})
    kept = await stored(threads)
    assert [each.state for each in kept] == ["interrupted", "running", "interrupted", "finished"]
    assert kept[0].error
    assert (kept[0].error["code"], kept[0].messages) == ("interrupted", stored_run("r0").messages)
    assert kept[0].ended_at
    await (await threads.open("alice", "none")).interrupt({"r0"})
    assert await stored(threads, "none") == ()


async def test_f10_a_deleted_thread_does_not_come_back(threads: Threads) -> None:
    opened = await threads.open("alice", "t")
    await opened.save(stored_run("r1", state="running"))
    await threads.delete("alice", "t")
    await threads.delete("alice", "t")
    for _ in range(2):
        with pytest.raises(ThreadDeletedError):
            await opened.save(stored_run("r1"))
    with pytest.raises(ThreadDeletedError):
        await opened.interrupt(["r1"])
    assert await stored(threads) == ()
    assert await threads.list("alice") == []
    await save(threads, stored_run("r2"))
    with pytest.raises(ThreadDeletedError):
        await opened.save(stored_run("r1"))
    assert await stored(threads) == (stored_run("r2"),)


async def test_what_is_not_there_is_not_found(threads: Threads) -> None:
    await save(threads, stored_run("r1"))
    for change in (
        threads.rename("alice", "none", "title"),
        threads.rate("alice", "none", "r1", "up"),
        threads.rate("alice", "t", "r2", "up"),
    ):
        with pytest.raises(ServiceError) as refused:
            await change
        assert refused.value.code == "not_found"


async def test_a_full_thread_takes_no_new_turn_and_ends_the_one_that_it_has(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.threads.thread_store.MAX_BYTES", 2000)
    long = said("r1", "ask", "x" * 3000)
    await save(
        threads,
        stored_run("r0"),
        stored_run("r1", 1, "running"),
        stored_run("r1", 1, messages=long),
    )
    opened = await threads.open("alice", "t")
    with pytest.raises(ServiceError) as refused:
        await opened.save(stored_run("r2", 2))
    assert refused.value.code == "thread_full"
    assert [each.run_id for each in await stored(threads)] == ["r0", "r1"]


async def test_f9_a_save_that_failed_is_made_up_by_the_next(
    threads: Threads, flaky: FlakyStore
) -> None:
    opened = await threads.open("alice", "t")
    flaky.fails = lambda request: request.startswith("write")
    with pytest.raises(StorageUnavailableError):
        await opened.save(stored_run("r1", state="running"))
    flaky.fails = lambda _request: False
    await opened.save(stored_run("r1"))
    assert await stored(threads) == (stored_run("r1"),)


async def test_f9_a_save_that_arrived_and_seemed_to_fail_is_stored_once(
    threads: Threads, flaky: FlakyStore
) -> None:
    opened = await threads.open("alice", "t")
    real = flaky.store.write

    async def lose_the_answer(key: str, data: bytes, version: str | None) -> str:
        await real(key, data, version)
        raise StorageUnavailableError

    flaky.store.write = lose_the_answer  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailableError):
        await opened.save(stored_run("r1", state="running"))
    flaky.store.write = real  # type: ignore[method-assign]
    await opened.save(stored_run("r1"))
    assert await stored(threads) == (stored_run("r1"),)


async def test_f10_a_writer_gives_up_after_five_attempts_and_not_before(
    threads: Threads, flaky: FlakyStore
) -> None:
    await save(threads, stored_run("r0"))
    opened, other = await threads.open("alice", "t"), Threads(flaky.store)
    written, rounds = 0, 4

    async def write_first(request: str) -> None:
        nonlocal written
        if request.startswith("write") and "threads" in request and written < rounds:
            written += 1
            await save(other, stored_run(f"other-{written}", 10 + written))

    flaky.before = write_first
    await opened.save(stored_run("r1", 1))
    assert len(await stored(threads)) == 6
    rounds = 9
    with pytest.raises(StorageUnavailableError):
        await opened.save(stored_run("r2", 2))


async def test_a_conversation_is_what_the_wire_has(threads: Threads) -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "calculator", "arguments": "{}"},
    }
    messages: tuple[Message, ...] = (
        {"id": "m1", "role": "user", "content": "half a pair: \ud83d, whole: 😀"},
        {"id": "m2", "role": "reasoning", "content": "hm"},
        {"id": "m3", "role": "assistant", "content": "", "toolCalls": [call]},
        {"id": "m4", "role": "tool", "toolCallId": "c1", "content": "4", "error": "no"},
    )
    await save(
        threads,
        stored_run("r0"),
        stored_run("r1", 5, messages=messages, usage=USAGE, replaces="r0", rating="down"),
    )
    opened = await threads.open("alice", "t")
    assert opened.thread
    answer = conversation(opened.thread)
    assert json.loads(json.dumps(answer)) == {
        "threadId": "t",
        "title": "half a pair: ?, whole: 😀",
        "createdAt": time(0),
        "updatedAt": time(6),
        "runs": [
            {
                "runId": "r1",
                "state": "finished",
                "startedAt": time(5),
                "endedAt": time(6),
                "messages": [messages[0] | {"content": "half a pair: ?, whole: 😀"}, *messages[1:]],
                "usage": USAGE,
                "rating": "down",
            }
        ],
    }
    judge: TypeAdapter[list[AguiMessage]] = TypeAdapter(list[AguiMessage])
    judge.validate_python(answer["runs"][0]["messages"])
