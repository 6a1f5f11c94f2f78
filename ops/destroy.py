"""`make destroy STACK= [ARGS="--yes --with-data --with-code"]`: remove a stack, after asking.

What people wrote and their accounts stay unless --with-data, and the bucket of the agent's zips
stays unless --with-code. The account's API Gateway setting and its role stay in any case: another
API's log may depend on them.
"""

import os
import sys
from collections.abc import Callable

import click
from botocore.exceptions import WaiterError  # type: ignore[import-untyped]

from local import shipped
from ops import aws, options, stacks
from ops.outputs import ROOT
from ops.settings import read_settings
from ops.stacks import Resource, Stack

BUCKET, POOL = "AWS::S3::Bucket", "AWS::Cognito::UserPool"
RUNTIME = "AWS::BedrockAgentCore::Runtime"
RUNTIME_LOGS = "/aws/bedrock-agentcore/runtimes/"


@click.command
@options.deployed_stack
@options.environment
@options.region
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--with-data", is_flag=True, help="Conversations, accounts and what is in your buckets, too."
)
@click.option("--with-code", is_flag=True, help="The agent's zips, too.")
def main(*, yes: bool, with_data: bool, with_code: bool) -> None:
    """Remove a stack, after saying what would go, and asking."""
    name = os.environ.get("STACK")
    if not name:
        sys.exit("Say which stack to destroy: make destroy STACK=name.")
    read_settings(ROOT, os.environ.get("ENV") or "default", name).choose_account()
    with aws.failures_in_words():
        stack = stacks.find(name)
        if stack is None:
            sys.exit(f"There is no stack {name} in this account and region.")
        if stack.is_protected:
            sys.exit(
                f"{name} is protected. If it may go: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection "
                f"--stack-name {name}"
            )
        held = stacks.resources(stack)
        code = stack.parameters.get("AgentCodeBucket") if with_code else None
        if code and (others := sharers(stack, code)):
            sys.exit(f"{', '.join(others)} run the agent from {code}, too: leave out --with-code.")
        data = [r for r in held if r.stays and is_data(r)] if with_data else []
        announce(stack, held, data, code)
        if not yes:
            ask(f"Type the stack's name to destroy it ({name}): ", name)
            if data:
                ask("Type its name again to delete what people wrote, and their accounts: ", name)
        destroy(stack, buckets_to_empty(held, with_data))
    done = [delete_left(DATA[r.type], r.name, r.id) for r in data]
    done += [
        delete_left(delete_runtime_logs, "logs of", r.id)
        for r in held
        if r.type == RUNTIME and r.name in shipped.RESOURCES
    ]
    if code:
        done.append(delete_left(delete_bucket, "the code bucket", code))
    print(f"{name} is gone.")
    for resource in held:
        if resource.type in KEPT and resource.stays and resource not in data:
            print(f"Kept; to delete it later: {KEPT[resource.type].format(resource.id)}")
    if not all(done):
        sys.exit(1)


def announce(stack: Stack, held: list[Resource], data: list[Resource], code: str | None) -> None:
    """What would go, and what would stay."""
    print(f"Of stack {stack.name} ({stack.status}), this goes:")
    for resource in [r for r in held if not r.stays] + data:
        print(f"  {resource.type:<40} {resource.id}")
    if code:
        print(f"  {'the agent code bucket':<40} {code}")
    print("and this stays:")
    for resource in held:
        if resource.stays and resource not in data:
            print(f"  {resource.type:<40} {resource.id}")
    if not code and "AgentCodeBucket" in stack.parameters:
        print(f"  {'the agent code bucket':<40} {stack.parameters['AgentCodeBucket']}")
    print(flush=True)


def ask(question: str, answer: str) -> None:
    """Exit unless a person types the answer."""
    try:
        typed = input(question)
    except EOFError:
        typed = ""
    if typed.strip() != answer:
        sys.exit("Nothing was destroyed. (Where nobody can type: ARGS=--yes.)")


def sharers(stack: Stack, bucket: str) -> list[str]:
    """The other stacks of the account and region that take their agent from a bucket."""
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    wanted = {"ParameterKey": "AgentCodeBucket", "ParameterValue": bucket}
    return [
        entry["StackName"]
        for page in pages
        for entry in page["Stacks"]
        if entry["StackId"] != stack.id and wanted in entry.get("Parameters", [])
    ]


def is_data(resource: Resource) -> bool:
    """Whether it holds what people wrote, or their accounts. What stays of an adopter's resources
    is theirs to delete."""
    return resource.type in DATA and resource.name in shipped.RESOURCES


def buckets_to_empty(held: list[Resource], with_data: bool) -> list[Resource]:
    """The buckets that go with the stack. One of an adopter's is data: CloudFormation keeps it,
    and the stack, while anything is in it."""
    return [
        each
        for each in held
        if each.type == BUCKET and not each.stays and (with_data or each.name in shipped.RESOURCES)
    ]


def destroy(stack: Stack, emptied: list[Resource]) -> None:
    """Empty the buckets that go, and delete the stack. Exits with AWS's reasons if something could
    not be deleted."""
    for resource in emptied:
        empty_bucket(resource.id)
    print(f"Deleting {stack.name}, which takes CloudFront some minutes", flush=True)
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.id)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack.id, WaiterConfig={"Delay": _poll_seconds(), "MaxAttempts": 720}
        )
    except WaiterError:
        sys.exit(_why_not(stack))


def delete_left(action: Callable[[str], None], what: str, identity: str) -> bool:
    """Delete what no stack holds any more; whether it went. What stays is said, and does not keep
    the rest from going: without its stack nobody would find it again."""
    try:
        action(identity)
    except aws.Failure as error:
        print(f"{what} {identity} stays: {aws.explain(error)}", file=sys.stderr)
        return False
    return True


def _poll_seconds() -> float:
    return float(os.environ.get("SAM_CLI_POLL_DELAY", "5"))


def _why_not(stack: Stack) -> str:
    failed = []
    for event in stacks.events(stack.id):
        if event.type == "AWS::CloudFormation::Stack" and event.status == "DELETE_IN_PROGRESS":
            break
        if event.status == "DELETE_FAILED" and event.resource != stack.name:
            failed.append(f"  {event.resource}: {event.reason}")
    return "\n".join(
        [
            f"{stack.name} could not be deleted whole:",
            *reversed(failed),
            f"Fix that, then run `make destroy STACK={stack.name}` again.",
        ]
    )


def empty_bucket(name: str) -> None:
    """Delete every object of a bucket, with all versions and delete markers."""
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        keys = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found]
        if keys:
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
            if errors := answer.get("Errors"):
                sys.exit(f"{name}: {errors[0]['Key']} stays ({errors[0].get('Message')}).")


def delete_bucket(name: str) -> None:
    """Empty a bucket, and delete it."""
    empty_bucket(name)
    aws.client("s3").delete_bucket(Bucket=name)


def delete_pool(pool_id: str) -> None:
    """Delete a user pool with its accounts; its domain went with the stack."""
    aws.client("cognito-idp").delete_user_pool(UserPoolId=pool_id)


def delete_runtime_logs(runtime_id: str) -> None:
    """Delete the log groups that AgentCore made for a runtime; they are in no stack."""
    logs = aws.client("logs")
    pages = logs.get_paginator("describe_log_groups")
    for page in pages.paginate(logGroupNamePrefix=f"{RUNTIME_LOGS}{runtime_id}-"):
        for group in page["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])


DATA: dict[str, Callable[[str], None]] = {BUCKET: delete_bucket, POOL: delete_pool}
KEPT = {
    BUCKET: "aws s3 rb --force s3://{}",
    POOL: "aws cognito-idp delete-user-pool --user-pool-id {}",
}

if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped here; what CloudFormation has begun, it goes on with.")
