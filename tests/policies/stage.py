"""The gate's stage: how the API is deployed, limited and watched."""

import re
from collections.abc import Iterator
from typing import Any

from .subject import Subject, at, listed, policy

LOGGABLE = {
    *("requestId", "extendedRequestId", "requestTime", "requestTimeEpoch", "httpMethod", "path"),
    *("resourcePath", "protocol", "stage", "status", "responseLatency", "responseLength"),
    *("authorizer.claims.sub", "error.responseType", "integrationLatency", "integrationStatus"),
    *("integration.latency", "integration.responseTransferMode", "integration.status"),
    *("integration.timeToAllHeaders", "integration.timeToFirstContent", "wafResponseCode"),
}
"""$context variables that hold ids, sizes and times. Another one is refused until it is here."""


def _properties(subject: Subject) -> dict[str, Any]:
    return subject.only("AWS::Serverless::Api").properties


@policy
def the_endpoint_is_regional(subject: Subject) -> Iterator[str]:
    """An edge endpoint cuts a silent stream after 30 seconds, a regional one after 5 minutes."""
    kind = at(_properties(subject), "EndpointConfiguration", "Type")
    if kind != "REGIONAL":
        yield f"the endpoint is {kind}, not REGIONAL"


@policy
def a_changed_parameter_reaches_the_api(subject: Subject) -> Iterator[str]:
    """SAM makes a new deployment when the body's text changes; a parameter's value is not text."""
    if _properties(subject).get("AlwaysDeploy") is not True:
        yield "AlwaysDeploy is not true: a changed parameter would leave a stale API"


@policy
def sam_leaves_the_api_as_it_is_written(subject: Subject) -> Iterator[str]:
    """One stage, and a body in which nothing was moved or dropped (OpenApiVersion sees to that)."""
    resources = subject.expanded.get("Resources", {}).values()
    stages = [each for each in resources if each["Type"] == "AWS::ApiGateway::Stage"]
    deployments = [each for each in resources if each["Type"] == "AWS::ApiGateway::Deployment"]
    if len(stages) != 1 or any("StageName" in each["Properties"] for each in deployments):
        yield "SAM adds a stage, which would have neither throttling nor an access log"
    written = at(subject.document, "Resources", subject.only("AWS::Serverless::Api").id)
    definition = at(written, "Properties", "DefinitionBody")
    for each in resources:
        if each["Type"] == "AWS::ApiGateway::RestApi":
            made = at(each, "Properties", "Body") or {}
            for key in definition.keys() | made.keys():
                if definition.get(key) != made.get(key):
                    yield f"SAM changes `{key}` of the API's body"


@policy
def every_request_is_logged(subject: Subject) -> Iterator[str]:
    """An id and the refusal's kind are what a person can be helped with."""
    setting = _properties(subject).get("AccessLogSetting") or {}
    groups = [each.attributes["Arn"] for each in subject.every("AWS::Logs::LogGroup")]
    if setting.get("DestinationArn") not in groups:
        yield "the access log goes to no log group of this template"
    for group in subject.every("AWS::Logs::LogGroup"):
        if group.properties.get("RetentionInDays") != subject.template.parameters["LogDays"]:
            yield f"{group.id} is not kept for LogDays"
    for variable in ("requestId", "status", "error.responseType"):
        if f"$context.{variable}" not in _variables(str(setting.get("Format"))):
            yield f"the access log has no $context.{variable}"


@policy
def the_accounts_setting_keeps_its_role(subject: Subject) -> Iterator[str]:
    """Whatever becomes of the stack: the account names one role for all its APIs' logs, and goes on
    naming it. RetainExceptOnCreate deletes it when a first deployment fails."""
    for account in subject.every("AWS::ApiGateway::Account"):
        role = at(subject.document, "Resources", account.id, "Properties", "CloudWatchRoleArn")
        named = str(at(role, "Fn::GetAtt")[0] if at(role, "Fn::GetAtt") else role)
        for name in (account.id, named):
            resource = at(subject.document, "Resources", name) or {}
            for key in ("DeletionPolicy", "UpdateReplacePolicy"):
                if resource.get(key) != "Retain":
                    yield f"{name}.{key} is {resource.get(key)}, not Retain"


@policy
def logs_hold_no_content(subject: Subject) -> Iterator[str]:
    """T8. Ids, sizes and times only; an execution log would hold headers and bodies."""
    api = _properties(subject)
    for variable in _variables(str(at(api, "AccessLogSetting", "Format"))):
        if variable.removeprefix("$context.") not in LOGGABLE:
            yield f"the access log holds {variable}"
    for setting in api.get("MethodSettings") or []:
        for key in {"DataTraceEnabled", "LoggingLevel"} & setting.keys():
            yield f"MethodSettings has {key}: execution logs hold headers and bodies"


@policy
def requests_are_throttled(subject: Subject) -> Iterator[str]:
    """T6. For all operations, by the two parameters."""
    settings = _properties(subject).get("MethodSettings") or []
    everything = [
        each for each in settings if (each["HttpMethod"], each["ResourcePath"]) == ("*", "/*")
    ]
    if not everything:
        yield "no MethodSettings entry is for every operation"
    for setting in everything:
        for key, parameter in (
            ("ThrottlingRateLimit", "ThrottleRate"),
            ("ThrottlingBurstLimit", "ThrottleBurst"),
        ):
            if setting.get(key) != subject.template.parameters[parameter]:
                yield f"{key} is {setting.get(key)}, not {parameter}"


@policy
def a_firewall_stands_before_the_stage_when_asked_for(subject: Subject) -> Iterator[str]:
    """T6. Limits an address's requests and drops known attacks; its samples would show tokens."""
    parameters = subject.template.parameters
    firewalls = subject.every("AWS::WAFv2::WebACL")
    joined = [each.properties for each in subject.every("AWS::WAFv2::WebACLAssociation")]
    if parameters["Waf"] == "off":
        if firewalls or joined:
            yield "there is a firewall that nobody asked for"
        return
    api = subject.only("AWS::Serverless::Api")
    for each in firewalls:
        rules = each.properties.get("Rules") or []
        rates = [at(rule, "Statement", "RateBasedStatement") for rule in rules if "Action" in rule]
        if {"AggregateKeyType": "IP", "Limit": parameters["WafRate"]} not in rates:
            yield f"{each.id} does not limit an address to WafRate requests"
        if any(rule.get("Action") not in (None, {"Block": {}}) for rule in rules):
            yield f"{each.id} has a rule that only counts"
        groups = {at(rule, "Statement", "ManagedRuleGroupStatement", "Name") for rule in rules}
        if "AWSManagedRulesKnownBadInputsRuleSet" not in groups:
            yield f"{each.id} lets known attacks through"
        if any(rule.get("OverrideAction") not in (None, {"None": {}}) for rule in rules):
            yield f"{each.id} only counts what a group of rules would block"
        for place in (each.properties, *rules):
            if at(place, "VisibilityConfig", "SampledRequestsEnabled") is not False:
                yield f"{each.id} keeps samples of requests, tokens and all"
    arns = {each.attributes["Arn"] for each in firewalls}
    if {each.get("WebACLArn") for each in joined} != arns or len(arns) != 1:
        yield "the firewall stands before nothing"
    for each in joined:
        if not str(each.get("ResourceArn")).endswith(f"/stages/{api.properties['StageName']}"):
            yield f"the firewall stands before {each.get('ResourceArn')}"


@policy
def what_needs_the_stage_waits_for_it(subject: Subject) -> Iterator[str]:
    """SAM makes the stage; its name in a string is no reference that CloudFormation would see."""
    stages = [
        name
        for name, each in subject.expanded.get("Resources", {}).items()
        if each["Type"] == "AWS::ApiGateway::Stage"
    ]
    needing = {"AWS::WAFv2::WebACLAssociation", "AWS::ApiGateway::BasePathMapping"}
    for name, resource in subject.document["Resources"].items():
        first = set(listed(resource.get("DependsOn")))
        if resource["Type"] in needing and not first & set(stages):
            yield f"{name} may be made before the stage"


@policy
def requests_are_traced_when_asked_for(subject: Subject) -> Iterator[str]:
    """X-Ray's traces hold times, statuses and addresses. False is written out: what an update
    leaves out may stay as it was."""
    expected = subject.template.parameters["Tracing"] == "on"
    if _properties(subject).get("TracingEnabled") is not expected:
        yield f"TracingEnabled is {_properties(subject).get('TracingEnabled')}, not {expected}"


def _variables(log_format: str) -> set[str]:
    """Everything in an access log's format that is filled in."""
    return set(re.findall(r"\$[\w.]*", log_format))
