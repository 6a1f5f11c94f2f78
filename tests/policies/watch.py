"""What tells people that something is wrong: alarms, the dashboard, the budget."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from sluice.telemetry import metrics

from local.template import Resource

from .subject import Subject, at, policy

AGENTCORE = "AWS/Bedrock-AgentCore"

ALARMED = {
    ("AWS/ApiGateway", "5XXError"),
    ("STACK", "FirstContent"),
    ("STACK", "Throttled"),
    ("AWS/Bedrock-AgentCore", "SystemErrors"),
    ("AWS/Bedrock-AgentCore", "Throttles"),
    (metrics.NAMESPACE, "Failed"),
}
"""Failures, slow answers and refusals at the gate; failures and refusals of the runtime; runs that
failed, which both answer with 200."""


def _alarms(subject: Subject) -> list[Resource]:
    return subject.every("AWS::CloudWatch::Alarm")


def _dimensions(subject: Subject, namespace: str) -> dict[str, Any]:
    """The dimensions under which AWS keeps a namespace's metrics ("Amazon API Gateway dimensions
    and metrics"). AgentCore's are found by the runtime's ARN, whatever others they have."""
    parameters = subject.template.parameters
    api = subject.only("AWS::Serverless::Api").properties
    return {
        "AWS/ApiGateway": {"ApiName": api["Name"], "Stage": api["StageName"]},
        metrics.NAMESPACE: {metrics.DIMENSION: parameters["ModelId"]},
    }.get(namespace, {})


def _runtime(subject: Subject) -> str:
    return subject.only("AWS::BedrockAgentCore::Runtime").attributes["AgentRuntimeArn"]


def _watched(subject: Subject, alarm: Resource) -> tuple[str, str]:
    """Namespace and name of the metric that an alarm watches, given or queried by the runtime."""
    if "Metrics" not in alarm.properties:
        return alarm.properties["Namespace"], alarm.properties["MetricName"]
    (query,) = alarm.properties["Metrics"]
    found = re.fullmatch(
        r"""SELECT SUM\((\w+)\) FROM "(\S+)" WHERE Resource = '(\S+)'""", query["Expression"]
    )
    if not found or found[3] != _runtime(subject):
        return "", query["Expression"]
    return found[2], found[1]


@policy
def alarms_watch_the_gate_and_the_runtime(subject: Subject) -> Iterator[str]:
    """T6, F4, F7. An alarm on a metric that does not exist never rings."""
    stack = subject.only("AWS::Serverless::Api").properties["Name"]
    expected = {(stack if space == "STACK" else space, name) for space, name in ALARMED}
    if subject.template.parameters["Alarms"] == "off":
        expected = set()
    found = {_watched(subject, each) for each in _alarms(subject)}
    if found != expected:
        yield f"alarms watch {sorted(found)}, not {sorted(expected)}"
    for each in _alarms(subject):
        dimensions = {
            entry["Name"]: entry["Value"] for entry in each.properties.get("Dimensions") or []
        }
        if dimensions != _dimensions(subject, _watched(subject, each)[0]):
            yield f"{each.id} watches {dimensions}, which is not this stack's"


@policy
def alarms_tell_somebody_and_say_what_to_read(subject: Subject) -> Iterator[str]:
    """And tell when it is over; no requests are no alarm."""
    topics = subject.every("AWS::SNS::Topic")
    if bool(topics) != (subject.template.parameters["Alarms"] == "on"):
        yield f"there are {len(topics)} topics"
    arns = [subject.template.outputs.get("AlarmTopicArn")]
    for each in _alarms(subject):
        for key in ("AlarmActions", "OKActions"):
            if each.properties.get(key) != arns:
                yield f"{each.id}.{key} is {each.properties.get(key)}, not the topic"
        if each.properties.get("TreatMissingData") != "notBreaching":
            yield f"{each.id} rings while nobody asks anything"
        if "docs/operations.md" not in each.properties.get("AlarmDescription", ""):
            yield f"{each.id} does not say where to read what to do"
    email = subject.template.parameters["AlarmEmail"]
    expected = [{"TopicArn": arns[0], "Protocol": "email", "Endpoint": email}] if email else []
    # Those inside a topic outlive it, and an update that takes them out.
    inside = [each for topic in topics for each in topic.properties.get("Subscription") or []]
    found = [each.properties for each in subject.every("AWS::SNS::Subscription")]
    if found != expected or inside:
        yield f"alarms are told to {found + inside}, not to AlarmEmail"


@policy
def metrics_of_the_access_log_name_what_it_holds(subject: Subject) -> Iterator[str]:
    """A filter on a field that the log lacks counts nothing."""
    parameters = subject.template.parameters
    filters = subject.every("AWS::Logs::MetricFilter")
    wanted = "on" in (parameters["Alarms"], parameters["Dashboard"])
    api = subject.only("AWS::Serverless::Api").properties
    fields = json.loads(at(api, "AccessLogSetting", "Format") or "{}").keys()
    made = {}
    for each in filters:
        (transformation,) = each.properties["MetricTransformations"]
        made[transformation["MetricNamespace"], transformation["MetricName"]] = transformation
        pattern = each.properties["FilterPattern"]
        for field in {pattern.split("$.")[1].split(" ")[0]} | {
            transformation["MetricValue"].removeprefix("$.")
        } - {"1"}:
            if field not in fields:
                yield f"{each.id} reads {field}, which is not in the access log"
        group = subject.template.resources["ApiLog"].attributes["Arn"]
        if not group.endswith(f":{each.properties['LogGroupName']}"):
            yield f"{each.id} reads another log"
    expected = {(api["Name"], "FirstContent"), (api["Name"], "Throttled")} if wanted else set()
    if made.keys() != expected:
        yield f"the access log makes {sorted(made)}, not {sorted(expected)}"


def _search(subject: Subject) -> str:
    """The pattern of a search for one of the runtime's metrics."""
    arn = re.escape(_runtime(subject))
    return rf"""SEARCH\('Namespace="{AGENTCORE}" MetricName="\w+" Resource="{arn}"', 'Sum', 300\)"""


@policy
def the_dashboard_shows_this_stack(subject: Subject) -> Iterator[str]:
    """Its body is text to CloudFormation, which looks at none of it."""
    dashboards = subject.every("AWS::CloudWatch::Dashboard")
    if bool(dashboards) != (subject.template.parameters["Dashboard"] == "on"):
        yield f"there are {len(dashboards)} dashboards"
    for each in dashboards:
        try:
            widgets = json.loads(each.properties["DashboardBody"])["widgets"]
        except ValueError:
            yield f"{each.id} is not JSON"
            continue
        for widget in widgets:
            if not {"x", "y", "width", "height"} <= widget.keys():
                yield f"{widget['properties']['title']} has only a part of its place: both, or none"
            if all(isinstance(row[0], dict) for row in widget["properties"]["metrics"]):
                for (row,) in widget["properties"]["metrics"]:
                    if not re.fullmatch(_search(subject), row["expression"]):
                        yield f"{widget['properties']['title']} shows {row['expression']}"
                continue
            namespace, _, *rest = widget["properties"]["metrics"][0]
            pairs = [part for part in rest if isinstance(part, str)]
            dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            if dimensions != _dimensions(subject, namespace):
                yield f"{widget['properties']['title']} shows {dimensions}, not this stack's"


@policy
def what_is_shown_of_the_agent_is_what_it_writes(subject: Subject) -> Iterator[str]:
    """A metric that agent/sluice/telemetry/metrics.py does not make is an empty graph, or an alarm
    that never rings."""
    shown = [
        (each.id, each.properties["MetricName"])
        for each in _alarms(subject)
        if each.properties.get("Namespace") == metrics.NAMESPACE
    ]
    for each in subject.every("AWS::CloudWatch::Dashboard"):
        with contextlib.suppress(ValueError):
            for widget in json.loads(each.properties["DashboardBody"])["widgets"]:
                rows = widget["properties"]["metrics"]
                if rows[0][0] == metrics.NAMESPACE:
                    shown += [(each.id, row[1]) for row in rows if row[0] != "..."]
    for id_, name in shown:
        if name not in metrics.UNITS:
            yield f"{id_} watches {name}, which the agent does not count"


@policy
def the_budget_warns_before_and_at_its_end(subject: Subject) -> Iterator[str]:
    """T6. It stops nothing, so it has to be early."""
    parameters = subject.template.parameters
    budgets = subject.every("AWS::Budgets::Budget")
    if bool(budgets) != (parameters["BudgetDollars"] != "0"):
        yield f"there are {len(budgets)} budgets"
    for each in budgets:
        budget = each.properties.get("Budget") or {}
        limit = {"Amount": parameters["BudgetDollars"], "Unit": "USD"}
        if (budget.get("TimeUnit"), budget.get("BudgetLimit")) != ("MONTHLY", limit):
            yield f"{each.id} is not of BudgetDollars a month"
        warnings = each.properties.get("NotificationsWithSubscribers") or []
        kinds = {at(warning, "Notification", "NotificationType") for warning in warnings}
        if kinds != {"ACTUAL", "FORECASTED"}:
            yield f"{each.id} warns of {kinds}"
        people = {
            subscriber["Address"] for warning in warnings for subscriber in warning["Subscribers"]
        }
        if people != {parameters["BudgetEmail"]}:
            yield f"{each.id} warns {people}, not BudgetEmail"
