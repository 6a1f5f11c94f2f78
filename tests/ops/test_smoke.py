"""`make smoke`: every check passes at a stack that works, and fails at one broken in its way."""

import json
from collections.abc import Iterator

import pytest
from checkout import copy_checkout, edit
from commands import run_command
from e2e_stack import RunningStack, run_stack
from ops_support import Deployed

from ops.smoke.checks import CHECKS

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
            "the first word comes before the last",
            "a wrong field is refused by name",
            "the preflight lets the page ask",
            "the page can read a refusal",
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
            "no token is refused at the gate",
            "an access token is refused at the gate",
            "the agent knows who asks",
            # An agent that does not know who asks answers nothing.
            "the stream is whole",
            "the first word comes before the last",
            "a thread remembers",
            "a cut answer goes on where it broke off",
            "conversations can be listed, read and deleted",
        },
    ),
    # What no template can break, so the local runtime and the agent are broken themselves.
    "runtime": (
        [
            ("local/runtime/app.py", 'b"access-control-allow-origin", b"*"', 'b"x-none", b"*"'),
            ("local/runtime/app.py", "not 33 <= len(values[0]) <= 256", "len(values[0]) == 33"),
            ("local/runtime/app.py", "await _check_token(scope, config, verifier)", "pass"),
            ("agent/sluice/serving/run_executor.py", "compose(stored_runs", "compose(()"),
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
            "the streamed answer lets the page read it",
            "a session id of 32 characters is refused",
            "a session id of 33 characters is taken",
            "the runtime refuses who comes around the gate without a token",
            "a thread remembers",
            "a cut answer goes on where it broke off",
            "conversations can be listed, read and deleted",
            "the stream is whole",
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


def test_a_working_stack_passes_every_check(here: dict[str, str]) -> None:
    ended = run_command("smoke", environment=here)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == len(CHECKS)
    assert all(line.startswith("PASS  ") for line in lines)


def test_a_deployed_stack_is_asked_the_same_as_json(deployed: Deployed) -> None:
    ended = run_command("smoke", "--json", environment=deployed.environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout)
    assert [(finding["check"], finding["passed"]) for finding in found] == [
        (check.name, True) for check in CHECKS
    ]


def test_what_is_broken_is_found_with_its_fix_and_nothing_else(
    broken: tuple[RunningStack, set[str]],
) -> None:
    stack, wanted = broken
    ended = run_command("smoke", environment={"SLUICE_STATE": str(stack.state)})
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    assert len(lines) == len(CHECKS)
    failed = [line.removeprefix("FAIL  ") for line in lines if not line.startswith("PASS  ")]
    assert {line.partition(": saw ")[0] for line in failed} == wanted
    for line in failed:
        assert "; expected " in line
        assert "; fix: " in line
    assert f"{len(failed)} of {len(CHECKS)} failed." in ended.stderr


def test_every_check_is_broken_by_one_of_these() -> None:
    found = set[str]().union(*(wanted for _, wanted in MUTATIONS.values()))
    assert found == {check.name for check in CHECKS}
