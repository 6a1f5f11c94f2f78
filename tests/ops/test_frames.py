"""AG-UI events out of whatever pieces a stream arrives in (F8)."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.frames import read_events

JSON_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
EVENTS = st.lists(st.dictionaries(JSON_TEXT, JSON_TEXT | st.integers()), max_size=5)


def cut(stream: bytes, places: list[int]) -> Iterator[bytes]:
    for begin, end in pairwise([0, *sorted(place % (len(stream) + 1) for place in places), None]):
        yield stream[begin:end]


@given(EVENTS, st.sampled_from(["\n", "\r", "\r\n"]), st.lists(st.integers(0), max_size=12))
def test_the_same_events_come_out_of_any_pieces(
    events: list[dict[str, object]], end: str, places: list[int]
) -> None:
    frames = [
        f": a comment{end}id: {number}{end}data: {json.dumps(event, ensure_ascii=False)}{end}{end}"
        for number, event in enumerate(events, 1)
    ]
    stream = "".join(frames).encode()
    assert list(read_events(cut(stream, places))) == events
    assert list(read_events(bytes([byte]) for byte in stream)) == events


def test_an_event_is_there_as_soon_as_its_frame_is_whole() -> None:
    pieces = iter([b'data: {"n"', b": 1}\n", b"\n", b"data: "])
    assert next(read_events(pieces)) == {"n": 1}
    assert next(pieces) == b"data: ", "it read on before it gave the event"


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"", []),
        (b":\n\n:\n\n", []),
        (b"id: 1\n\n", []),
        (b'\xef\xbb\xbfdata: {"n": 1}\n\n', [{"n": 1}]),
        (b'data:{"n":\ndata: 1}\n\n', [{"n": 1}]),
        (b'data: {"n": 1}\n\ndata: {"n": 2}\n', [{"n": 1}]),
        ('data: {"n": "\u2028\x85"}\n\n'.encode(), [{"n": "\u2028\x85"}]),
    ],
)
def test_a_stream_is_read_as_the_standard_says(
    stream: bytes, events: list[dict[str, object]]
) -> None:
    assert list(read_events([stream])) == events


@pytest.mark.parametrize("data", [b"[1]", b"nothing", b'{"n": '])
def test_data_that_is_no_json_object_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(read_events([b"data: " + data + b"\n\n"]))
