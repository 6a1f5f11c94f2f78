"""`make logs`: what a stack says, here and from CloudWatch."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from commands import open_terminal, run_command
from e2e_stack import RunningStack
from ops_support import STACK_NAME, Deployed

import local.__main__ as stack_program
from ops import logs


def stamped(seconds_ago: float, line: str) -> str:
    moment = datetime.fromtimestamp(time.time() - seconds_ago).astimezone()
    return f"{moment:%Y-%m-%dT%H:%M:%S%z}  {line}"


# ---- the local log -------------------------------------------------------------------------------


def test_the_running_stacks_lines_are_shown(here: dict[str, str], stack: RunningStack) -> None:
    stack.ask({"prompt": "Hello"}, stack.tokens()["id_token"])
    ended = run_command("logs", environment=here)
    assert ended.returncode == 0, ended.stderr
    assert "ready in" in ended.stdout
    assert '"path":"/prod/chat"' in ended.stdout


def test_following_shows_what_is_said_next_until_ctrl_c(
    here: dict[str, str], stack: RunningStack
) -> None:
    with open_terminal("logs", "--since", "1h", "--follow", environment=here) as terminal:
        terminal.wait_for("ready in")
        owner_seen = len(stack.lines)
        stack.ask({"prompt": "Hello"}, stack.tokens()["id_token"])
        stack.wait_for("api:", after=owner_seen)
        request = stack.lines[-1].partition('"requestId":"')[2][:36]
        terminal.wait_for(request)
        terminal.type("\x03")
        assert terminal.end() == 130


def test_only_lines_since_a_time_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "stack.log"
    old = [stamped(7200, "two hours ago"), "  and its second line"]
    new = [stamped(60, "a minute ago"), "  and more of it", stamped(0, "now")]
    log.write_text("\n".join([*old, *new]) + "\n")
    assert list(logs.local_lines(log, time.time() - 3600, follow=False)) == new
    assert list(logs.local_lines(log, 0, follow=False)) == [*old, *new]


def test_following_goes_on_in_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOCAL_POLL_SECONDS", 0.01)
    log = tmp_path / "stack.log"
    lines = [stamped(0, f"line {number}") for number in range(5)]
    (tmp_path / "stack.log.1").write_text(f"{lines[0]}\n")
    log.write_text(f"{lines[1]}\n{lines[2][:10]}")
    followed = logs.local_lines(log, 0, follow=True)
    assert [next(followed), next(followed)] == lines[:2]
    with log.open("a") as file:
        file.write(f"{lines[2][10:]}\n{lines[3]}\n")
    log.rename(tmp_path / "stack.log.1")
    log.write_text(f"{lines[4]}\n")
    assert [next(followed) for _ in range(3)] == lines[2:]


@pytest.fixture
def kept() -> Iterator[logging.Logger]:
    """The stack's own logger, as it is before a stack starts."""
    logger = logging.getLogger("stack")
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def test_the_kept_log_is_bounded(
    kept: logging.Logger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_program, "LOG_BYTES", 1000)
    stack_program.keep_log(tmp_path)
    for number in range(200):
        stack_program.log(f"line {number} 100%")
    assert {path.name for path in tmp_path.iterdir()} == {"stack.log", "stack.log.1"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    shown = list(logs.local_lines(tmp_path / "stack.log", 0, follow=False))
    assert shown[-1].endswith("  line 199 100%")


@pytest.mark.parametrize(
    ("arguments", "words"), [([], "make dev"), (["--since", "yesterday"], "such as 90s")]
)
def test_what_cannot_be_shown_is_said(arguments: list[str], words: str, tmp_path: Path) -> None:
    ended = run_command("logs", *arguments, environment={"SLUICE_STATE": str(tmp_path)})
    assert ended.returncode != 0
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


# ---- a deployed stack's logs ---------------------------------------------------------------------


class Written:
    """Writes to a log group of the emulator."""

    def __init__(self, deployed: Deployed, group: str, *, create: bool = True) -> None:
        self.client = deployed.emulator.client("logs")
        self.group = group
        if create:
            self.client.create_log_group(logGroupName=group)
        self.client.create_log_stream(logGroupName=group, logStreamName="s")

    def write(self, seconds_ago: float, message: str) -> None:
        event = {"timestamp": int((time.time() - seconds_ago) * 1000), "message": message}
        self.client.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=[event])


def test_the_apis_and_the_agents_logs_are_shown_in_order(
    deployed: Deployed, stack: RunningStack
) -> None:
    found = deployed.emulator.client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="ApiLog"
    )
    api = Written(deployed, found["StackResourceDetail"]["PhysicalResourceId"], create=False)
    api.write(7200, "long ago")
    api.write(30, '{"status":"200"}')
    without_agent = run_command("logs", environment=deployed.environment)
    assert "does not exist: nothing has been said" in without_agent.stderr
    assert 'api: {"status":"200"}' in without_agent.stdout
    agent = Written(
        deployed, f"/aws/bedrock-agentcore/runtimes/{stack.outputs['RuntimeId']}-DEFAULT"
    )
    agent.write(40, "run began \x1b[2J\n")
    agent.write(20, "run ended\n")
    ended = run_command("logs", environment=deployed.environment)
    assert ended.returncode == 0, ended.stderr
    assert [line.partition("Z  ")[2] for line in ended.stdout.splitlines()] == [
        "agent: run began [2J",
        'api: {"status":"200"}',
        "agent: run ended",
    ]
    assert (
        "long ago" in run_command("logs", "--since", "1d", environment=deployed.environment).stdout
    )


def test_following_shows_each_event_once_and_late_ones_too(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.01)
    group = Written(deployed, "/followed")
    group.write(10, "first")
    group.write(8, "first")
    followed = logs.deployed_lines(group.client, {"x": group.group}, time.time() - 60, follow=True)
    assert [next(followed)[-8:] for _ in range(2)] == ["x: first"] * 2
    group.write(9, "late")
    assert next(followed).endswith("x: late")
    group.write(0, "last")
    assert next(followed).endswith("x: last")
