"""`make destroy`: what goes, what stays, and that it asks."""

import itertools

import pytest
from botocore.exceptions import ClientError
from emulator import Emulator

from .conftest import Project

# Each starts sam or the commands several times, which a busy machine makes slow.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

numbers = itertools.count(1)


@pytest.fixture
def stack(project: Project, emulator: Emulator) -> str:
    """The name of a stack that was used: objects in its buckets, a log of its runtime."""
    name = f"used-{next(numbers)}"
    code, key = f"{name}-code", f"agent/{'0' * 64}.zip"
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=code)
    s3.put_bucket_versioning(Bucket=code, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=code, Key=key, Body=b"an agent")
    template = (project.folder / "template.yaml").read_bytes()
    s3.put_object(Bucket=code, Key="template.yaml", Body=template)
    cloudformation = emulator.client("cloudformation")
    given = {"Prefix": name, "AgentCodeBucket": code, "AgentCodeKey": key}
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=f"{emulator.endpoint}/{code}/template.yaml",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    outputs = project.outputs(name)
    site = outputs["SpaBucket"]
    s3.put_bucket_versioning(Bucket=site, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket=site, Key="index.html", Body=body)
    s3.put_object(Bucket=site, Key="gone.html", Body=b"")
    s3.delete_object(Bucket=site, Key="gone.html")
    s3.put_object(Bucket=outputs["ConversationsBucket"], Key="owner/thread", Body=b"hello")
    emulator.client("logs").create_log_group(logGroupName=log_group(outputs))
    return name


def log_group(outputs: dict[str, str]) -> str:
    """The log group that AgentCore makes for a runtime's default endpoint."""
    return f"/aws/bedrock-agentcore/runtimes/{outputs['RuntimeId']}-DEFAULT"


def buckets(emulator: Emulator) -> set[str]:
    """Every bucket of the account."""
    return {bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]}


def pools(emulator: Emulator) -> set[str]:
    """The ids of every user pool."""
    found = emulator.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    return {pool["Id"] for pool in found}


def test_it_asks_and_another_answer_than_the_name_destroys_nothing(
    project: Project, stack: str
) -> None:
    for answer in ("y\n", "yes\n", ""):
        ran = project.run("destroy", typed=answer, STACK=stack)
        assert not ran.ok
        assert "Nothing was destroyed" in ran.err
    assert project.stack(stack)["StackStatus"] == "CREATE_COMPLETE"
    site = project.outputs(stack)["SpaBucket"]
    assert "index.html" in project.objects(site)


def test_without_a_word_about_data_everything_else_goes(
    project: Project, emulator: Emulator, stack: str
) -> None:
    outputs = project.outputs(stack)
    ran = project.run("destroy", typed=f"{stack}\n", STACK=stack)
    assert ran.ok, ran.err
    goes, stays = ran.out.split("and this stays:")
    for name in ("SpaBucket", "RuntimeId", "DistributionId"):
        assert outputs[name] in goes
    for name in ("ConversationsBucket", "UserPoolId"):
        assert outputs[name] in stays
    with pytest.raises(ClientError, match="does not exist"):
        project.stack(stack)
    assert outputs["SpaBucket"] not in buckets(emulator)
    assert {outputs["ConversationsBucket"], f"{stack}-code"} <= buckets(emulator)
    assert "owner/thread" in project.objects(outputs["ConversationsBucket"])
    assert outputs["UserPoolId"] in pools(emulator)
    control = emulator.client("bedrock-agentcore-control")
    runtimes = [r["agentRuntimeId"] for r in control.list_agent_runtimes()["agentRuntimes"]]
    assert outputs["RuntimeId"] not in runtimes
    found = emulator.client("logs").describe_log_groups(logGroupNamePrefix=log_group(outputs))
    assert found["logGroups"] == []
    assert f"aws s3 rb --force s3://{outputs['ConversationsBucket']}" in ran.out
    assert f"delete-user-pool --user-pool-id {outputs['UserPoolId']}" in ran.out


def test_with_data_and_code_nothing_of_the_stack_is_left(
    project: Project, emulator: Emulator, stack: str
) -> None:
    outputs = project.outputs(stack)
    ran = project.run(
        "destroy", "--with-data", "--with-code", typed=f"{stack}\n{stack}\n", STACK=stack
    )
    assert ran.ok, ran.err
    assert not {name for name in buckets(emulator) if name.startswith(stack)}
    assert outputs["UserPoolId"] not in pools(emulator)


def test_data_is_asked_for_a_second_time(project: Project, emulator: Emulator, stack: str) -> None:
    ran = project.run("destroy", "--with-data", typed=f"{stack}\n", STACK=stack)
    assert not ran.ok
    assert project.stack(stack)["StackStatus"] == "CREATE_COMPLETE"


def test_a_code_bucket_that_another_stack_runs_from_is_refused(
    project: Project, emulator: Emulator, stack: str
) -> None:
    emulator.client("cloudformation").create_stack(
        StackName=f"{stack}-sharer",
        TemplateBody="Parameters: {AgentCodeBucket: {Type: String}}\n"
        "Resources: {Log: {Type: 'AWS::Logs::LogGroup'}}\n",
        Parameters=[{"ParameterKey": "AgentCodeBucket", "ParameterValue": f"{stack}-code"}],
    )
    ran = project.run("destroy", "--yes", "--with-code", STACK=stack)
    assert not ran.ok
    assert f"{stack}-sharer run the agent from {stack}-code, too" in ran.err
    assert project.stack(stack)["StackStatus"] == "CREATE_COMPLETE"


def test_what_cannot_be_deleted_is_named_and_a_second_run_finishes(
    project: Project, emulator: Emulator, stack: str
) -> None:
    iam = emulator.client("iam")
    role = emulator.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId="RuntimeRole"
    )["StackResourceDetail"]["PhysicalResourceId"]
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    ran = project.run("destroy", "--yes", STACK=stack)
    assert not ran.ok
    assert "RuntimeRole: " in ran.err
    assert f"run `make destroy STACK={stack}` again" in ran.err
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    ran = project.run("destroy", "--yes", STACK=stack)
    assert ran.ok, ran.err


def test_a_protected_stack_keeps_its_page(project: Project, emulator: Emulator, stack: str) -> None:
    emulator.client("cloudformation").update_termination_protection(
        StackName=stack, EnableTerminationProtection=True
    )
    ran = project.run("destroy", "--yes", STACK=stack)
    assert not ran.ok
    assert "--no-enable-termination-protection" in ran.err
    assert "index.html" in project.objects(project.outputs(stack)["SpaBucket"])


def test_a_stack_that_is_not_there_is_said_to_be_missing(project: Project) -> None:
    ran = project.run("destroy", "--yes", STACK="nobodys")
    assert (ran.ok, ran.out) == (False, "")
    assert ran.err == "There is no stack nobodys in this account and region.\n"
