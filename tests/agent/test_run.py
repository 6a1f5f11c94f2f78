"""A run's log: every follower, from any position, sees each event once."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sluice.agui.events import HEARTBEAT, encode_frame, text_content
from sluice.runs.registry import MAX_KEPT_BYTES, MAX_KEPT_RUNS, Runs
from sluice.runs.run import MAX_CHUNK_BYTES, MAX_LOG_BYTES, Run
from sluice.service_error import ServiceError
from wire_support import EVENTS

END = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}


async def read(run: Run, after: int = 0) -> bytes:
    return b"".join([chunk async for chunk in run.follow(after) if chunk != HEARTBEAT])


def frames(count: int) -> list[bytes]:
    texts = [encode_frame(n, text_content("m", str(n))) for n in range(1, count)]
    return [*texts, encode_frame(count, END)]


def write(run: Run, count: int) -> None:
    for n in range(1, count):
        run.append(text_content("m", str(n)))
    run.finish(END)


@pytest.mark.anyio
async def test_followers_from_any_position_on_a_log_that_is_being_written() -> None:
    run, expected = Run("t", "r"), frames(5_000)
    positions = [0, 1, 2_500, 4_999, 5_000]
    followers = [asyncio.create_task(read(run, after)) for after in positions]
    for n in range(1, 5_000):
        run.append(text_content("m", str(n)))
        if not n % 7:
            await asyncio.sleep(0)
    run.finish(END)
    followed = await asyncio.gather(*followers)
    assert followed == [b"".join(expected[after:]) for after in positions]


@pytest.mark.anyio
async def test_a_follower_that_is_slow_misses_nothing_that_others_waited_for() -> None:
    run = Run("t", "r")
    quick = asyncio.create_task(read(run))
    slow = run.follow()
    run.append(text_content("m", "1"))
    first = await anext(slow)
    # The quick one reads the second event and waits for the next, while the slow one sends.
    run.append(text_content("m", "2"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = await asyncio.wait_for(anext(slow), 5)
    run.finish(END)
    rest = [chunk async for chunk in slow]
    assert await quick == b"".join([first, second, *rest]) == b"".join(frames(3))


@pytest.mark.anyio
async def test_a_finished_run_can_still_be_followed() -> None:
    run = Run("t", "r")
    write(run, 3)
    assert await read(run) == b"".join(frames(3))
    assert await read(run, 3) == b""


@pytest.mark.anyio
async def test_what_is_ready_together_leaves_as_one_chunk() -> None:
    run = Run("t", "r")
    write(run, 100)
    assert len([chunk async for chunk in run.follow()]) == 1


@pytest.mark.anyio
async def test_f3_a_chunk_is_never_long() -> None:
    """F3: what a slow reader holds of a log is bounded."""
    run = Run("t", "r")
    write(run, 5_000)
    chunks = [chunk async for chunk in run.follow()]
    assert b"".join(chunks) == b"".join(frames(5_000))
    assert max(map(len, chunks)) <= MAX_CHUNK_BYTES
    assert len(chunks) < 10


@pytest.mark.anyio
async def test_an_event_longer_than_a_chunk_leaves_whole() -> None:
    run = Run("t", "r")
    run.append(text_content("m", "x" * 2 * MAX_CHUNK_BYTES))
    run.finish(END)
    chunks = [chunk async for chunk in run.follow()]
    assert [chunk.count(b"id: ") for chunk in chunks] == [1, 1]


@pytest.mark.anyio
async def test_a_silent_run_sends_comments_and_then_goes_on() -> None:
    run, chunks = Run("t", "r"), []
    async for chunk in run.follow(heartbeat_seconds=0.01):
        chunks.append(chunk)
        if chunks == [HEARTBEAT] * 3:
            run.finish(END)
    assert chunks == [HEARTBEAT] * 3 + frames(1)


@pytest.mark.anyio
async def test_a_follower_that_leaves_keeps_no_other_from_being_told() -> None:
    run = Run("t", "r")
    leaves, stays = (asyncio.create_task(read(run)) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.wait([leaves])
    run.finish(END)
    assert await stays == b"".join(frames(1))


def test_nothing_follows_the_terminal_event() -> None:
    run = Run("t", "r")
    run.finish(END)
    with pytest.raises(RuntimeError):
        run.append(END)


def test_an_answer_that_would_fill_the_memory_is_stopped() -> None:
    run = Run("t", "r")
    run.append(text_content("m", "x" * MAX_LOG_BYTES))
    assert run.cancel_signal.is_set()
    assert run.stopped_because is not None
    assert run.stopped_because.code == "answer_too_long"


def open_run(runs: Runs, owner: str, thread: str, run: str) -> tuple[Run, bool]:
    new = Run(thread, run)
    opened = runs.open(owner, new)
    return opened, opened is new


def end(runs: Runs, run: Run, size: int = 1) -> None:
    run.append(text_content("m", "x" * size))
    runs.close("alice", run)
    run.finish(END)


def test_one_run_at_a_time_on_a_thread_of_an_owner() -> None:
    runs = Runs()
    run, is_new = open_run(runs, "alice", "t", "r1")
    assert (is_new, runs.status[0]) == (True, True)
    assert open_run(runs, "alice", "t", "r1") == (run, False)
    assert open_run(runs, "bob", "t", "r1")[1]
    with pytest.raises(ServiceError) as refused:
        open_run(runs, "alice", "t", "r2")
    assert refused.value.code == "thread_busy"
    runs.close("alice", run)
    assert open_run(runs, "alice", "t", "r1") == (run, False), "it is kept"
    assert open_run(runs, "alice", "t", "r2")[1]


def test_runs_that_ended_are_kept_up_to_a_number() -> None:
    runs = Runs()
    for number in range(MAX_KEPT_RUNS + 1):
        end(runs, open_run(runs, "alice", "t", str(number))[0])
    assert runs.find("alice", "t", "0") is None
    assert runs.find("alice", "t", "1") is not None


def test_runs_that_ended_are_kept_up_to_a_size() -> None:
    runs = Runs()
    for number in range(6):
        end(runs, open_run(runs, "alice", "t", str(number))[0], MAX_KEPT_BYTES // 5)
    kept = [number for number in range(6) if runs.find("alice", "t", str(number))]
    assert kept == [2, 3, 4, 5]


def test_a_deleted_thread_is_forgotten_and_others_are_not() -> None:
    runs = Runs()
    for thread in ("t", "other"):
        end(runs, open_run(runs, "alice", thread, "r")[0])
    runs.forget("alice", "t")
    assert runs.find("alice", "t", "r") is None
    assert runs.find("alice", "other", "r") is not None


@pytest.mark.anyio
async def test_the_end_of_a_run_is_waited_for() -> None:
    run = Run("t", "r")
    assert not await run.wait(0.01)
    waiting = asyncio.create_task(run.wait(10))
    await asyncio.sleep(0)
    write(run, 100)
    assert await waiting
    assert await run.wait(10)


def test_a_run_ends_for_the_first_reason_that_it_was_given() -> None:
    run = Run("t", "r")
    run.stop(ServiceError("run_limit", "first"))
    run.stop(ServiceError("answer_too_long", "second"))
    run.cancel()
    assert run.stopped_because is not None
    assert (run.stopped_because.code, run.is_cancelled) == ("run_limit", False)
    run = Run("t", "r")
    run.cancel()
    run.stop(ServiceError("run_limit", "late"))
    assert (run.stopped_because, run.is_cancelled) == (None, True)


def test_a_turn_is_what_was_said_so_far() -> None:
    run = Run("t", "r", [{"id": "q", "role": "user", "content": "Hi"}], replaces="earlier")
    run.append(text_content("m", "Hel"))
    stored_run = run.to_stored()
    run.append(text_content("m", "lo"))
    ended = run.to_stored("failed", ServiceError("run_limit", "It was long."))
    assert [message["content"] for message in stored_run.messages] == ["Hi", "Hel"]
    assert (stored_run.state, stored_run.ended_at, stored_run.replaces) == (
        "running",
        None,
        "earlier",
    )
    assert [message["content"] for message in ended.messages] == ["Hi", "Hello"]
    assert (ended.state, ended.error) == (
        "failed",
        {"code": "run_limit", "message": "It was long."},
    )


@given(st.text())
def test_a_frame_carries_any_text_in_two_lines(text: str) -> None:
    first, second, *rest = encode_frame(7, text_content("m", text)).decode().split("\n")
    assert (first, rest) == ("id: 7", ["", ""])
    event: Any = EVENTS.validate_json(second.removeprefix("data: "))
    assert event.delta == text


def test_half_a_surrogate_pair_does_not_break_the_stream() -> None:
    assert b'"delta":"a?"' in encode_frame(1, text_content("m", "a\ud800"))
