"""samconfig.toml, as `make deploy` reads it."""

import os
from pathlib import Path

import pytest

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
parameter_overrides = ["Prefix=prod"]
[bare.deploy.parameters]
[local.deploy.parameters]
parameter_overrides = ["MaxTurns=19"]
"""


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
    read_settings(project, "prod", None).choose_region()
    assert os.environ["AWS_REGION"] == "us-west-2"
    monkeypatch.setenv("AWS_REGION", "")
    read_settings(project, "prod", None).choose_region()
    assert os.environ["AWS_REGION"] == "eu-west-1"


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
