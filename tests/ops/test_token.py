"""`make token`: an ID token on the standard output, and nothing else there."""

import base64
import json
import socket
from urllib.parse import urlsplit

import pytest
from commands import open_terminal, run_command
from e2e_stack import RunningStack
from ops_support import Deployed, deploy

from local.pool import PoolStore

EMAIL, PASSWORD = "token@example.com", "Correct-horse-1"


@pytest.fixture(scope="module", autouse=True)
def somebody(stack: RunningStack) -> None:
    """A second person of the local pool."""
    PoolStore(stack.state / "pool").ensure_user(EMAIL, PASSWORD)


def email_of(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["email"])


def test_another_persons_password_comes_from_the_environment(here: dict[str, str]) -> None:
    ended = run_command("token", environment={**here, "EMAIL": EMAIL, "SLUICE_PASSWORD": PASSWORD})
    assert email_of(ended.stdout) == EMAIL
    assert ended.stdout.count("\n") == 1
    assert not ended.stderr


def test_another_persons_password_is_asked_for_and_not_shown(here: dict[str, str]) -> None:
    with open_terminal("token", environment={**here, "EMAIL": EMAIL}) as terminal:
        terminal.wait_for(f"Password of {EMAIL}: ")
        terminal.type(f"{PASSWORD}\n")
        assert terminal.end() == 0
    assert PASSWORD not in terminal.seen
    assert email_of(terminal.seen.strip()) == EMAIL


@pytest.mark.parametrize(
    ("password", "words"), [("Wrong-1234", "did not accept"), ("", "SLUICE_PASSWORD")]
)
def test_without_the_right_password_there_is_a_sentence(
    password: str, words: str, here: dict[str, str]
) -> None:
    asked = {**here, "EMAIL": EMAIL, "SLUICE_PASSWORD": password}
    ended = run_command("token", environment=asked)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert not ended.stdout
    assert ended.stderr.count("\n") == 1
    assert "Wrong-1234" not in ended.stderr


def test_a_deployed_stack_signs_in_by_the_browser_t12(
    deployed: Deployed, stack: RunningStack
) -> None:
    """The listener takes the one answer with this sign-in's state, and nothing else (T12)."""
    ended = run_command("token", environment=deployed.environment)
    assert ended.returncode == 0, ended.stderr
    token = ended.stdout.removesuffix("\n")
    assert "\n" not in token
    assert stack.ask({"prompt": "Hello"}, token)[-1]["type"] == "RUN_FINISHED"
    assert f"{stack.outputs['LoginUrl']}/oauth2/authorize?" in ended.stderr
    assert "code=" not in ended.stderr


def test_a_sign_in_that_was_given_up_is_said(deployed: Deployed) -> None:
    ended = run_command("token", environment={**deployed.environment, "FAKE_BROWSER": "cancel"})
    assert ended.returncode == 1
    assert "access_denied" in ended.stderr


def test_a_port_that_is_taken_is_named(deployed: Deployed) -> None:
    port = urlsplit(deployed.dev_url).port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ended = run_command("token", environment=deployed.environment)
    assert ended.returncode == 1
    assert f"Port {port}" in ended.stderr


def test_a_stack_without_a_dev_url_cannot_be_signed_in_to_from_here(
    deployed: Deployed, stack: RunningStack
) -> None:
    deploy(deployed.emulator, "closed", stack.outputs, "")
    ended = run_command("token", environment={**deployed.environment, "STACK": "closed"})
    assert ended.returncode == 1
    assert "no DevUrl" in ended.stderr
