"""A run's log: every follower, on any loop and from any position, sees each event once."""

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sluice.events import HEARTBEAT, encode_frame, text_content
from sluice.refusal import Refusal
from sluice.run import MAX_LOG_BYTES, Run, Runs
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
async def test_followers_from_any_position_on_a_log_that_another_thread_writes() -> None:
    run, expected = Run("t", "r"), frames(5_000)
    positions = [0, 1, 2_500, 4_999, 5_000]
    followers = [asyncio.create_task(read(run, after)) for after in positions]
    await asyncio.sleep(0)
    writer = threading.Thread(target=write, args=(run, 5_000))
    writer.start()
    followed = await asyncio.gather(*followers)
    writer.join()
    assert followed == [b"".join(expected[after:]) for after in positions]


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
async def test_a_silent_run_sends_comments_and_then_goes_on() -> None:
    run, chunks = Run("t", "r"), []
    async for chunk in run.follow(heartbeat_seconds=0.01):
        chunks.append(chunk)
        if chunks == [HEARTBEAT] * 3:
            run.finish(END)
    assert chunks == [HEARTBEAT] * 3 + frames(1)


@pytest.mark.anyio
async def test_a_follower_that_leaves_is_forgotten() -> None:
    run = Run("t", "r")
    run.append(END)
    follower = run.follow()
    await anext(follower)
    assert len(run._followers) == 1
    await follower.aclose()
    assert run._followers == ()


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


def test_one_run_at_a_time_on_a_thread_of_an_owner() -> None:
    runs = Runs()
    run, is_new = runs.open("alice", "t", "r1")
    assert (is_new, runs.busy) == (True, True)
    assert runs.open("alice", "t", "r1") == (run, False)
    assert runs.open("bob", "t", "r1")[1]
    with pytest.raises(Refusal) as refused:
        runs.open("alice", "t", "r2")
    assert refused.value.code == "thread_busy"
    runs.close("alice", run)
    assert runs.open("alice", "t", "r2")[1]


@given(st.text())
def test_a_frame_carries_any_text_in_two_lines(text: str) -> None:
    first, second, *rest = encode_frame(7, text_content("m", text)).decode().split("\n")
    assert (first, rest) == ("id: 7", ["", ""])
    event: Any = EVENTS.validate_json(second.removeprefix("data: "))
    assert event.delta == text


def test_half_a_surrogate_pair_does_not_break_the_stream() -> None:
    assert b'"delta":"a?"' in encode_frame(1, text_content("m", "a\ud800"))
