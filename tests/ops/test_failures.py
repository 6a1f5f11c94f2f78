"""What `make deploy` says of a failure: the resource, AWS's reason, and what to do."""

import pytest

from ops.failures import explain, obstacle
from ops.stacks import Event, Stack


def stack(status: str) -> Stack:
    """A stack called chat."""
    return Stack("chat", "arn:of-chat", status, {}, {})


def event(resource: str, type_: str, reason: str, status: str = "CREATE_FAILED") -> Event:
    """One line of its history."""
    return Event(f"{resource}-1", resource, type_, status, reason)


def test_the_first_failure_is_told_and_what_it_cancelled_is_not() -> None:
    newest_first = [
        event("chat", "AWS::CloudFormation::Stack", "The following resource(s) failed"),
        event("Site", "AWS::CloudFront::Distribution", "Resource creation cancelled"),
        event("Runtime", "AWS::BedrockAgentCore::Runtime", "Something else as well"),
        event("UserPool", "AWS::Cognito::UserPool", "Too many pools"),
        event("ApiLog", "AWS::Logs::LogGroup", "", "CREATE_COMPLETE"),
    ]
    said = explain(newest_first, stack("UPDATE_ROLLBACK_COMPLETE"))
    assert said.splitlines() == [
        "UserPool (AWS::Cognito::UserPool) failed: Too many pools.",
        "Also failed: Runtime.",
        "chat is as it was before.",
    ]


@pytest.mark.parametrize(
    ("type_", "reason", "advice"),
    [
        (
            "AWS::Cognito::UserPool",
            "User: arn:aws:iam::1:user/ada is not authorized to perform: "
            "cognito-idp:CreateUserPool on resource: * (Service: Cognito, Status Code: 400)",
            "lack cognito-idp:CreateUserPool: docs/deployer-policy.json",
        ),
        (
            "AWS::Cognito::UserPoolDomain",
            "Domain already associated with another user pool.",
            "give another Prefix",
        ),
        (
            "AWS::BedrockAgentCore::Runtime",
            "Agent runtime with name sluice already exists",
            "give another Prefix",
        ),
        (
            "AWS::CloudFront::OriginAccessControl",
            "An origin access control with the same name already exists",
            "give another STACK",
        ),
        (
            "AWS::BedrockAgentCore::Runtime",
            "The S3 object s3://code/agent.zip does not exist",
            "run `make deploy` again",
        ),
        ("AWS::Cognito::UserPool", "Limit exceeded for user pools", "Service Quotas"),
        (
            "AWS::Logs::LogGroup",
            "Properties validation failed for resource ApiLog with message: #: extraneous key",
            "fix ApiLog in template.yaml",
        ),
    ],
)
def test_a_common_failure_comes_with_what_to_do(type_: str, reason: str, advice: str) -> None:
    resource = "ApiLog" if "ApiLog" in reason else "It"
    assert advice in explain([event(resource, type_, reason)], stack("UPDATE_ROLLBACK_COMPLETE"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ROLLBACK_COMPLETE", "make destroy STACK=chat"),
        ("DELETE_FAILED", "make destroy STACK=chat"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name chat"),
        ("UPDATE_IN_PROGRESS", "wait until it ends"),
    ],
)
def test_a_stack_that_cannot_be_deployed_to_says_what_to_do_first(status: str, words: str) -> None:
    said = obstacle(stack(status))
    assert said is not None
    assert said.startswith(f"Stack chat is {status}.")
    assert words in said


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
)
def test_a_stack_at_rest_can_be_deployed_to(status: str) -> None:
    assert obstacle(stack(status)) is None
