"""docs/deployer-policy.json: enough to deploy, update and delete everything, and no more."""

import json
import re
from typing import Any

import pytest
from policies.deployer import ANYWHERE, FOR_VERBS, NOT_NEEDED, permissions
from policies.permissions import PUSH_LOGS
from policies.sam import Sam
from policies.subject import FULL, ROOT, listed

from local.template import parse

TEXT = (ROOT / "docs" / "deployer-policy.json").read_text()
STATEMENTS: list[dict[str, Any]] = json.loads(TEXT)["Statement"]
ALLOWED = {action for statement in STATEMENTS for action in listed(statement["Action"])}
VERBS = {action for actions in FOR_VERBS.values() for action in actions}


@pytest.fixture(scope="module")
def needed(sam: Sam) -> dict[str, set[str]]:
    """What the template's resources ask for, every feature included."""
    expanded = sam.expand(parse((ROOT / "template.yaml").read_text()), FULL)
    return permissions(sorted({each["Type"] for each in expanded["Resources"].values()}))


def statement(action: str) -> dict[str, Any]:
    """The one statement that allows an action."""
    (found,) = (each for each in STATEMENTS if action in each["Action"])
    return found


def test_every_resource_can_be_made_changed_and_deleted(needed: dict[str, set[str]]) -> None:
    missing = {name: types for name, types in needed.items() if name not in ALLOWED}
    assert missing == {}


def test_every_verb_can_do_its_work() -> None:
    assert VERBS <= ALLOWED


def test_nothing_is_allowed_that_neither_a_resource_nor_a_verb_needs(
    needed: dict[str, set[str]],
) -> None:
    assert ALLOWED - needed.keys() - VERBS == set()


def test_every_exception_is_about_something_that_a_resource_could_ask_for(sam: Sam) -> None:
    """A pattern that fits nothing any more hides what it will fit tomorrow."""
    expanded = sam.expand(parse((ROOT / "template.yaml").read_text()), FULL)
    types = sorted({each["Type"] for each in expanded["Resources"].values()})
    left_out = {**NOT_NEEDED}
    NOT_NEEDED.clear()
    try:
        everything = permissions(types)
    finally:
        NOT_NEEDED.update(left_out)
    for pattern in left_out:
        assert any(re.fullmatch(pattern, name) for name in everything), pattern


def test_no_action_is_a_wildcard_and_nothing_is_allowed_by_leaving_out() -> None:
    for each in STATEMENTS:
        assert each.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        assert each["Effect"] == "Allow"
        assert not [action for action in each["Action"] if "*" in action]


def test_only_what_has_no_name_is_allowed_everywhere() -> None:
    for each in STATEMENTS:
        if "*" in each["Resource"]:
            assert set(each["Action"]) <= ANYWHERE


def test_roles_are_the_stacks_and_go_to_its_two_services_only() -> None:
    roles = ["arn:aws:iam::ACCOUNT:role/STACK-*"]
    for action in sorted(ALLOWED):
        if action.startswith("iam:") and action != "iam:CreateServiceLinkedRole":
            assert statement(action)["Resource"] == roles, action
    passed = statement("iam:PassRole")["Condition"]["StringEquals"]["iam:PassedToService"]
    assert passed == ["apigateway.amazonaws.com", "bedrock-agentcore.amazonaws.com"]
    attached = statement("iam:AttachRolePolicy")["Condition"]["ArnEquals"]["iam:PolicyARN"]
    assert attached == PUSH_LOGS
    services = statement("iam:CreateServiceLinkedRole")["Condition"]["StringEquals"]
    assert all(
        name.endswith(".bedrock-agentcore.amazonaws.com") for name in services["iam:AWSServiceName"]
    )


def test_buckets_secrets_and_alarms_are_the_stacks() -> None:
    for action in ("s3:DeleteBucket", "s3:GetObject", "s3:PutBucketPolicy"):
        for resource in statement(action)["Resource"]:
            assert re.match(r"arn:aws:s3:::(STACK-|PREFIX-code-|aws-sam-cli-managed-)", resource)
    for action in ("secretsmanager:GetSecretValue", "sns:DeleteTopic"):
        for resource in statement(action)["Resource"]:
            assert "STACK-" in resource


def test_the_words_to_replace_are_those_that_the_page_names() -> None:
    words = set(re.findall(r"\b(?:ACCOUNT|REGION|STACK|PREFIX)\b", TEXT))
    page = (ROOT / "docs" / "operations.md").read_text()
    for word in words:
        assert f"s/{word}/" in page


def test_a_role_can_hold_it() -> None:
    """Inline policies of a role hold 10,240 characters in all, white space left out ("IAM and AWS
    STS quotas"); a managed policy holds 6,144."""
    assert len(re.sub(r"\s", "", TEXT)) <= 10_240
