"""`make smoke`: a stack that works has no fault, and one that is broken is named by its break."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from checkout import copy_checkout, edit
from commands import run_command
from e2e_stack import RunningStack, run_stack
from ops_support import Deployed

from ops.doctor.live import LIVE
from ops.doctor.thorough import THOROUGH

CHECKS = [check.id for group in (LIVE, THOROUGH) for check in group.checks]

# What is broken, as edits of a checkout -> the checks that have to fail. Breaks that do not touch
# each other's checks share a stack, because starting one takes a second.
MUTATIONS: dict[str, tuple[list[tuple[str, str, str]], set[str]]] = {
    "gate": (
        [
            ("template.yaml", "responseTransferMode: STREAM", "responseTransferMode: BUFFERED"),
            ("template.yaml", "timeoutInMillis: 900000", "timeoutInMillis: 29000"),
            ("template.yaml", "x-amazon-apigateway-request-validator: body", "description: none"),
            (
                "template.yaml",
                "'Authorization,Content-Type,X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'",
                "'Authorization,Content-Type'",
            ),
            (
                "template.yaml",
                "            statusCode: 401\n            responseParameters:\n"
                "              gatewayresponse.header.Access-Control-Allow-Origin",
                "            statusCode: 401\n            responseParameters:\n"
                "              gatewayresponse.header.X-Nothing",
            ),
        ],
        {
            "live.streams",
            "live.field",
            "live.preflight",
            "live.refusal-cors",
        },
    ),
    "identity": (
        [
            ("template.yaml", "security: [{ SignedIn: [] }]", "description: open"),
            (
                "template.yaml",
                "RequestHeaderAllowlist: [Authorization]",
                "RequestHeaderAllowlist: [X-Other]",
            ),
        ],
        {
            "live.refusal",
            "live.access-token",
            "live.agent",
        },
    ),
    # What no template can break, so the local runtime and the agent are broken themselves.
    "runtime": (
        [
            ("local/runtime/app.py", 'b"access-control-allow-origin", b"*"', 'b"x-none", b"*"'),
            ("local/runtime/app.py", "not 33 <= len(values[0]) <= 256", "len(values[0]) == 33"),
            ("local/runtime/app.py", "await _check_token(scope, config, verifier)", "pass"),
            ("agent/sluice/serving/run_executor.py", "compose(past_runs", "compose(()"),
            (
                "agent/sluice/serving/service.py",
                "after > run.length else after)",
                "True else after)",
            ),
            (
                "agent/sluice/serving/actions.py",
                "await storage.threads.delete(owner, action.thread_id)",
                "pass",
            ),
            ("agent/sluice/agui/events.py", "id: {event_id}", "id: 7{event_id}"),
        ],
        {
            "live.answer-cors",
            "live.session",
            "live.runtime",
            "live.remembers",
            "live.resume",
            "live.conversations",
            "live.whole",
        },
    ),
}


@pytest.fixture(scope="module", params=MUTATIONS)
def broken(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningStack, set[str]]]:
    """A stack that is broken, and the checks that have to fail at it."""
    folder = tmp_path_factory.mktemp("broken")
    root = copy_checkout(folder / "checkout")
    breaks, wanted = MUTATIONS[request.param]
    for name, old, new in breaks:
        edit(root / name, old, new)
    slow = {"SLUICE_OFFLINE_DELAY_MS": "10"}
    with run_stack(folder / "state", root=root, environment=slow) as stack:
        yield stack, wanted


def smoke(environment: Mapping[str, str]) -> tuple[int, dict[str, dict[str, Any]]]:
    """The status of `make smoke`, and its results by id."""
    ended = run_command("doctor", "--live", "--json", environment=environment)
    found = json.loads(ended.stdout)
    assert [each["id"] for each in found] == CHECKS
    return ended.returncode, {each["id"]: each for each in found}


def test_a_working_stack_has_no_fault_and_a_line_for_each_check(here: dict[str, str]) -> None:
    ended = run_command("doctor", "--live", "--verbose", environment=here)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [line.split()[:2] for line in ended.stdout.splitlines()[: len(CHECKS)]]
    assert lines == [["ok", id_] for id_ in CHECKS]


@pytest.mark.slow
def test_a_deployed_stack_is_asked_the_same(deployed: Deployed) -> None:
    status, found = smoke(deployed.environment)
    assert {each["result"] for each in found.values()} == {"ok"}, found
    assert status == 0


@pytest.mark.slow
def test_what_is_broken_is_found_with_its_fix_and_nothing_else(
    broken: tuple[RunningStack, set[str]],
) -> None:
    stack, wanted = broken
    status, found = smoke({"SLUICE_STATE": str(stack.state)})
    assert status == 1
    assert {id_ for id_, each in found.items() if each["faults"]} == wanted
    for fault in (fault for each in found.values() for fault in each["faults"]):
        assert all(fault.values()), fault


def test_every_thorough_check_is_broken_by_one_of_these() -> None:
    found = set[str]().union(*(wanted for _, wanted in MUTATIONS.values()))
    assert found >= {check.id for check in THOROUGH.checks}


def test_it_looks_at_a_stack_that_runs_and_signs_in_for_itself(here: dict[str, str]) -> None:
    ended = run_command("doctor", "--live", "--only", "token", environment=here)
    assert ended.returncode == 2
    assert "--live looks at a running stack" in ended.stderr
