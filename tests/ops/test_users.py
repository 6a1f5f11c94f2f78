"""`make create-user`: people who may sign in, here and at a deployed stack."""

import io
import sys
import uuid

import pytest
from commands import open_terminal, run_command
from e2e_stack import RunningStack
from ops_support import Deployed, deploy

from ops import users
from ops.oauth import SignInError

GOOD, OTHER = "Correct-horse-1", "Battery-staple-2"


@pytest.fixture
def email() -> str:
    """An address that nobody has used yet."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


def password_of(printed: str) -> str:
    return printed.strip().rpartition(" ")[2]


# ---- the local pool ------------------------------------------------------------------------------


def test_a_generated_password_signs_in_at_the_running_stack_at_once(
    email: str, here: dict[str, str], stack: RunningStack
) -> None:
    ended = run_command("create-user", "--generate", environment={**here, "EMAIL": email})
    assert ended.returncode == 0, ended.stderr
    assert stack.tokens(email, password_of(ended.stdout))["id_token"]


def test_a_typed_password_signs_in_and_is_never_shown(
    email: str, here: dict[str, str], stack: RunningStack
) -> None:
    with open_terminal("create-user", environment={**here, "EMAIL": email}) as terminal:
        terminal.wait_for(f"Password for {email}: ")
        terminal.type(f"{GOOD}\n")
        terminal.wait_for("Once more: ")
        terminal.type(f"{GOOD}\n")
        shown = terminal.wait_for("may sign in.")
        assert terminal.end() == 0
    assert GOOD not in shown
    assert stack.tokens(email, GOOD)["id_token"]


@pytest.mark.parametrize(
    ("passwords", "words"),
    [(["short"], "at least 8 characters, an upper-case letter, a digit"), ([GOOD, OTHER], "same")],
)
def test_a_password_that_does_not_do_changes_nothing(
    passwords: list[str], words: str, email: str, here: dict[str, str], stack: RunningStack
) -> None:
    with open_terminal("create-user", environment={**here, "EMAIL": email}) as terminal:
        for prompt, password in zip(["Password", "Once more"], passwords, strict=False):
            terminal.wait_for(prompt)
            terminal.type(f"{password}\n")
        terminal.wait_for(words)
        assert terminal.end() == 1
    with pytest.raises(SignInError):
        stack.tokens(email, passwords[0])


def test_ctrl_c_changes_nothing(email: str, here: dict[str, str]) -> None:
    with open_terminal("create-user", environment={**here, "EMAIL": email}) as terminal:
        terminal.wait_for("Password for")
        terminal.type("\x03")
        terminal.wait_for("Nothing was changed.")
        assert terminal.end() == 1


def test_an_account_gets_another_password_only_when_asked(
    email: str, here: dict[str, str], stack: RunningStack
) -> None:
    asked = {**here, "EMAIL": email}
    first = password_of(run_command("create-user", "--generate", environment=asked).stdout)
    refused = run_command(
        "create-user", "--generate", environment={**asked, "EMAIL": email.upper()}
    )
    assert refused.returncode == 1
    assert "--reset" in refused.stderr
    assert stack.tokens(email, first)["id_token"]
    second = password_of(
        run_command("create-user", "--generate", "--reset", environment=asked).stdout
    )
    assert stack.tokens(email, second)["id_token"]
    with pytest.raises(SignInError):
        stack.tokens(email, first)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("new@example.com", [], "--generate"),
        ("new@example.com", ["--reset", "--generate"], "has no account"),
        ("new@example.com", ["--invite"], "cannot mail"),
        ("demo@example.com", ["--reset", "--generate"], "keeps its password"),
        ("", ["--generate"], "EMAIL="),
        ("somebody", ["--generate"], "EMAIL="),
    ],
)
def test_what_cannot_be_done_is_said(
    name: str,
    arguments: list[str],
    words: str,
    stack: RunningStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLUICE_STATE", str(stack.state))
    monkeypatch.setenv("EMAIL", name)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SystemExit, match=words) as ended:
        users.main(arguments)
    assert "\n" not in str(ended.value)


# ---- a deployed pool -----------------------------------------------------------------------------


def test_a_deployed_pool_gets_a_user_with_a_lasting_password(
    email: str, deployed: Deployed
) -> None:
    asked = {**deployed.environment, "EMAIL": email}
    ended = run_command("create-user", "--generate", environment=asked)
    assert ended.returncode == 0, ended.stderr
    user = look_up(deployed, email)
    assert user["UserStatus"] == "CONFIRMED"
    attributes = {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}
    assert attributes["email"] == email
    assert attributes["email_verified"] == "true"
    again = run_command("create-user", "--generate", environment=asked)
    assert again.returncode == 1
    assert "--reset" in again.stderr
    reset = run_command("create-user", "--generate", "--reset", environment=asked)
    assert password_of(reset.stdout) != password_of(ended.stdout)


def test_who_may_have_a_passkey_is_told_where_to_add_one(
    email: str, deployed: Deployed, stack: RunningStack
) -> None:
    """And the password stays the last word, which scripts take."""
    address = "https://sign-in.example/passkeys/add?client_id=c&redirect_uri=https://page.example"
    outputs = {**stack.outputs, "PasskeyUrl": address}
    deploy(deployed.emulator, "with-passkeys", outputs, deployed.dev_url)
    asked = {**deployed.environment, "STACK": "with-passkeys", "EMAIL": email}
    ended = run_command("create-user", "--generate", environment=asked)
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert first == f"Once signed in, {email} may add a passkey at {address}"
    assert second.startswith(f"{email} may sign in. The password")


def test_a_deployed_pools_policy_is_asked_before_anything_is_sent(
    email: str, deployed: Deployed
) -> None:
    """The pool asks for twelve characters and a digit, the local one for eight."""
    with open_terminal(
        "create-user", environment={**deployed.environment, "EMAIL": email}
    ) as terminal:
        terminal.wait_for("Password for")
        terminal.type("Elevenchars\n")
        terminal.wait_for("at least 12 characters, a digit.")
        assert terminal.end() == 1
    assert email not in names(deployed)


def test_an_invitation_leaves_the_password_to_the_pool(email: str, deployed: Deployed) -> None:
    ended = run_command(
        "create-user", "--invite", environment={**deployed.environment, "EMAIL": email}
    )
    assert ended.returncode == 0, ended.stderr
    assert look_up(deployed, email)["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def pool_id(deployed: Deployed) -> str:
    stacks = deployed.emulator.client("cloudformation").describe_stacks(StackName="chat")
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stacks["Stacks"][0]["Outputs"]}
    return str(outputs["UserPoolId"])


def look_up(deployed: Deployed, email: str) -> dict[str, object]:
    found: dict[str, object] = deployed.emulator.client("cognito-idp").admin_get_user(
        UserPoolId=pool_id(deployed), Username=email
    )
    return found


def names(deployed: Deployed) -> list[str]:
    users = deployed.emulator.client("cognito-idp").list_users(UserPoolId=pool_id(deployed))
    return [
        entry["Value"]
        for user in users["Users"]
        for entry in user["Attributes"]
        if entry["Name"] == "email"
    ]
