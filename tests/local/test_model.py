"""Whose model answers, and what the agent's process is told of it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import botocore.session
import pytest

from local import model
from local.model import MODEL_ID, ModelChoice, ModelError, read_delay

URL = "http://127.0.0.1:3004"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell without a word about AWS or a model, with an empty ~/.aws."""
    for name in list(model.os.environ):
        if name.startswith(("AWS_", "SLUICE_")) or name.lower() == "no_proxy":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(model, "_BOARD", tmp_path / "board_vendor")
    (tmp_path / ".aws").mkdir()
    return tmp_path


def keys(choice: ModelChoice) -> set[str]:
    return {name for name in choice.environment if "KEY" in name}


@pytest.mark.usefixtures("home")
def test_without_a_choice_the_local_bedrock_answers() -> None:
    choice = ModelChoice.of(None, "bedrock", URL)
    assert choice.name == "offline"
    assert choice.environment == {
        "SLUICE_MODEL": "bedrock",
        "SLUICE_MODEL_ID": MODEL_ID,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": URL,
        "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": URL,
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": URL,
        "AWS_BEARER_TOKEN_BEDROCK": None,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.mark.usefixtures("home")
def test_an_old_samconfig_that_says_offline_still_works() -> None:
    assert ModelChoice.of("offline", "bedrock", URL) == ModelChoice.of(None, "bedrock", URL)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("parameter", [None, "offline", "bedrock"])
def test_the_shell_wins_and_offline_is_a_name_of_its_own(
    parameter: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_MODEL", "offline")
    assert ModelChoice.of(parameter, "bedrock", URL).environment["SLUICE_MODEL"] == "bedrock"
    for name in ("bedrock", "ollama"):
        monkeypatch.setenv("SLUICE_MODEL", name)
        assert ModelChoice.of(parameter, "bedrock", URL) == ModelChoice(name)


@pytest.mark.usefixtures("home")
def test_the_real_bedrock_is_the_persons_own_business() -> None:
    assert ModelChoice.of("bedrock", "bedrock", URL).environment == {}


@pytest.mark.usefixtures("home")
def test_a_template_of_another_model_is_believed() -> None:
    assert ModelChoice.of(None, "openai", URL) == ModelChoice("openai")
    assert ModelChoice.of("offline", "openai", URL).name == "offline"


@pytest.mark.usefixtures("home")
def test_an_id_of_the_persons_own_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_MODEL_ID", "us.amazon.nova-pro-v1:0")
    assert (
        ModelChoice.of(None, "bedrock", URL).environment["SLUICE_MODEL_ID"]
        == "us.amazon.nova-pro-v1:0"
    )


CREDENTIALS = {
    "keys": "[default]\naws_access_key_id = a\naws_secret_access_key = b\n",
    "a program, which is not run": "[default]\ncredential_process = touch {}\n",
    "half of the keys": "[default]\naws_access_key_id = a\n",
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_credentials_of_the_persons_own_are_not_covered(kind: str, home: Path) -> None:
    (home / ".aws" / "config").write_text(CREDENTIALS[kind].format(home / "run"))
    assert not keys(ModelChoice.of(None, "bedrock", URL))
    assert not (home / "run").exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "shell",
    [
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"},
    ],
)
def test_credentials_of_the_shell_are_not_covered(
    shell: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    assert not keys(ModelChoice.of(None, "bedrock", URL))


SIGN_IN = (
    "[default]\nsso_start_url = https://x\nsso_region = eu-west-1\n"
    "sso_account_id = 1\nsso_role_name = r\n"
)
UNUSABLE = {
    "no such profile": ("[profile work]\nregion = eu-west-1\n", "could not be found"),
    "a broken file": ("[profile nowhere", "Unable to parse"),
    "a role of nobody's": (
        "[profile nowhere]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n",
        "Environment",
    ),
    "no sign-in": (SIGN_IN.replace("default", "profile nowhere"), "SSO"),
    "no `aws login`": ("[profile nowhere]\nlogin_session = arn:aws:iam::1:user/u\n", "login"),
}


@pytest.fixture
def sign_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Leave what `aws sso login` does, with the time at which it expires."""
    cache = home / "cache"
    cache.mkdir()
    # botocore looks up the home folder when it is imported.
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    name = hashlib.sha1(b"https://x").hexdigest()  # noqa: S324 - as botocore does
    token = {"startUrl": "https://x", "region": "eu-west-1", "accessToken": "t"}
    (home / ".aws" / "config").write_text(SIGN_IN)

    def write(expires: str) -> None:
        (cache / f"{name}.json").write_text(json.dumps({**token, "expiresAt": expires}))

    return write


def test_a_sign_in_that_is_valid_is_not_covered_and_nobody_is_asked(
    sign_in: Callable[[str], None],
) -> None:
    sign_in("2999-01-01T00:00:00Z")
    choice = ModelChoice.of(None, "bedrock", URL)
    assert (choice.note, keys(choice)) == ("", set())


def test_a_sign_in_that_has_expired_is_told_and_left_out(sign_in: Callable[[str], None]) -> None:
    sign_in("2020-01-01T00:00:00Z")
    choice = ModelChoice.of(None, "bedrock", URL)
    assert "expired" in choice.note
    assert choice.environment["AWS_ACCESS_KEY_ID"] == "local"


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_configuration_that_no_client_could_use_is_told_and_left_out(
    home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, said = UNUSABLE[kind]
    (home / ".aws" / "config").write_text(config)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    choice = ModelChoice.of(None, "bedrock", URL)
    assert said in choice.note
    for name in [name for name, value in choice.environment.items() if value is None]:
        monkeypatch.delenv(name, raising=False)
    for name, value in choice.environment.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    session = botocore.session.Session()
    assert session.create_client("bedrock-runtime").meta.endpoint_url == URL
    assert session.get_credentials().get_frozen_credentials().access_key == "local"


def test_the_metadata_service_is_asked_on_ec2_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "botocore.credentials.InstanceMetadataProvider.load", lambda _: asked.append("asked")
    )
    assert keys(ModelChoice.of(None, "bedrock", URL))
    assert not asked
    (home / "board_vendor").write_text("Amazon EC2\n")
    assert keys(ModelChoice.of(None, "bedrock", URL))
    assert asked


def test_a_region_of_the_persons_own_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".aws" / "config").write_text("[default]\nregion = eu-west-3\n")
    environment = ModelChoice.of(None, "bedrock", URL).environment
    assert environment["AWS_REGION"] == "eu-west-3"
    assert "AWS_DEFAULT_REGION" not in environment
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert ModelChoice.of(None, "bedrock", URL).environment["AWS_REGION"] == "ap-south-1"


@pytest.mark.usefixtures("home")
def test_a_proxy_of_the_shell_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.com")
    environment = ModelChoice.of(None, "bedrock", URL).environment
    assert environment["no_proxy"] == "example.com,127.0.0.1"
    assert "NO_PROXY" not in environment


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("text", "seconds"), [("", 0.015), ("0", 0), ("10000", 10)])
def test_the_delay_is_in_milliseconds(
    text: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_OFFLINE_DELAY_MS", text)
    assert read_delay() == seconds


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "text", ["-1", "fast", "1.5", "10001", "9" * 20, "1_0", "\u0661", "\u00b2"]
)
def test_a_delay_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_OFFLINE_DELAY_MS", text)
    with pytest.raises(ModelError, match="set it to a whole number from 0 to 10000"):
        read_delay()
