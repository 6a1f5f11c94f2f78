"""The "run ended" line is CloudWatch's Embedded Metric Format, and holds no content (T8)."""

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from sluice.service_error import Code
from sluice.telemetry import metrics
from sluice.telemetry.logs import ContentFreeFormatter
from sluice.telemetry.metrics import DIMENSION, FAILED, NAMESPACE, REFUSED, UNITS, Figures, record

# "Specification: Embedded metric format", CloudWatch User Guide:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
UNIT = {"enum": ["Seconds", "Milliseconds", "Bytes", "Percent", "Count", "None"]}  # some of all
METRIC = {
    "type": "object",
    "required": ["Name"],
    "properties": {"Name": NAME, "Unit": UNIT, "StorageResolution": {"enum": [1, 60]}},
    "additionalProperties": False,
}
DIMENSIONS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "array",
        "maxItems": 30,
        "items": {"type": "string", "minLength": 1, "maxLength": 250},
    },
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": {**NAME, "pattern": "^[0-9A-Za-z./_#:-]+$"},
        "Dimensions": DIMENSIONS,
        "Metrics": {"type": "array", "maxItems": 100, "items": METRIC},
    },
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "items": DIRECTIVE},
            },
        }
    },
}

WHOLE = Figures(
    model="eu.amazon.nova-pro-v1:0",
    code=None,
    run_seconds=2.5,
    first_token_seconds=0.4321,
    input_tokens=1200,
    output_tokens=345,
    tool_calls=2,
    interrupted=1,
)
FAILED_EARLY = Figures(model="claude", code="model_unavailable", run_seconds=0.01)


def line(figures: Figures) -> dict[str, Any]:
    """The line that the agent writes, as CloudWatch reads it."""
    made = logging.LogRecord("sluice.serving.service", 20, "service.py", 7, "run ended", (), None)
    made.fields = {"thread": "t", "run": "r", "end": "finished"} | record(figures)
    return json.loads(ContentFreeFormatter().format(made))


def values(told: dict[str, Any]) -> dict[str, Any]:
    """The metrics that CloudWatch takes out of a line, as its specification says."""
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: told[metric["Name"]] for metric in directive["Metrics"]}


@pytest.mark.parametrize("figures", [WHOLE, FAILED_EARLY], ids=["whole", "failed early"])
def test_the_line_is_in_the_format_of_the_specification(figures: Figures) -> None:
    told = line(figures)
    jsonschema.validate(told, SCHEMA)
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == NAMESPACE
    # "Target members": each name that a directive has stands at the root, of the right type.
    assert directive["Dimensions"] == [[DIMENSION]]
    assert told[DIMENSION] == figures.model
    for value in values(told).values():
        assert type(value) in (int, float)
    for metric in directive["Metrics"]:
        assert UNITS[metric["Name"]] == metric["Unit"]
    assert abs(told["_aws"]["Timestamp"] - time.time() * 1000) < 60_000
    assert told["message"] == "run ended"


def test_a_run_is_counted_with_its_times_and_tokens() -> None:
    assert values(line(WHOLE)) == {
        "Runs": 1,
        "Refused": 0,
        "Failed": 0,
        "Stopped": 0,
        "Interrupted": 1,
        "ToolCalls": 2,
        "InputTokens": 1200,
        "OutputTokens": 345,
        "FirstTokenMilliseconds": 432,
        "RunMilliseconds": 2500,
    }


def test_what_nobody_knows_is_left_out_and_no_zero_takes_its_place() -> None:
    told = values(line(FAILED_EARLY))
    assert told.keys() == UNITS.keys() - {"InputTokens", "OutputTokens", "FirstTokenMilliseconds"}
    assert (told["Failed"], told["Refused"], told["Interrupted"]) == (1, 0, 0)


def test_a_refused_request_is_no_run() -> None:
    told = values(line(Figures(model="m", code="thread_busy", run_seconds=None)))
    assert (told["Runs"], told["Refused"]) == (0, 1)
    assert "RunMilliseconds" not in told


@pytest.mark.parametrize("code", get_args(Code.__value__))
def test_every_code_counts_once(code: str) -> None:
    told = values(line(Figures(model="m", code=code, run_seconds=1)))
    ends = {name for name in ("Refused", "Failed", "Stopped", "Interrupted") if told[name]}
    assert ends == {
        "Refused"
        if code in REFUSED
        else "Failed"
        if code in FAILED
        else {"interrupted": "Interrupted"}[code]
    }
    assert told["Runs"] == 1


def test_a_run_that_its_person_stopped_is_no_failure() -> None:
    told = values(line(Figures(model="m", code=None, is_cancelled=True, run_seconds=1)))
    assert [told[name] for name in ("Stopped", "Refused", "Failed", "Interrupted")] == [1, 0, 0, 0]


def test_t8_the_line_holds_nothing_but_what_is_listed() -> None:
    assert record(WHOLE).keys() == {"_aws", DIMENSION, *UNITS}


def test_it_imports_nothing_heavy() -> None:
    path = str(Path(metrics.__file__).parents[2])
    script = (
        f"import sys; sys.path.insert(0, {path!r}); before = set(sys.modules); "
        "import sluice.telemetry.metrics; "
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before} "
        "- sys.stdlib_module_names))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stdout == "['sluice']\n", ended.stderr
