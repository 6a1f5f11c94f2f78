"""What a person does to a running stack: edits, restarts, mistakes, Ctrl-C."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest
from checkout import copy_checkout, edit
from commands import run_command
from e2e_stack import ROOT, RunningStack, run_stack, text_of
from support import free_ports

from local.stack import SERVICES


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what runs, to edit and to break."""
    return copy_checkout(tmp_path / "checkout")


def start_and_fail(root: Path, *arguments: str, **environment: str) -> str:
    """What the stack says when it cannot start; it has to end by itself, and not well."""
    ended = subprocess.run(
        [sys.executable, "-m", "local", *(arguments or ("--port", "0"))],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert not ended.stderr.startswith("Traceback"), ended.stderr
    return ended.stderr


# ---- edits -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_edits_take_effect_while_it_runs(checkout: Path, tmp_path: Path) -> None:
    """One stack, one edit after another: template, agent, page, and mistakes in each."""
    with run_stack(tmp_path / "state", root=checkout) as stack:
        token = stack.tokens()["id_token"]
        thread = str(uuid.uuid4())
        stored_run = {"threadId": thread, "prompt": "My lucky number is 12"}
        session = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": thread}
        stack.ask(stored_run, token, **session)

        # The template, at once.
        edit(checkout / "template.yaml", "maxLength: 32000", "maxLength: 30")
        seen = stack.wait_for("template: taken up")
        answer = httpx.post(
            stack.chat_url, json={"prompt": "x" * 31}, headers={"Authorization": token}
        )
        assert answer.status_code == 400

        # A mistake in the template leaves what ran before, and is named.
        edit(checkout / "template.yaml", "responseTransferMode: STREAM", "responseTransferMode: S")
        seen = stack.wait_for("responseTransferMode", after=seen)
        assert "not taken up" in stack.lines[seen - 1]
        assert stack.ask({"prompt": "Hello"}, token)[-1]["type"] == "RUN_FINISHED"
        edit(
            checkout / "template.yaml",
            "responseTransferMode: S\n",
            "responseTransferMode: STREAM\n",
        )
        seen = stack.wait_for("template: taken up", after=seen)

        # The agent, with the next message of a conversation that goes on.
        main = checkout / "agent" / "main.py"
        main.write_text('print("edited agent")\n' + main.read_text())
        seen = stack.wait_for("agent: taken up", after=seen)
        events = stack.ask(
            {"threadId": thread, "prompt": "What is my lucky number?"}, token, **session
        )
        assert "12" in text_of(events)
        assert any("edited agent" in line for line in stack.lines)

        # A mistake in the agent is shown as Python shows it.
        main.write_text("import nothing_of_this_name\n" + main.read_text())
        seen = stack.wait_for("not taken up", after=seen)
        assert any("nothing_of_this_name" in line for line in stack.lines)
        edit(main, "import nothing_of_this_name\n", "")
        seen = stack.wait_for("agent: taken up", after=seen)

        # The page, with a reload.
        edit(checkout / "spa" / "index.html", "<title>", "<title>Edited ")
        seen = stack.wait_for("page: reload", after=seen)
        assert "<title>Edited " in httpx.get(stack.outputs["SpaUrl"]).text


# ---- restarts ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_keys_users_and_conversations_survive_a_restart(tmp_path: Path) -> None:
    thread = str(uuid.uuid4())
    ports = ("--port", str(free_ports(len(SERVICES))))  # the issuer is an address: it has to stay
    with run_stack(tmp_path, *ports) as stack:
        tokens = stack.tokens()
        stack.ask({"threadId": thread, "prompt": "My lucky number is 12"}, tokens["id_token"])
    assert not (tmp_path / "outputs.json").exists(), "outputs of a stack that has ended"
    with run_stack(tmp_path, *ports) as stack:
        ask = {"threadId": thread, "prompt": "What is my lucky number?"}
        assert "12" in text_of(stack.ask(ask, tokens["id_token"]))
        refreshed = httpx.post(
            f"{stack.outputs['LoginUrl']}/oauth2/token",
            data={
                "grant_type": "refresh_token",
                "client_id": stack.outputs["UserPoolClientId"],
                "refresh_token": tokens["refresh_token"],
            },
        )
        assert refreshed.status_code == 200


def test_what_the_stack_keeps_is_its_owners_alone(tmp_path: Path) -> None:
    with run_stack(tmp_path / "state") as stack:
        stack.ask({"prompt": "Hello"}, stack.tokens()["id_token"])
    for path in (tmp_path / "state").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_ends_everything_it_started(
    signal_number: signal.Signals, tmp_path: Path
) -> None:
    with run_stack(tmp_path) as stack:
        stack.ask({"prompt": "Hello"}, stack.tokens()["id_token"])
        children = descendants(stack.process.pid)
        assert children, "no agent process was started"
        stack.process.send_signal(signal_number)
        assert stack.process.wait(15) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_agents_do_not_outlive_a_stack_that_was_killed(tmp_path: Path) -> None:
    with run_stack(tmp_path) as stack:
        children = descendants(stack.process.pid)
        stack.process.kill()
        stack.process.wait(5)
        for pid in children:
            wait_until_gone(pid)


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def wait_until_gone(pid: int) -> None:
    try:
        opened = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([opened], [], [], 10)
    assert ready, f"process {pid} still runs"


# ---- mistakes ----------------------------------------------------------------------------------


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start_and_fail(ROOT, "--port", str(port), "--state", str(tmp_path))
    assert f"Port {port} (site)" in said
    assert "make dev PORT=" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("responseTransferMode: STREAM", "responseTransferMode: STREEM", "STREEM"),
        ("type: http_proxy", "type: http_proxi", "http_proxi"),
        ("security: [{ SignedIn: [] }]", "security: [{ Signed: [] }]", "Signed"),
        ("!Ref ThrottleRate", "!Ref ThrottleRat", "ThrottleRat"),
        ("  Prefix:\n    Type: String", "  Prefix:\n   Type: String", "line"),
        ("ManagedLoginBranding", "ManagedLoginBrandin", "Branding"),
        ("Resources:\n", "Resource:\n", "Resources"),
    ],
)
def test_a_broken_template_stops_the_start_and_is_named(
    old: str, new: str, said: str, checkout: Path
) -> None:
    edit(checkout / "template.yaml", old, new)
    assert said in start_and_fail(checkout)


def test_a_forbidden_parameter_value_is_named(tmp_path: Path) -> None:
    state = ("--port", "0", "--state", str(tmp_path))
    assert "Model" in start_and_fail(ROOT, *state, "--parameter", "Model=nonsense")
    assert "NAME=VALUE" in start_and_fail(ROOT, *state, "--parameter", "Model")
    assert "Modell" in start_and_fail(ROOT, *state, "--parameter", "Modell=bedrock")


def test_an_agent_that_does_not_start_is_shown_with_its_last_words(checkout: Path) -> None:
    (checkout / "agent" / "main.py").write_text("import nothing_of_this_name\n")
    assert "nothing_of_this_name" in start_and_fail(checkout)


@pytest.mark.slow
def test_a_page_that_does_not_build_is_shown_with_the_builders_words(checkout: Path) -> None:
    (checkout / "spa" / "index.html").write_text('<script type="module" src="/none.ts"></script>')
    assert "none.ts" in start_and_fail(checkout)


@pytest.mark.slow
def test_a_machine_without_npm_is_told_what_to_do(checkout: Path) -> None:
    (checkout / "spa" / "dist" / "index.html").unlink(missing_ok=True)
    assert "There is no npm here: `make dev`" in start_and_fail(checkout, PATH="")


def test_a_model_that_is_not_known_is_named(tmp_path: Path) -> None:
    state = ("--port", "0", "--state", str(tmp_path))
    assert "SLUICE_MODEL" in start_and_fail(ROOT, *state, SLUICE_MODEL="nonsense")


# ---- the commands ------------------------------------------------------------------------------


def ask_verb(module: str, state: Path) -> subprocess.CompletedProcess[str]:
    return run_command(module, environment={"SLUICE_STATE": str(state)})


def test_token_prints_an_id_token_and_nothing_else(stack: RunningStack) -> None:
    printed = ask_verb("token", stack.state).stdout
    assert printed.count("\n") == 1
    assert stack.ask({"prompt": "Hello"}, printed.strip())[-1]["type"] == "RUN_FINISHED"


def test_outputs_prints_the_outputs_as_json(stack: RunningStack) -> None:
    assert json.loads(ask_verb("outputs", stack.state).stdout) == stack.outputs


@pytest.mark.parametrize("command", ["token", "outputs"])
def test_without_a_running_stack_a_verb_says_what_to_do(command: str, tmp_path: Path) -> None:
    ended = ask_verb(command, tmp_path)
    assert ended.returncode == 1
    assert "make dev" in ended.stderr
