"""template.yaml keeps every policy, and every policy notices when it is broken."""

from pathlib import Path

import pytest
from policies import POLICIES, Policy, Subject
from policies.additions import sluices_template
from policies.mutations import MUTATIONS, Edits
from policies.mutations_of_features import (
    MUTATIONS_OF_FEATURES,
    MUTATIONS_OF_MFA,
    MUTATIONS_OF_OPENAI,
)
from policies.sam import Sam
from policies.subject import CLOSED, FULL, OPEN, OPENAI, ROOT

from local.parameters import read_parameters

TEMPLATE = sluices_template().read_text()


def violations(subject: Subject) -> dict[str, list[str]]:
    """What each violated policy says, by its name."""
    found = {policy.__name__: list(policy(subject)) for policy in POLICIES}
    return {name: sentences for name, sentences in found.items() if sentences}


def broken(edits: Edits) -> str:
    """The template after the edits, each of which must find its text once."""
    text = TEMPLATE
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1, f"template.yaml has this {text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory, sam: Sam) -> set[str]:
    """Policies that the template itself violates: one test says so, the others look past it."""
    return {
        name
        for parameters in (OPEN, FULL, CLOSED, OPENAI)
        for name in violations(
            Subject.of(TEMPLATE, parameters, tmp_path_factory.mktemp("intact"), sam)
        )
    }


@pytest.mark.parametrize(
    "parameters",
    [OPEN, CLOSED, FULL, OPENAI, read_parameters(ROOT / "samconfig.toml")],
    ids=[
        "with a page under development",
        "for its own page only",
        "with every feature",
        "with a model of another server",
        "as make dev has it",
    ],
)
def test_the_template_keeps_every_policy(
    parameters: dict[str, str], tmp_path: Path, sam: Sam
) -> None:
    assert violations(Subject.of(TEMPLATE, parameters, tmp_path, sam)) == {}


@pytest.mark.parametrize(
    ("policy", "edits", "parameters"),
    [
        pytest.param(policy, edits, parameters, id=f"{policy.__name__}: {name}")
        for table, parameters in (
            (MUTATIONS, OPEN),
            (MUTATIONS_OF_FEATURES, FULL),
            (MUTATIONS_OF_MFA, CLOSED),
            (MUTATIONS_OF_OPENAI, OPENAI),
        )
        for policy, breaks in table.items()
        for name, edits in breaks.items()
    ],
)
def test_a_broken_template_violates_exactly_the_policy_that_is_about_the_break(
    policy: Policy,
    edits: Edits,
    parameters: dict[str, str],
    tmp_path: Path,
    sam: Sam,
    faults: set[str],
) -> None:
    found = violations(Subject.of(broken(edits), parameters, tmp_path, sam))
    assert found.keys() - faults == {policy.__name__} - faults, found
    assert policy.__name__ in found


def test_every_policy_has_a_break() -> None:
    tables = (MUTATIONS, MUTATIONS_OF_FEATURES, MUTATIONS_OF_OPENAI)
    assert {policy for table in tables for policy in table} == set(POLICIES)
