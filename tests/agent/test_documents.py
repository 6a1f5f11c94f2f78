"""docs/wire.md says what the code does."""

import re
from pathlib import Path
from typing import get_args

from sluice.agui.body import MAX_BODY_BYTES
from sluice.agui.events import Notice
from sluice.agui.fields import MAX_QUERY, MAX_TITLE
from sluice.agui.request import ACTIONS
from sluice.runs.run import HEARTBEAT_SECONDS
from sluice.service_error import Code

WIRE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()


def test_every_code_is_explained_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", WIRE, re.M) == list(get_args(Code.__value__))


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{MAX_BODY_BYTES // 1024} KiB" in WIRE
    assert f"{HEARTBEAT_SECONDS:g} seconds" in WIRE
    assert MAX_TITLE == MAX_QUERY
    assert f"a title and a query {MAX_TITLE}." in WIRE


def test_every_action_is_documented_in_the_order_of_the_refusal_that_lists_them() -> None:
    assert tuple(re.findall(r'^\| `{"action": "(\w+)"', WIRE, re.M)) == ACTIONS


def test_every_notice_is_documented_and_no_other() -> None:
    (row,) = re.findall(r"^\| `CUSTOM` \|.*", WIRE, re.M)
    assert re.findall(r"`(\w+_\w+)`", row) == list(get_args(Notice.__value__))
