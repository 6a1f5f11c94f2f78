"""A file that cannot be the agent's is told at start, by an edit, and by the doctor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT
from e2e_stack import run_stack

from local.agent_check import fault_of_agent
from ops.doctor.agent import AGENT

ENVIRONMENT = {"SLUICE_CONVERSATIONS": "unused", "AWS_REGION": "us-east-1"}
WORKS = "from strands import Agent\ndef build_agent(run):\n    return Agent(model=run.model)\n"


def check(path: Path) -> str | None:
    return fault_of_agent(ROOT / "agent", {**ENVIRONMENT, "SLUICE_AGENT": str(path)})


def test_the_file_as_it_comes_makes_an_agent() -> None:
    assert fault_of_agent(ROOT / "agent", ENVIRONMENT) is None


def test_what_is_wrong_is_told_with_its_traceback_and_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\nimport nothing_there\n")
    told = (check(path) or "").splitlines()
    assert any("line 2" in line for line in told)
    assert told[-1].endswith("run `uv add --package sluice-agent nothing-there`.")


def test_the_doctor_names_a_file_that_defines_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n")
    monkeypatch.setenv("SLUICE_AGENT", str(path))
    (result,) = AGENT.examine(ROOT / "agent")
    assert "it defines none of them" in result.faults[0].saw
    path.write_text(WORKS)
    assert not AGENT.examine(ROOT / "agent")[0].faults


def test_the_stack_does_not_start_with_it_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def build_agent(run):\n    return 7\n")
    done = subprocess.run(
        [sys.executable, "-m", "local", "--port", "0", "--state", str(tmp_path / "state")],
        cwd=ROOT,
        env={**os.environ, "SLUICE_AGENT": str(path)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 1
    assert "returned something of the type int: return a strands Agent" in done.stderr


@pytest.mark.slow
def test_an_edit_that_does_not_work_is_not_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "agent" / "mine.py"
    path.parent.mkdir()
    path.write_text("async def answer(run):\n    yield 'first'\n")
    with run_stack(tmp_path / "state", environment={"SLUICE_AGENT": str(path)}) as stack:
        token = stack.tokens()["id_token"]
        body = {"prompt": "Hello"}
        session = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "a-session-of-this-test" * 2}
        assert "first" in str(stack.ask(body, token, **session))
        path.write_text("async def answer(run):\n    return 'second'\n")
        seen = stack.wait_for("must be an async generator")
        assert "first" in str(stack.ask(body, token, **session))
        path.write_text("async def answer(run):\n    yield 'third'\n")
        stack.wait_for("agent: taken up", seen)
        assert "third" in str(stack.ask(body, token, **session))
