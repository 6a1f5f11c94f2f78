"""The tools that people deploy with take the template without a word, and without a flag."""

import sys
from pathlib import Path

import pytest
from policies.subject import OPEN, ORIGINS, ROOT
from programs import run

from local import shipped
from local.template import load


def test_cfn_lint_finds_nothing() -> None:
    assert run(Path(sys.executable).with_name("cfn-lint"), "template.yaml") == ""


def test_nothing_outside_the_template_silences_a_linter() -> None:
    assert not list(ROOT.glob(".cfnlintrc*"))


def test_sam_validate_lints_and_finds_nothing(sam_cli: Path) -> None:
    assert run(sam_cli, "validate").strip().endswith("is a valid SAM Template")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, sam_cli: Path) -> Path:
    """What `sam build` makes, in a folder of its own."""
    folder = tmp_path_factory.mktemp("build")
    made = folder / "made"
    output = run(sam_cli, "build", "--build-dir", made, "--cache-dir", folder / "cache")
    assert "Build Succeeded" in output
    return made / "template.yaml"


def test_what_sam_builds_means_what_the_template_says(built: Path) -> None:
    """Of a Lambda function of one's own it makes another CodeUri."""
    one, other = load(built, OPEN, ORIGINS), load(ROOT / "template.yaml", OPEN, ORIGINS)
    assert one.outputs == other.outputs
    for name in shipped.RESOURCES & other.resources.keys():
        assert one.resources[name] == other.resources[name]
