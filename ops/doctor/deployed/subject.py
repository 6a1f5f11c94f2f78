"""A deployed stack, asked through AWS's own APIs. Nothing here changes anything."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from local import shipped
from ops import aws, failures, stacks
from ops.doctor.check import CannotLookError, Fault, Group, Symptom
from ops.doctor.token import SET_CLOCK, SKEW_SECONDS

OUTPUTS = {
    *("SpaUrl", "ApiUrl", "Issuer", "UserPoolId", "UserPoolClientId", "LoginUrl", "RuntimeArn"),
    *("RuntimeId", "SpaBucket", "ConversationsBucket", "DistributionId"),
}


@dataclass(frozen=True)
class DeployedStack:
    """One stack, by its name. What was asked once is kept."""

    name: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of an AWS service."""
        if service not in self._clients:
            self._clients[service] = aws.client(service)
        return self._clients[service]

    @cached_property
    def _answer(self) -> tuple[dict[str, Any], float]:
        """CloudFormation's answer about the stack, and when it came by this machine's clock."""
        answer = self.client("cloudformation").describe_stacks(StackName=self.name)
        return answer, time.time()

    @property
    def description(self) -> dict[str, Any]:
        """What CloudFormation says about the stack."""
        found: dict[str, Any] = self._answer[0]["Stacks"][0]
        return found

    @property
    def skew(self) -> float:
        """Seconds that this machine's clock is ahead of AWS's."""
        answer, now = self._answer
        date: str = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
        return now - parsedate_to_datetime(date).timestamp()

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name."""
        entries = self.description.get("Outputs") or []
        return {entry["OutputKey"]: entry["OutputValue"] for entry in entries}

    def output(self, name: str) -> str:
        """One output. Raises CannotLookError if the stack has none of that name."""
        if name not in self.outputs:
            raise CannotLookError(f"The stack has no output {name}.")
        return self.outputs[name]

    @cached_property
    def _resources(self) -> list[dict[str, Any]]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return [
            each
            for page in pages.paginate(StackName=self.name)
            for each in page["StackResourceSummaries"]
        ]

    def resource(self, type_: str) -> str:
        """The id that AWS gave to the stack's one resource of a type, or of several the one that is
        Sluice's."""
        ids = {
            each["LogicalResourceId"]: str(each["PhysicalResourceId"])
            for each in self._resources
            if each["ResourceType"] == type_ and "PhysicalResourceId" in each
        }
        for name in shipped.of_type(dict.fromkeys(ids, type_), type_):
            return ids[name]
        raise CannotLookError(f"The stack has no {type_}.")

    @cached_property
    def runtime(self) -> dict[str, Any]:
        """The runtime, as AgentCore describes it."""
        control = self.client("bedrock-agentcore-control")
        found: dict[str, Any] = control.get_agent_runtime(agentRuntimeId=self.output("RuntimeId"))
        return found

    @property
    def deploy(self) -> str:
        """The command that fixes most things."""
        return f"make deploy STACK={self.name}"


def _explain(error: Exception) -> str:
    if isinstance(error, aws.Failure):
        return aws.explain(error)
    return f"The answer is not of the expected form ({type(error).__name__}: {error})."


DEPLOYED: Group[DeployedStack] = Group("deployed", _explain)


def code_of(error: Exception) -> str:
    """The error code of an AWS answer, such as ResourceNotFoundException; "" for another error."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


@DEPLOYED.check("stack", "the stack's status", Symptom.DEPLOY)
def stack(subject: DeployedStack) -> Iterator[Fault]:
    status = str(subject.description["StackStatus"])
    if status.endswith("_IN_PROGRESS"):
        raise CannotLookError(f"It is {status}: ask again when that is over.")
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        found = stacks.find(subject.name)
        why = (
            failures.explain(_latest(stacks.events(found.id), subject.name), found) if found else ""
        )
        fix = failures.STUCK.get(
            status, "Fix what the reason names, then make deploy STACK={name}."
        )
        yield Fault(
            f"{status}. {why}",
            "CREATE_COMPLETE or UPDATE_COMPLETE",
            fix.format(name=subject.name),
        )


def _latest(history: Iterable[stacks.Event], name: str) -> Iterator[stacks.Event]:
    """The events of the latest operation; they come newest first."""
    for event in history:
        yield event
        began = event.status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        if began and event.resource == name:
            return


@DEPLOYED.check("outputs", "the names of the stack's outputs", Symptom.DEPLOY)
def outputs(subject: DeployedStack) -> Iterator[Fault]:
    missing = sorted(OUTPUTS - subject.outputs.keys())
    if missing:
        yield Fault(
            f"no {', '.join(missing)}",
            "every output that the page and the commands read",
            f"{subject.deploy}, from a checkout of the same version",
        )


@DEPLOYED.check("clock", "this machine's clock, beside AWS's", Symptom.REFUSED, "warning")
def clock(subject: DeployedStack) -> Iterator[Fault]:
    """AWS refuses signatures that are 5 minutes off; tokens seem expired, or good, long before."""
    skew = subject.skew
    if abs(skew) > SKEW_SECONDS:
        yield Fault(
            f"this machine is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
            f"the same time, within {SKEW_SECONDS} s",
            SET_CLOCK,
        )
