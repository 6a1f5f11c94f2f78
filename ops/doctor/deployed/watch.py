"""What tells people that something is wrong, as it is at AWS: metrics and traces."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ops.doctor.check import CannotLookError, Fault, Symptom
from ops.doctor.deployed.subject import DEPLOYED, DeployedStack

NAMESPACE = "AWS/Bedrock-AgentCore"


@DEPLOYED.check(
    "metrics", "the names by which CloudWatch knows the runtime", Symptom.WATCH, "warning"
)
def metrics(subject: DeployedStack) -> Iterator[Fault]:
    """Alarms and the dashboard find AgentCore's metrics by the dimension Resource, the ARN; which
    others a metric has is AWS's to change."""
    arn, runtime = subject.output("RuntimeArn"), subject.output("RuntimeId")
    pages = subject.client("cloudwatch").get_paginator("list_metrics")
    ours = [
        dimensions
        for page in pages.paginate(Namespace=NAMESPACE)
        for dimensions in map(_dimensions, page["Metrics"])
        if any(runtime in value for value in dimensions.values())
    ]
    if not ours:
        raise CannotLookError(
            "CloudWatch has no metric of this runtime: one appears up to 15 minutes after a first "
            "answer, and is listed for two weeks."
        )
    if not any(each.get("Resource") == arn for each in ours):
        found = {", ".join(f"{name} {value}" for name, value in each.items()) for each in ours}
        yield Fault(
            f"{NAMESPACE} has {'; '.join(sorted(found))}",
            f"Resource {arn} among the dimensions",
            "template.yaml, RuntimeFailureAlarm, RuntimeThrottledAlarm and Overview: the dimension "
            f"that CloudWatch has; {subject.deploy}",
        )


@DEPLOYED.check("traces", "where X-Ray puts the spans that it is sent", Symptom.WATCH, "warning")
def traces(subject: DeployedStack) -> Iterator[Fault]:
    """X-Ray's OTLP endpoint asks for CloudWatch Transaction Search, a setting of the account ("OTLP
    endpoints", CloudWatch User Guide)."""
    environment = subject.runtime.get("environmentVariables") or {}
    host = urlsplit(environment.get("SLUICE_TRACES", "")).hostname or ""
    if not host.startswith("xray."):
        return
    answer = subject.client("xray").get_trace_segment_destination()
    destination, status = answer.get("Destination"), answer.get("Status")
    if destination != "CloudWatchLogs" or status != "ACTIVE":
        yield Fault(
            f"{destination}, {status}",
            "CloudWatchLogs, ACTIVE: Transaction Search, without which spans are refused",
            "Ask again in some minutes"
            if destination == "CloudWatchLogs"
            else "CloudWatch console, Settings: enable Transaction Search (docs/operations.md); or "
            f"{subject.deploy} with Tracing off",
        )


def _dimensions(metric: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in metric.get("Dimensions") or []}
