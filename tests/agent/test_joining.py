"""What a model has already sent becomes one delta, and nothing of it is lost, changed or late."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sluice.models import joining
from sluice.models.joining import MAX_CHARACTERS, joined

PAUSE = None
START: dict[str, Any] = {"messageStart": {"role": "assistant"}}
STOP: dict[str, Any] = {"contentBlockStop": {}}


def text(said: str, index: int = 0) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"text": said}, "contentBlockIndex": index}}


def thought(said: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"reasoningContent": {"text": said}}}}


def arguments(said: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"toolUse": {"input": said}}}}


def signature(said: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"reasoningContent": {"signature": said}}}}


async def play(chunks: Iterable[Any]) -> AsyncIterator[Any]:
    """A model's stream; where it has to wait for more stands PAUSE."""
    for chunk in chunks:
        if chunk is PAUSE:
            await asyncio.sleep(0)
        else:
            yield chunk


def join(chunks: Iterable[Any]) -> list[Any]:
    async def read() -> list[Any]:
        return [chunk async for chunk in joined(play(chunks))]

    return asyncio.run(read())


def flat(chunks: Iterable[Any]) -> list[Any]:
    """The stream with each run of deltas of a kind and block as one: what arrives in the end."""

    def key(chunk: Any) -> Any:
        block = chunk.get("contentBlockDelta", {})
        [kind] = block.get("delta", {"": 0})
        value = block.get("delta", {}).get(kind)
        field = next(iter(value)) if isinstance(value, dict) else kind
        return (kind, field, block.get("contentBlockIndex")) if block else id(chunk)

    def said(chunk: Any) -> Any:
        delta = chunk.get("contentBlockDelta", {}).get("delta")
        value = next(iter(delta.values())) if delta else chunk
        return next(iter(value.values())) if delta and isinstance(value, dict) else value

    joined_up: list[Any] = []
    for name, group in groupby(chunks, key):
        pieces = [said(chunk) for chunk in group]
        joined_up.append("".join(pieces) if isinstance(name, tuple) else pieces)
    return joined_up


pieces = st.one_of(
    st.builds(text, st.text(st.characters(), max_size=5), st.integers(0, 1)),
    st.builds(thought, st.text(max_size=5)),
    st.builds(arguments, st.text(max_size=5)),
    st.builds(signature, st.text(max_size=5)),
    st.sampled_from([START, STOP, PAUSE, {"metadata": {}}]),
)


@given(st.lists(pieces, max_size=40))
def test_everything_arrives_whole_and_in_order_however_it_came(chunks: list[Any]) -> None:
    sent = [chunk for chunk in chunks if chunk is not PAUSE]
    assert flat(join(chunks)) == flat(sent)


def test_what_is_there_becomes_one_delta_and_the_first_is_not_held() -> None:
    chunks = [START, text("a"), text("b"), text("c"), PAUSE, text("d"), text("e"), STOP]
    assert join(chunks) == [START, text("a"), text("bc"), text("de"), STOP]


def test_kinds_and_blocks_stay_apart() -> None:
    told = [text("."), text("a"), thought("b"), signature("s"), signature("t"), arguments("{}")]
    told += [text("c", 0), text("d", 1), STOP, text("e", 1)]
    assert join(told) == told


def test_halves_of_a_character_stay_beside_each_other() -> None:
    assert join([text("."), text("\ud83d"), text("\ude00")]) == [text("."), text("\ud83d\ude00")]


def test_a_joined_delta_is_never_long() -> None:
    half = "x" * (MAX_CHARACTERS // 2)
    told = join([text("."), text(half), text(half), text("y"), text("z" * 2 * MAX_CHARACTERS)])
    assert told == [text("."), text(half * 2), text("y"), text("z" * 2 * MAX_CHARACTERS)]


@pytest.mark.anyio
async def test_what_came_before_a_failure_is_told_before_it() -> None:
    async def break_off() -> AsyncIterator[Any]:
        for said in "abc":
            yield text(said)
        raise ConnectionError

    stream = joined(break_off())
    assert [await anext(stream), await anext(stream)] == [text("a"), text("bc")]
    with pytest.raises(ConnectionError):
        await anext(stream)


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_who_leaves_while_the_model_is_silent_closes_its_stream(how: str) -> None:
    closed = asyncio.Event()

    async def fall_silent() -> AsyncIterator[Any]:
        try:
            yield text("a")
            yield text("b")
            await asyncio.Event().wait()
        finally:
            # As closing a connection does.
            await asyncio.sleep(0)
            closed.set()

    stream = joined(fall_silent())
    assert [await anext(stream), await anext(stream)] == [text("a"), text("b")]
    if how == "cancelled":
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    await stream.aclose()
    assert closed.is_set()


@pytest.mark.anyio
async def test_a_model_that_never_waits_gives_others_their_turn(monkeypatch) -> None:
    monkeypatch.setattr(joining, "TURN_SECONDS", 0)
    let_go = False

    async def talk() -> AsyncIterator[Any]:
        while not let_go:
            yield text("more ")

    async def listen() -> int:
        return len([chunk async for chunk in joined(talk())])

    listening = asyncio.create_task(listen())
    for _ in range(10):
        await asyncio.sleep(0)
    let_go = True
    assert await listening > 1
