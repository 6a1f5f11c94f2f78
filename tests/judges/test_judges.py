"""Judges that take their time: cfn-lint of every feature, checkov, taskcat."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from policies.additions import without_additions
from policies.features import FEATURES
from policies.subject import CODE_KEY, EACH, FULL, OPEN, ORIGINS, ROOT
from programs import run, tool

from local.template import load, parse
from ops.taskcat import overrides, regions

PROJECT = ROOT / ".taskcat.yml"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]  # on a busy machine


def with_defaults(names: tuple[str, ...]) -> str:
    """The template with some of EACH's values as the parameters' defaults, as JSON."""
    document = parse(without_additions((ROOT / "template.yaml").read_text()))
    for name in names:
        number = document["Parameters"][name]["Type"] == "Number"
        document["Parameters"][name]["Default"] = int(EACH[name]) if number else EACH[name]
    return json.dumps(document)


@pytest.mark.parametrize("feature", [*FEATURES, "everything"])
def test_cfn_lint_finds_nothing_with_a_feature(feature: str, tmp_path: Path) -> None:
    names = tuple(FULL) if feature == "everything" else FEATURES[feature][0]
    (tmp_path / "template.json").write_text(with_defaults(names))
    linter = Path(sys.executable).with_name("cfn-lint")
    assert run(linter, tmp_path / "template.json") == ""


@pytest.mark.parametrize("names", [(), tuple(FULL)], ids=["features off", "features on"])
def test_checkov_finds_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    """It leaves out what a condition leaves out, so that it has to see the template twice. What it
    is told to skip stands on the resource, with the reason."""
    (tmp_path / "template.json").write_text(with_defaults(names))
    output = run(
        *(tool("checkov"), "--file", tmp_path / "template.json", "--compact", "--quiet"),
        *("--framework", "cloudformation", "--skip-download"),  # of links to explanations
    )
    counts = re.search(r"Passed checks: (\d+), Failed checks: 0, Skipped checks: \d+", output)
    assert counts, output
    assert int(counts[1]) > 30


def test_taskcat_takes_its_configuration_and_the_template() -> None:
    output = run(tool("taskcat"), "lint", "--strict")
    assert "Linting passed for file" in output


@pytest.mark.parametrize("test", yaml.safe_load(PROJECT.read_text())["tests"])
def test_the_template_takes_what_taskcat_gives_it(test: str) -> None:
    project = yaml.safe_load(PROJECT.read_text())
    given = project["project"]["parameters"] | project["tests"][test]["parameters"]
    code = {"AgentCodeBucket": OPEN["AgentCodeBucket"], "AgentCodeKey": CODE_KEY}
    values = {name: str(value) for name, value in given.items()} | code
    assert load(ROOT / "template.yaml", values, ORIGINS).parameters.items() >= values.items()


def test_every_region_gets_the_zip_and_taskcat_finds_it() -> None:
    named = regions(PROJECT.read_text())
    assert {"us-east-1", "eu-central-1", "ap-southeast-2"} == set(named)
    places = {region: (f"sluice-code-123456789012-{region}", CODE_KEY) for region in named}
    assert yaml.safe_load(overrides(places)) == {
        "AgentCodeBucket": "sluice-code-123456789012-$[taskcat_current_region]",
        "AgentCodeKey": CODE_KEY,
    }


def test_one_bucket_for_every_region_is_refused_with_the_mend() -> None:
    with pytest.raises(SystemExit, match=r"take AgentCodeBucket out of samconfig\.toml"):
        overrides(dict.fromkeys(("us-east-1", "eu-west-1"), ("mine", CODE_KEY)))
