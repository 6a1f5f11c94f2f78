"""docs/doctor.md lists every check as the code has it."""

import re
from pathlib import Path

import pytest

from ops.doctor.agent import AGENT
from ops.doctor.check import Symptom
from ops.doctor.deployed import DEPLOYED
from ops.doctor.live import LIVE
from ops.doctor.template import TEMPLATE
from ops.doctor.thorough import THOROUGH
from ops.doctor.token import TOKEN

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "doctor.md"
GROUPS = (TEMPLATE, AGENT, TOKEN, LIVE, THOROUGH, DEPLOYED)
CHECKS = [check for group in GROUPS for check in group.checks]
TUTORIAL = list(Symptom)[:5]


def test_the_table_of_checks_is_the_codes() -> None:
    lines = DOCUMENT.read_text().splitlines()
    rows = [line for line in lines if re.match(r"\| `\w+\.[\w-]+` \|", line)]
    assert rows == [
        f"| `{each.id}` | {each.looks_at} | {each.symptom} | {each.severity} |" for each in CHECKS
    ]


def test_no_two_checks_have_one_id() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("symptom", TUTORIAL)
def test_each_symptom_of_the_tutorial_is_looked_for_in_the_file_and_in_what_runs(
    symptom: Symptom,
) -> None:
    groups = {check.id.partition(".")[0] for check in CHECKS if check.symptom == symptom}
    assert "template" in groups
    assert groups & {"live", "deployed"}
