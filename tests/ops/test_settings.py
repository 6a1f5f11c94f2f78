"""samconfig.toml, as `make deploy` reads it."""

import os
from pathlib import Path

import pytest
from checkout import ROOT

from ops.settings import read_settings

CONFIG = """
version = 0.1
[default.global.parameters]
stack_name = "chat"
[default.deploy.parameters]
parameter_overrides = ["Prefix=chat", "file://more.yaml", "Format=a=b"]
[prod.deploy.parameters]
stack_name = "chat-prod"
region = "eu-west-1"
profile = "team"
parameter_overrides = ["Prefix=prod"]
[bare.deploy.parameters]
[local.deploy.parameters]
parameter_overrides = ["MaxTurns=19"]
"""


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen for this process ends with the test."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name in ("AWS_PROFILE", "AWS_REGION", *keys):
        monkeypatch.setenv(name, "")  # remembered, also where there is none
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "samconfig.toml").write_text(CONFIG)
    (tmp_path / "more.yaml").write_text("Prefix: other\nLogDays: 7\nDevUrl:\n")
    return tmp_path


def test_parameters_come_from_the_list_and_from_files_and_the_later_wins(project: Path) -> None:
    assert read_settings(project, "default", None).parameters() == {
        "Prefix": "other",
        "LogDays": "7",
        "DevUrl": "",
        "Format": "a=b",
    }


def test_an_environment_has_its_own_stack_and_parameters(project: Path) -> None:
    settings = read_settings(project, "prod", None)
    assert (settings.stack, settings.parameters()) == ("chat-prod", {"Prefix": "prod"})


def test_a_name_that_is_given_wins(project: Path) -> None:
    assert read_settings(project, "prod", "mine").stack == "mine"


def test_an_environments_region_is_used_unless_another_is_given(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    read_settings(project, "prod", None).choose_account()
    assert os.environ["AWS_REGION"] == "us-west-2"
    monkeypatch.setenv("AWS_REGION", "")
    read_settings(project, "prod", None).choose_account()
    assert os.environ["AWS_REGION"] == "eu-west-1"


def test_an_environments_profile_comes_before_the_shells_credentials_as_in_sam(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    read_settings(project, "default", None).choose_account()
    assert (os.environ["AWS_PROFILE"], os.environ["AWS_ACCESS_KEY_ID"]) == ("mine", "AKIA")
    read_settings(project, "prod", None).choose_account()
    assert (os.environ["AWS_PROFILE"], os.environ.get("AWS_ACCESS_KEY_ID")) == ("team", None)


def test_an_environment_may_stand_in_its_global_table_alone(project: Path) -> None:
    (project / "samconfig.toml").write_text(
        '[default.global.parameters]\nstack_name = "chat"\nparameter_overrides = "LogDays=7"\n'
    )
    settings = read_settings(project, "default", None)
    assert (settings.stack, settings.parameters()) == ("chat", {"LogDays": "7"})


@pytest.mark.parametrize("environment", ["staging", "local"])
def test_an_environment_that_cannot_be_deployed_names_those_that_can(
    project: Path, environment: str
) -> None:
    with pytest.raises(SystemExit, match="ENV can be default, prod, bare"):
        read_settings(project, environment, None)


def test_an_environment_without_a_stacks_name_asks_for_one(project: Path) -> None:
    with pytest.raises(SystemExit, match="say STACK=name"):
        read_settings(project, "bare", None)


def test_a_file_that_is_missing_is_named(project: Path) -> None:
    (project / "more.yaml").unlink()
    with pytest.raises(SystemExit, match=r"more\.yaml, which is no file"):
        read_settings(project, "default", None).parameters()


@pytest.mark.parametrize(
    "written",
    [
        """'Prefix="chat" Greeting="Ask us = anything" Empty="" file://more.yaml'""",
        """['Prefix=chat', 'Greeting=Ask us = anything', 'Empty=', 'file://more.yaml']""",
        """{ Greeting = 'Ask us = anything', Empty = '', '$include' = 'file://more.yaml' }""",
        """[{ Greeting = 'Ask us = anything' }, 'Empty=', 'file://more.yaml']""",
        """['ParameterKey=Greeting,ParameterValue=Ask us = anything', 'Empty=', 'file://more.yaml']""",
    ],
)
def test_every_form_that_sam_takes_says_the_same(project: Path, written: str) -> None:
    (project / "samconfig.toml").write_text(
        f"[default.deploy.parameters]\nstack_name = 'chat'\nparameter_overrides = {written}\n"
    )
    assert read_settings(project, "default", None).parameters() == {
        "Prefix": "other",
        "Greeting": "Ask us = anything",
        "Empty": "",
        "LogDays": "7",
        "DevUrl": "",
    }


@pytest.mark.parametrize("written", ["'Prefix=\"chat'", "7", "[1]", "{ Prefix = { a = 'b' } }"])
def test_overrides_of_another_form_get_a_sentence(project: Path, written: str) -> None:
    (project / "samconfig.toml").write_text(
        f"[default.deploy.parameters]\nstack_name = 'chat'\nparameter_overrides = {written}\n"
    )
    with pytest.raises(SystemExit, match=r"parameter_overrides in \[default.deploy.parameters\]"):
        read_settings(project, "default", None).parameters()


def test_a_files_lists_are_joined_and_its_files_stand_beside_it(project: Path) -> None:
    (project / "more.yaml").write_text("$include: file://teams/own.toml\nLogDays: 30\n")
    (project / "teams").mkdir()
    (project / "teams" / "own.toml").write_text('Prefix = "own"\nPolicies = ["a", "b"]\n')
    assert read_settings(project, "default", None).parameters() == {
        "Prefix": "own",
        "Policies": "a,b",
        "LogDays": "30",
        "Format": "a=b",
    }


def test_a_file_that_includes_itself_is_named(project: Path) -> None:
    (project / "more.yaml").write_text("$include: file://more.yaml\n")
    with pytest.raises(SystemExit, match=r"more\.yaml, which includes itself"):
        read_settings(project, "default", None).parameters()


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_sluice_ships_environments_with_a_stack_and_a_prefix_each(environment: str) -> None:
    settings = read_settings(ROOT, environment, None)
    written = [each for each in settings.overrides() if not each.startswith("file://")]
    assert settings.stack == f"sluice-{environment}"
    assert written == [f"Prefix=sluice-{environment}"]
    default = read_settings(ROOT, "default", None).table
    assert settings.table.keys() == default.keys()
