"""The bench measures what it says: its client counts right, and its table tells a miss."""

import asyncio
import json

import pytest

from bench import client
from bench.client import Answer
from bench.crowd import is_whole
from bench.processes import start, subject
from bench.table import rows

START = {
    "start_sluice_ping_ms": 300.0,
    "start_sluice_event_ms": 400.0,
    "start_sluice_word_ms": 1000.0,
    "start_bare_ping_ms": 200.0,
    "start_bare_event_ms": 200.0,
    "start_tutorial_word_ms": 1300.0,
    "start_tutorial_zipped_word_ms": 4900.0,
}


def test_the_client_counts_every_event_and_sees_them_in_order() -> None:
    async def ask() -> tuple[Answer, bool]:
        with start(subject("bare")) as server:
            await client.wait_until_up(server)
            answer = await client.post(server, {"events": 3_000}, words=b'"3, "')
            return answer, server.started < answer.first <= answer.words <= answer.last

    answer, ordered = asyncio.run(ask())
    assert ordered
    assert answer.events == 3_000
    frames = answer.body.split(b"\n\n")[:-1]
    numbers = [json.loads(frame.partition(b"data: ")[2])["delta"] for frame in frames]
    assert numbers == [f"{n}, " for n in range(1, 3_001)]
    assert answer.characters == len("".join(numbers))


def test_a_subject_that_does_not_start_is_told() -> None:
    async def ask() -> None:
        with start(subject("missing")) as server:
            await client.wait_until_up(server)

    with pytest.raises(RuntimeError, match="did not start"):
        asyncio.run(ask())


def test_joined_deltas_have_as_many_characters() -> None:
    apart = Answer(bytearray(rb'data: {"delta": "a\"b, "} data: {"delta":"\u00e9"}'))
    joined = Answer(bytearray(rb'data: {"type":"T","delta":"a\"b, \u00e9"}'))
    assert (apart.characters, joined.characters) == (6, 6)


END = b'data: {"type":"RUN_FINISHED"}\n\n'


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'id: 1\ndata: {"delta":"ab"}\n\nid: 2\n' + END, True),
        (b'id: 1\ndata: {"delta":"ab"}\n\nid: 3\n' + END, False),
        (b'id: 2\ndata: {"delta":"ab"}\n\nid: 1\n' + END, False),
        (b'id: 1\ndata: {"delta":"a"}\n\nid: 2\n' + END, False),
        (b'id: 1\ndata: {"delta":"ab"}\n\nid: 2\ndata: {"type":"RUN_ERROR"}\n\n', False),
    ],
    ids=["whole", "a gap", "out of order", "a character less", "an error"],
)
def test_a_stream_with_a_gap_or_without_its_end_is_not_whole(body: bytes, whole: bool) -> None:
    assert is_whole(Answer(bytearray(body)), 2) is whole


def test_the_table_tells_characters_and_events_apart() -> None:
    figures = {
        "rate_growth": 2.0,
        "rate_sluice_per_s": 1_000.0,
        "rate_sluice_characters_per_s": 600_000.0,
        "rate_bedrock_characters_per_s": 300_000.0,
        "rate_single_per_s": 30_000.0,
        "rate_bridge_per_s": 10_000.0,
        "rate_bridge_characters_per_s": 60_000.0,
        "rate_bare_per_s": 100_000.0,
        "rate_bare_characters_per_s": 600_000.0,
    }
    characters, beside, bedrock, events, *_ = rows(figures)
    assert (characters.ratio, characters.met) == (10.0, True)
    assert (beside.ratio, bedrock.ratio) == (1.0, 0.5)
    assert (events.ratio, events.met) == (3.0, False)


def test_the_table_has_a_ratio_for_each_comparison_and_tells_a_missed_target() -> None:
    ping, event, zipped, compiled = rows(START)
    assert (ping.ratio, ping.met) == (1.5, True)
    assert (event.ratio, event.met) == (2.0, True)
    assert (zipped.ratio, zipped.met) == (4.9, False)
    assert compiled.ratio == 1.3
    assert "MISSED" in str(zipped)
    assert "met" in str(ping)
