"""docs/deployer-policy.json: enough to deploy, update and delete everything, and no more."""

import json
import re
from typing import Any

import pytest
from policies.additions import without_additions
from policies.deployer import ANYWHERE, FOR_VERBS, NOT_NEEDED, permissions
from policies.permissions import PUSH_LOGS
from policies.sam import Sam
from policies.subject import FULL, ROOT, listed

from local.template import parse

TEXT = (ROOT / "docs" / "deployer-policy.json").read_text()
STATEMENTS: list[dict[str, Any]] = [
    each for each in json.loads(TEXT)["Statement"] if not each["Sid"].startswith("Yours")
]
"""Sluice's own; an adopter's are for what they added to the template (docs/customise.md)."""
ALLOWED = {action for statement in STATEMENTS for action in listed(statement["Action"])}
COMMANDS = {action for actions in FOR_VERBS.values() for action in actions}


@pytest.fixture(scope="module")
def needed(sam: Sam) -> dict[str, set[str]]:
    """What the template's resources ask for, every feature included."""
    expanded = sam.expand(parse(without_additions((ROOT / "template.yaml").read_text())), FULL)
    return permissions(sorted({each["Type"] for each in expanded["Resources"].values()}))


def statement(action: str) -> dict[str, Any]:
    """The one statement that allows an action, but for reading the zip in a person's own bucket."""
    (found,) = (
        each
        for each in STATEMENTS
        if action in each["Action"] and each["Sid"] != "CodeInABucketOfYourOwn"
    )
    return found


def test_every_resource_can_be_made_changed_and_deleted(needed: dict[str, set[str]]) -> None:
    missing = {name: types for name, types in needed.items() if name not in ALLOWED}
    assert missing == {}


def test_every_verb_can_do_its_work() -> None:
    assert COMMANDS <= ALLOWED


def test_nothing_is_allowed_that_neither_a_resource_nor_a_verb_needs(
    needed: dict[str, set[str]],
) -> None:
    assert ALLOWED - needed.keys() - COMMANDS == set()


def test_every_exception_is_about_something_that_a_resource_could_ask_for(sam: Sam) -> None:
    """A pattern that fits nothing any more hides what it will fit tomorrow."""
    expanded = sam.expand(parse(without_additions((ROOT / "template.yaml").read_text())), FULL)
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
    assert PUSH_LOGS in listed(attached)  # beside those of AgentPolicyArns
    services = statement("iam:CreateServiceLinkedRole")["Condition"]["StringEquals"]
    assert services["iam:AWSServiceName"] == [
        "network.bedrock-agentcore.amazonaws.com",
        "ops.apigateway.amazonaws.com",  # for the first API or domain of an account
        "runtime-identity.bedrock-agentcore.amazonaws.com",
    ]


def test_buckets_secrets_and_alarms_are_the_stacks() -> None:
    for action in ("s3:DeleteBucket", "s3:GetObject", "s3:PutBucketPolicy"):
        for resource in statement(action)["Resource"]:
            assert re.match(r"arn:aws:s3:::(STACK-|PREFIX-code-|aws-sam-cli-managed-)", resource)
    for action in ("secretsmanager:GetSecretValue", "sns:DeleteTopic"):
        for resource in statement(action)["Resource"]:
            assert "STACK-" in resource


def test_what_cloudformation_names_is_found_whatever_it_puts_before_the_logical_id() -> None:
    """A web ACL and a dashboard get names of their own; public templates show them with and without
    the stack's name before the logical id."""
    assert "regional/webacl/*ApiFirewall-*" in str(statement("wafv2:CreateWebACL")["Resource"])
    assert "dashboard/*Overview-*" in str(statement("cloudwatch:PutDashboard")["Resource"])


def test_a_bucket_of_ones_own_is_read_and_nothing_else() -> None:
    """Who makes or changes a runtime needs to read its zip (CreateAgentRuntime)."""
    (own,) = (each for each in STATEMENTS if each["Resource"] == ["arn:aws:s3:::BUCKET/*"])
    assert own["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]


def test_the_words_to_replace_are_those_that_the_page_names() -> None:
    words = set(re.findall(r"\b(?:ACCOUNT|REGION|STACK|PREFIX|BUCKET)\b", TEXT))
    page = (ROOT / "docs" / "operations.md").read_text()
    for word in words:
        assert f"s/{word}/" in page


def test_a_role_can_hold_it() -> None:
    """Inline policies of a role hold 10,240 characters in all, white space left out ("IAM and AWS
    STS quotas"); a managed policy holds 6,144."""
    policy = json.dumps(json.loads(TEXT) | {"Statement": STATEMENTS})
    assert len(re.sub(r"\s", "", policy)) <= 10_240
