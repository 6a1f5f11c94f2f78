"""What an adopter adds to template.yaml is theirs: no policy punishes it, none looks past ours."""

from pathlib import Path

import pytest
from additions import OUTPUT, RESOURCES, ROUTE, STATEMENT, VARIABLES, extended
from policies.additions import without_additions
from policies.sam import Sam
from policies.subject import CLOSED, FULL, OPEN, ROOT, Subject

from local import shipped
from local.template import parse

from .test_policies import TEMPLATE, violations


def test_nothing_of_sluices_own_is_taken_out() -> None:
    left, whole = parse(TEMPLATE), parse((ROOT / "template.yaml").read_text())
    for section in whole.keys() - {"Resources", "Outputs"}:
        assert left[section] == whole[section]
    for name in shipped.OUTPUTS:
        assert left["Outputs"][name] == whole["Outputs"][name]
    for name in shipped.RESOURCES - {"Api", "Runtime", "RuntimeRole"}:
        assert left["Resources"][name] == whole["Resources"][name]


@pytest.mark.parametrize("parameters", [OPEN, FULL, CLOSED], ids=["open", "full", "closed"])
def test_additions_of_every_kind_keep_every_policy(
    parameters: dict[str, str], tmp_path: Path, sam: Sam
) -> None:
    assert violations(Subject.of(extended(), parameters, tmp_path, sam)) == {}


@pytest.mark.parametrize("addition", [RESOURCES, OUTPUT, VARIABLES, STATEMENT, ROUTE])
def test_an_addition_takes_nothing_else_with_it(addition: str) -> None:
    left = without_additions(extended(addition))
    assert parse(left) == parse(TEMPLATE)
    assert len(left.splitlines()) == len(extended(addition).splitlines())


@pytest.mark.parametrize(
    ("ours", "broken", "policy"),
    [
        ("security: [{ SignedIn: [] }] #", "#", "every_operation_asks_for_a_token"),
        ("          /chat:\n", "          /talk:\n", "every_operation_asks_for_a_token"),
        ("[s3:GetObject, s3:PutObject", "[s3:*, s3:PutObject", "no_action_is_a_wildcard"),
        ("SLUICE_MODEL: !Ref", "SLUICE_MODLE: !Ref", "the_agent_finds_its_model_and_its_bucket"),
    ],
)
def test_beside_additions_a_mistake_of_sluices_own_is_still_found(
    ours: str, broken: str, policy: str, tmp_path: Path, sam: Sam
) -> None:
    text = extended()
    assert text.count(ours) == 1
    subject = Subject.of(text.replace(ours, broken), OPEN, tmp_path, sam)
    assert policy in violations(subject)


def test_the_list_of_what_is_sluices_names_nothing_else() -> None:
    document = parse(TEMPLATE)
    assert document["Resources"].keys() >= shipped.RESOURCES
    assert document["Outputs"].keys() >= shipped.OUTPUTS
