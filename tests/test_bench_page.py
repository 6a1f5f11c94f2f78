"""The bench of the page: what it streams, and how its table judges."""

import dataclasses
import json

import pytest

from bench.answers import deltas, markdown
from bench.page import SIZES, Cost, rows
from bench.page_trace import script_seconds

COST = Cost(
    script=0.5,
    all_script=0.7,
    main=1.0,
    layout=0.1,
    long_tasks=0,
    longest_ms=40.0,
    long_total_ms=0.0,
    dropped=0,
    typing_ms=16.0,
    painted_ms=20.0,
)


@pytest.mark.parametrize("size", [1, 5_000, 50_000])
def test_an_answer_has_the_length_that_was_asked_for_and_is_always_the_same(size: int) -> None:
    text = markdown(size)
    assert len(text) == size
    assert markdown(size) == text
    assert "".join(deltas(text)) == text


def test_an_answer_holds_what_costs_a_page_something() -> None:
    text = markdown(5_000)
    for part in ("## ", "```python", "| gate |", "- ", "1. ", "> ", "$Q_1", "**", "](https://"):
        assert part in text


def test_the_table_says_which_targets_are_met() -> None:
    costs = {f"{kind} {size} 0": COST for kind in ("plain", "page") for size in SIZES}
    slow = dataclasses.replace(COST, script=3.0, longest_ms=150.0)
    table = {row.what: row for row in rows({**costs, "paced 50000": slow}, weighs=61_000)}
    assert table["weight before the first paint"].met is False
    assert table["50 kB at full speed, main thread"].met is True
    assert table["50 kB at 200 deltas/s: script"].met is False
    assert table["  longest task"].met is False
    assert table["  slowest key"].met is True


def test_a_moment_in_two_scripts_is_counted_once() -> None:
    def event(name: str, start: int, microseconds: int, thread: int = 1) -> dict[str, object]:
        times = {"ts": start, "dur": microseconds}
        return {"ph": "X", "name": name, "pid": 1, "tid": thread, **times}

    events = [
        event("FunctionCall", 0, 1_000_000),
        event("RunMicrotasks", 500_000, 1_000_000),
        event("Paint", 2_000_000, 1_000_000),
        event("FunctionCall", 3_000_000, 500_000),
        event("FunctionCall", 0, 100, thread=2),
    ]
    assert script_seconds(json.dumps({"traceEvents": events}).encode()) == 2.0
