"""What the pages for production say is what the code has: costs, alarms, the workflow."""

import re
from typing import Any

import pytest
import yaml
from policies.subject import ROOT
from sluice.telemetry.metrics import UNITS

from local.template import parse
from ops.doctor.deployed import DEPLOYED
from ops.doctor.live import LIVE
from ops.doctor.thorough import THOROUGH

TEMPLATE = parse((ROOT / "template.yaml").read_text())
COSTS = (ROOT / "docs" / "costs.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
UNVERIFIED = (ROOT / "docs" / "unverified.md").read_text()

# Dollars an hour for a vCPU and for a GB on each platform, and what "1,000 messages" assumes.
CPU, MEMORY = {"V1": 0.0895, "V2": 0.1276}, {"V1": 0.00945, "V2": 0.0169}
SESSIONS, GIGABYTES, CPU_SECONDS, LAST_ANSWER = 200, 1.1, 4, 252


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table under a heading, its own heading left out."""
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("row", table(COSTS, "What an idle session costs"))
def test_the_price_of_idle_time_is_what_it_comes_to(row: list[str]) -> None:
    idle = int(row[0].split(",")[0].strip("`"))
    life = min(LAST_ANSWER + idle, 28_800)
    assert row[1] == f"{life:,} s"
    hours = SESSIONS * GIGABYTES * life / 3600
    assert [float(cell) for cell in row[2:]] == [round(hours * MEMORY[p], 3) for p in MEMORY]


def test_a_thousand_messages_add_up() -> None:
    costs = {row[0].strip("*"): float(row[2].strip("*")) for row in table(COSTS, "1,000 messages")}
    together = costs.pop("together")
    assert together == round(sum(costs.values()), 2)
    assert costs["CPU"] == round(SESSIONS * CPU_SECONDS / 3600 * CPU["V1"], 3)
    assert costs["model, input"] == 2_000_000 * 3 / 1_000_000
    assert costs["model, output"] == 400_000 * 15 / 1_000_000
    default = TEMPLATE["Parameters"]["IdleSeconds"]["Default"]
    idle = {row[0]: row[2:] for row in table(COSTS, "What an idle session costs")}
    on_v1, on_v2 = idle[f"{default}, the default"]
    assert costs["memory"] == float(on_v1)
    cpu = SESSIONS * CPU_SECONDS / 3600 * CPU["V2"]
    rest = together - costs["CPU"] - costs["memory"]
    said = re.search(r"memory costs (\S+), CPU (\S+) and all together (\S+), if", COSTS)
    assert said
    assert said.groups() == (on_v2, f"{cpu:.3f}", f"{rest + cpu + float(on_v2):.2f}")
    assert f"the other {round((together - 12) * 100)} cents" in COSTS
    assert f"decides {round(1200 / together)} % of the bill" in COSTS


def test_each_alarm_has_a_row_that_says_what_to_do() -> None:
    made = [
        name
        for name, each in TEMPLATE["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert [row[0].strip("`") for row in table(OPERATIONS, "Alarms")] == made


def test_what_is_unverified_is_asked_by_checks_that_exist_and_grows_no_longer() -> None:
    assert len(re.findall(r"(?m)^\| ", UNVERIFIED)) - 1 < 25
    doctor = {check.id for group in (DEPLOYED, LIVE, THOROUGH) for check in group.checks}
    for name in re.findall(r"\b(?:deployed|live)\.[a-z-]+", UNVERIFIED):
        assert name in doctor


def test_nobody_is_sent_to_a_page_that_bedrock_no_longer_has() -> None:
    """The console's page for access to models is retired; a first call subscribes the account."""
    retired = re.compile(
        r"(?i)model access page|request access to|enable (it|the model) in bedrock"
    )
    pages = [ROOT / "README.md", ROOT / "template.yaml", *(ROOT / "docs").rglob("*.md")]
    for folder, suffix in (
        ("agent/sluice", "py"),
        ("ops", "py"),
        ("local", "py"),
        ("spa/src", "ts*"),
    ):
        pages += (ROOT / folder).rglob(f"*.{suffix}")
    for page in pages:
        # The name of AWS's page about it is a source, and a source stands in quotation marks.
        text = page.read_text().replace('"Request access to models"', "")
        assert not retired.search(text), page.name


def test_every_parameter_and_metric_that_a_page_names_exists() -> None:
    known = (
        TEMPLATE["Parameters"].keys() | TEMPLATE["Resources"].keys() | TEMPLATE["Outputs"].keys()
    )
    elsewhere = {"CacheConfig", "NoEcho", "RetainExceptOnCreate"}
    for page in (COSTS, OPERATIONS):
        for name in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page):
            assert name in known | UNITS.keys() | elsewhere, name


@pytest.fixture
def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    )
    return found


def test_the_workflow_deploys_by_a_role_and_stores_no_key(workflow: dict[Any, Any]) -> None:
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"]["name"] == "${{ inputs.environment }}"
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        'make deploy ENV="$ENVIRONMENT"'  # a variable: an input's text is never part of a command
    ]
    assert "secrets." not in (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
