"""Whatever a Python tool returns, nothing of it reads as a Python repr."""

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import re
import uuid
from collections import OrderedDict, deque, namedtuple
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_samples import KINDS, PNG
from pydantic import BaseModel
from sluice.agent_runner.translation import Translation
from sluice.tools.own import load_tools
from sluice.tools.results import succeed
from sluice.tools.timeout import Limited
from sluice.tools.values import as_json, blocks_of
from tool_calls import call

pytestmark = pytest.mark.anyio

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Reading:
    at: datetime.date
    values: set[int]
    raw: bytes = b"\x00\x01"


class City(BaseModel):
    name: str
    founded: datetime.date


class Secretive:
    def __repr__(self) -> str:
        return "REPR"

    __str__ = __repr__


def circle() -> list[Any]:
    around: list[Any] = [1]
    around.append(around)
    return around


DAY = datetime.date(2026, 11, 26)
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("plain", ["plain"]),
        (42, ["42"]),
        (1.5, ["1.5"]),
        (True, ["true"]),
        ({"naïve": (1, 2)}, ['{"naïve": [1, 2]}']),
        ([1, "a", None], ['[1, "a", null]']),
        ({3, 1, 2}, ["[1, 2, 3]"]),
        (frozenset(["b"]), ['["b"]']),
        (Point(1, 2), ["[1, 2]"]),
        (deque([1]), ["[1]"]),
        (OrderedDict(a=1), ['{"a": 1}']),
        ({1: "a", (1, 2): "b", None: "c"}, ['{"1": "a", "[1, 2]": "b", "null": "c"}']),
        (DAY, ['"2026-11-26"']),
        (decimal.Decimal("1.10"), ['"1.10"']),
        (uuid.UUID(int=1), ['"00000000-0000-0000-0000-000000000001"']),
        (pathlib.PurePosixPath("/a"), ['"/a"']),
        (Colour.RED, ['"red"']),
        ({"level": Level.HIGH}, ['{"level": 3}']),
        (
            Reading(DAY, {1}),
            ['{"at": "2026-11-26", "values": [1], "raw": "[application/octet-stream, 2 bytes]"}'],
        ),
        (City(name="Bern", founded=DAY), ['{"name": "Bern", "founded": "2026-11-26"}']),
        (b"text in UTF-8: \xc3\xa9", ["text in UTF-8: é"]),
        (b"\x00\xff", ["[application/octet-stream, 2 bytes]"]),
        ({"chart": PNG}, ['{"chart": "[image/png, 70 bytes]"}']),
        (ValueError("CANARY"), ['"[a value of type ValueError]"']),
        (Secretive(), ['"[a value of type Secretive]"']),
        ({"of": Secretive}, ['{"of": "[a value of type type]"}']),
        (print, ['"[a value of type builtin_function_or_method]"']),
        (iter([1]), ['"[a value of type list_iterator]"']),
        (circle(), ['[1, "[nested too deeply]"]']),
        (10**5_000, ['"[a number of thousands of digits]"']),
        ({"json": {"a": {1}}}, ['{"a": [1]}']),
        ({"text": "so"}, ["so"]),
        ({"video": {"format": "mp4", "source": {"bytes": b"\x00" * 3_000}}}, ["[video/mp4, 3 kB]"]),
        (
            {"document": {"format": "pdf", "name": "plan", "source": {"bytes": b"%PDF"}}},
            ["plan: [application/pdf, 4 bytes]"],
        ),
        ({"document": {"format": "csv", "name": "t", "source": {"bytes": b"a,b"}}}, ["t: a,b"]),
        ({"document": {"format": "txt", "source": {"text": "so"}}}, ["so"]),
        (
            {"image": {"format": "png", "source": {"location": {"uri": "s3://b/k"}}}},
            ["[image/png: its bytes are not at hand]"],
        ),
        ({"image": "a description"}, ['{"image": "a description"}']),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_told_in_words(value, expected) -> None:
    assert [block.get("text") for block in blocks_of(value)] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_told_as_one_however_it_is_returned(kind) -> None:
    data = KINDS[kind]
    image = {"image": {"format": kind, "source": {"bytes": data}}}
    for value in (data, bytearray(data), image, [image], (data,)):
        assert blocks_of(value) == [image]
    assert blocks_of(["Two:", image, data]) == [{"text": "Two:"}, image, image]


OWN = """
import dataclasses
from strands import tool

PNG = bytes.fromhex({png!r})

@dataclasses.dataclass
class Reading:
    values: set

@tool
def image() -> dict:
    "A picture."
    return {{"image": {{"format": "png", "source": {{"bytes": PNG}}}}}}

@tool
async def raw() -> bytes:
    "A picture's bytes."
    return PNG

@tool
async def steps():
    "One step after the other."
    yield "half"
    yield Reading({{1}})

@tool
def refused() -> dict:
    "A result of one's own."
    return {{"status": "error", "content": [{{"text": "Only on Sundays."}}, {{"json": {{1}}}}]}}

@tool
def broken() -> str:
    "Raise."
    raise ValueError("CANARY")
"""


async def test_a_tool_of_ones_own_may_return_anything(tmp_path) -> None:
    (tmp_path / "own.py").write_text(OWN.format(png=PNG.hex()))
    results = [await call(Limited(each)) for each, _ in load_tools(tmp_path)]
    assert [result["content"] for result in results] == [
        [IMAGE],
        [IMAGE],
        [{"text": '{"values": [1]}'}],
        [{"text": "Only on Sundays."}, {"text": "[1]"}],
        [{"text": "The tool failed: something went wrong inside it."}],
    ]
    assert [result["status"] for result in results] == ["success"] * 3 + ["error"] * 2


# Whatever is returned.

KNOWN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ODD = st.binary(max_size=20) | st.dates() | st.datetimes() | st.decimals() | st.uuids()
ODD |= st.timedeltas() | st.complex_numbers() | st.sampled_from([PNG, *KINDS.values()])
ODD |= st.builds(Secretive) | st.just(ValueError("x")) | st.just(Colour.RED) | st.just(int)
ODD |= st.builds(Reading, st.dates(), st.just({1})) | st.just(iter(())) | st.just(memoryview(b"a"))
KEYS = st.sampled_from(["image", "document", "video", "text", "json", "source", "bytes", "status"])
VALUES = st.recursive(
    KNOWN | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS | st.integers() | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
REPR = re.compile(r"\bb['\"]\\|\\x[0-9a-f]{2}|<[\w.]+ object|datetime\.|UUID\(|REPR|bytearray\(")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (*strings(key), *strings(each))
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from strings(each)


@given(VALUES)
def test_nothing_that_a_tool_returns_is_ever_told_as_a_repr(value) -> None:
    result = succeed("c1", {"status": "success", "content": blocks_of(value)})
    for block in result["content"]:
        assert block.keys() in ({"text"}, {"image"})
    message = {"role": "user", "content": [{"toolResult": {**result}}]}
    (event,) = Translation(keep_file=lambda _: "name").translate({"message": message})
    json.dumps(event)
    own = "".join(strings(value))
    for told in strings(event["content"]):
        for found in REPR.findall(told):
            assert found in own, told


@given(VALUES)
def test_what_is_told_of_a_value_is_json(value) -> None:
    json.loads(as_json(value))
