"""Settings come from the environment; a bad value is a sentence that names it."""

import subprocess
import sys
from pathlib import Path

import pytest
from sluice.settings import VARIABLES, Settings, SettingsError

GOOD = {"SLUICE_MODEL": "ollama", "SLUICE_CONVERSATIONS": "conversations"}


def test_the_defaults_are_those_of_a_deployed_agent() -> None:
    settings = Settings.read({"SLUICE_CONVERSATIONS": "s3://bucket", "AWS_REGION": "eu-west-1"})
    assert (settings.model, settings.model_region) == ("bedrock", "eu-west-1")
    assert settings.model_id.startswith("global.anthropic.")
    assert (settings.host, settings.port, settings.max_prompt) == ("0.0.0.0", 8080, 32_000)  # noqa: S104


def test_a_set_but_empty_variable_has_its_default() -> None:
    assert Settings.read(GOOD | {variable.name: "" for variable in VARIABLES} | GOOD).port == 8080


WRONG = {
    "SLUICE_MODEL": ["gpt", "Bedrock ", "offline"],
    "SLUICE_MODEL_URL": ["localhost:11434", "ftp://x", "http://"],
    "SLUICE_CONVERSATIONS": ["", "s3://", "s3://UPPER", "s3:///prefix", "gs://bucket"],
    "SLUICE_MAX_PROMPT": ["0", "1000001", "-1", "many", "1.5", "9" * 20, "1_0", "\u0661"],
    "SLUICE_PORT": ["0", "65536", "http"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_a_bad_value_is_told_with_its_name_and_its_mend(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read(GOOD | {name: value})
    said = str(error.value)
    assert said.startswith(f"{name} is {value.strip() or 'not set'}: set it to ")


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="one of bedrock, ollama, openai"):
        Settings.read(GOOD | {"SLUICE_MODEL": "gpt"})


def test_bedrock_needs_a_region_and_openai_a_model_id() -> None:
    with pytest.raises(SettingsError, match="SLUICE_MODEL_REGION is not set"):
        Settings.read(GOOD | {"SLUICE_MODEL": "bedrock"})
    with pytest.raises(SettingsError, match="SLUICE_MODEL_ID is not set"):
        Settings.read(GOOD | {"SLUICE_MODEL": "openai"})


def test_every_bad_value_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read({"SLUICE_MODEL": "x", "SLUICE_PORT": "x"})
    names = [line.split()[0] for line in str(error.value).splitlines()]
    assert names == ["SLUICE_MODEL", "SLUICE_CONVERSATIONS", "SLUICE_PORT"]


def test_the_key_is_not_shown() -> None:
    assert "sesame" not in repr(Settings.read(GOOD | {"SLUICE_MODEL_KEY": "sesame"}))


def test_the_process_ends_with_the_sentence() -> None:
    main = Path(__file__).parents[2] / "agent" / "main.py"
    ended = subprocess.run(
        [sys.executable, main],
        env={"SLUICE_MODEL": "x"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("SLUICE_MODEL is x: set it to one of bedrock")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SLUICE_MODLE", "SLUICE_MODEL"),
        ("SLUICE_MAX_PROMT", "SLUICE_MAX_PROMPT"),
        ("SLUICE_MODEL_REGOIN", "SLUICE_MODEL_REGION"),
        ("SLUICE_MODEL_IDS", "SLUICE_MODEL_ID"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_right_name(name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is no setting of the agent.*{meant}"):
        Settings.read(GOOD | {name: "x"})


@pytest.mark.parametrize("name", ["ORDERS_TABLE", "SLUICE_PASSWORD", "SLUICE_STATE", "SLUICE_SAM"])
def test_a_variable_of_somebody_elses_is_let_be(name: str) -> None:
    assert Settings.read(GOOD | {name: "x"}) == Settings.read(GOOD)
