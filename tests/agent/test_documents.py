"""docs/wire.md says what the code does."""

import re
from pathlib import Path
from typing import get_args

from sluice.body import MAX_BODY_BYTES
from sluice.refusal import Code
from sluice.run import HEARTBEAT_SECONDS

WIRE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()


def test_every_code_is_explained_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", WIRE, re.M) == list(get_args(Code.__value__))


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{MAX_BODY_BYTES // 1024} KiB" in WIRE
    assert f"{HEARTBEAT_SECONDS:g} seconds" in WIRE
