"""The emulator refuses what AWS is documented to refuse, so that a deployment which passes here is
worth something. Each test deploys one runtime with one mistake."""

from typing import Any

import pytest
import yaml
from botocore.exceptions import WaiterError
from emulator import Emulator

pytestmark = pytest.mark.slow

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    },
}


def properties(**changes: Any) -> dict[str, Any]:
    """A runtime's properties that are in order but for `changes`."""
    return {
        "AgentRuntimeName": "agent",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
        "AgentRuntimeArtifact": artifact("agent.zip"),
        **changes,
    }


def artifact(key: str) -> dict[str, Any]:
    """Code under a key of the test's bucket."""
    return {
        "CodeConfiguration": {
            "Runtime": "PYTHON_3_13",
            "EntryPoint": ["main.py"],
            "Code": {"S3": {"Bucket": "zips", "Prefix": key}},
        }
    }


def reason(emulator: Emulator, runtime: dict[str, Any]) -> str | None:
    """Why a stack with this runtime fails; None if it does not. The stack is gone afterwards."""
    s3, cloudformation = emulator.client("s3"), emulator.client("cloudformation")
    s3.create_bucket(Bucket="zips")
    s3.put_object(Bucket="zips", Key="agent.zip", Body=b"an agent")
    resources = {
        "Role": ROLE,
        "Runtime": {"Type": "AWS::BedrockAgentCore::Runtime", "Properties": runtime},
    }
    answer = cloudformation.create_stack(
        StackName="runtime",
        TemplateBody=yaml.safe_dump({"Resources": resources}),
        Capabilities=["CAPABILITY_IAM"],
    )
    try:
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName="runtime", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName=answer["StackId"])["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
        return str(failed[-1]["ResourceStatusReason"])
    finally:
        cloudformation.delete_stack(StackName="runtime")
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=answer["StackId"], WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    return None


def test_a_runtime_in_order_is_made(emulator: Emulator) -> None:
    assert reason(emulator, properties()) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AgentRuntimeName": "my-agent"}, "failed to satisfy constraint"),
        ({"AgentRuntimeName": "a" * 49}, "failed to satisfy constraint"),
        ({"Colour": "red"}, "extraneous key [Colour] is not permitted"),
        ({"ProtocolConfiguration": "SMTP"}, "is not one of"),
        ({"AgentRuntimeArtifact": artifact("other.zip")}, "does not exist"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Role validation failed"),
        ({"EnvironmentVariables": {f"V{n}": "x" for n in range(51)}}, "EnvironmentVariables"),
        ({"EnvironmentVariables": {"A-B": "x"}}, "EnvironmentVariables"),
        ({"LifecycleConfiguration": {"MaxLifetime": "59"}}, "minimum of 60"),
        (
            {"RequestHeaderConfiguration": {"RequestHeaderAllowlist": ["X-Amz-Date"]}},
            "cannot be in the request header allowlist",
        ),
        (
            {"RequestHeaderConfiguration": {"RequestHeaderAllowlist": ["Authorization"]}},
            "only with a JWT authorizer",
        ),
    ],
)
def test_a_mistake_in_a_runtime_fails_the_stack(
    emulator: Emulator, changes: dict[str, Any], words: str
) -> None:
    assert words in str(reason(emulator, properties(**changes)))


def test_a_missing_property_fails_the_stack(emulator: Emulator) -> None:
    incomplete = properties()
    del incomplete["RoleArn"]
    assert "required key [RoleArn] not found" in str(reason(emulator, incomplete))
