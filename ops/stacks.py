"""What CloudFormation knows of a stack."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from local.template import parse
from ops import aws

RETAINING = {"Retain", "RetainExceptOnCreate"}


@dataclass(frozen=True)
class Stack:
    """A stack that exists."""

    name: str
    id: str
    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    is_protected: bool = False
    """Whether AWS refuses to delete it (termination protection)."""


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    id: str
    resource: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True)
class Resource:
    """One thing that a stack made; `stays` when its deletion policy keeps it."""

    name: str
    type: str
    id: str
    stays: bool


def find(name: str) -> Stack | None:
    """The stack of this name, or None. Raises one of aws.Failure."""
    try:
        stack = describe(name)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    # A change set that was never executed leaves a stack of nothing.
    return None if stack.status == "REVIEW_IN_PROGRESS" else stack


def describe(name: str) -> Stack:
    """The stack of this name. Raises one of aws.Failure, also when there is none."""
    found = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return Stack(
        name=name,
        id=found["StackId"],
        status=found["StackStatus"],
        parameters={p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        is_protected=found.get("EnableTerminationProtection", False),
    )


def template(stack: Stack) -> dict[str, Any]:
    """The template that the stack was made from, as it was written: before SAM expanded it, and
    without the ids that `sam deploy` notes in it."""
    body = aws.client("cloudformation").get_template(StackName=stack.id, TemplateStage="Original")[
        "TemplateBody"
    ]
    # botocore reads a template in JSON by itself, and leaves one in YAML as it is.
    document: dict[str, Any] = parse(body) if isinstance(body, str) else body
    for resource in document["Resources"].values():
        metadata = resource.get("Metadata", {})
        metadata.pop("SamResourceId", None)
        if not metadata:
            resource.pop("Metadata", None)
    return document


def resources(stack: Stack) -> list[Resource]:
    """What the stack made and still holds, in the template's order of names."""
    written = template(stack)["Resources"]
    pages = aws.client("cloudformation").get_paginator("list_stack_resources")
    return [
        Resource(
            name=entry["LogicalResourceId"],
            type=entry["ResourceType"],
            id=entry.get("PhysicalResourceId", ""),
            stays=written.get(entry["LogicalResourceId"], {}).get("DeletionPolicy") in RETAINING,
        )
        for page in pages.paginate(StackName=stack.id)
        for entry in page["StackResourceSummaries"]
        if entry["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
    ]


def events(stack_id: str) -> Iterator[Event]:
    """The stack's history, newest first."""
    pages = aws.client("cloudformation").get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack_id):
        for entry in page["StackEvents"]:
            yield Event(
                id=entry["EventId"],
                resource=entry["LogicalResourceId"],
                type=entry["ResourceType"],
                status=entry.get("ResourceStatus", ""),
                reason=entry.get("ResourceStatusReason", ""),
            )
