"""The gate as it is at AWS: the API, its stage, and what is really deployed to the stage."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.gateway.proxy import STREAM_MS
from ops.doctor.check import CannotLookError, Fault, Symptom
from ops.doctor.deployed.subject import DEPLOYED, DeployedStack

_INTEGRATION = "x-amazon-apigateway-integration"
COMPARED = ("uri", "timeoutInMillis", "responseTransferMode", "httpMethod", "requestParameters")
"""Properties of an integration that an export of the stage gives as GetIntegration does."""


def _api(subject: DeployedStack) -> str:
    return subject.resource("AWS::ApiGateway::RestApi")


def _stage(subject: DeployedStack) -> dict[str, Any]:
    found: dict[str, Any] = subject.client("apigateway").get_stage(
        restApiId=_api(subject), stageName=subject.resource("AWS::ApiGateway::Stage")
    )
    return found


def _methods(subject: DeployedStack) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Path, verb, method and integration of each method that is passed on to the agent."""
    client, api = subject.client("apigateway"), _api(subject)
    for page in client.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"]):
        for resource in page["items"]:
            for verb in resource.get("resourceMethods") or {}:
                where = {"restApiId": api, "resourceId": resource["id"], "httpMethod": verb}
                integration = client.get_integration(**where)
                if integration["type"] != "MOCK":
                    yield resource["path"], verb, client.get_method(**where), integration


@DEPLOYED.check("endpoint", "the API's endpoint type", Symptom.CUT, "warning")
def endpoint(subject: DeployedStack) -> Iterator[Fault]:
    api = subject.client("apigateway").get_rest_api(restApiId=_api(subject))
    types = api.get("endpointConfiguration", {}).get("types")
    if not types:
        raise CannotLookError("API Gateway does not say what type the endpoint has.")
    if types != ["REGIONAL"]:
        yield Fault(
            f"{', '.join(types)}, which cuts a stream that is silent for 30 s",
            "REGIONAL, which waits 5 minutes",
            f"template.yaml, Api: EndpointConfiguration: {{ Type: REGIONAL }}; {subject.deploy}",
        )


@DEPLOYED.check("streams", "responseTransferMode of every integration", Symptom.ALL_AT_ONCE)
def streams(subject: DeployedStack) -> Iterator[Fault]:
    for path, verb, _, integration in _methods(subject):
        mode = integration.get("responseTransferMode", "BUFFERED")
        if mode != "STREAM":
            yield Fault(
                f"{verb} {path} is {mode}",
                "STREAM",
                f"template.yaml: responseTransferMode: STREAM; {subject.deploy}",
            )


@DEPLOYED.check("timeout", "timeoutInMillis of every integration", Symptom.CUT, "warning")
def timeout(subject: DeployedStack) -> Iterator[Fault]:
    for path, verb, _, integration in _methods(subject):
        found = integration.get("timeoutInMillis", 29_000)
        if integration.get("responseTransferMode") == "STREAM" and found < STREAM_MS:
            yield Fault(
                f"{verb} {path} ends after {found / 1000:g} s",
                f"{STREAM_MS}, the most that STREAM allows",
                f"template.yaml: timeoutInMillis: {STREAM_MS}; {subject.deploy}",
            )


@DEPLOYED.check("target", "the address that requests are passed on to", Symptom.NO_ANSWER)
def target(subject: DeployedStack) -> Iterator[Fault]:
    runtime = subject.output("RuntimeId")
    account = subject.output("RuntimeArn").split(":")[4]
    variables = _stage(subject).get("variables") or {}
    for path, verb, _, integration in _methods(subject):
        uri = str(integration.get("uri"))
        for name, value in variables.items():
            uri = uri.replace(f"${{stageVariables.{name}}}", value)
        parts = urlsplit(uri)
        there = parts.hostname or ""
        right = (
            there.startswith("bedrock-agentcore.")
            and parts.path == f"/runtimes/{runtime}/invocations"
            and parse_qs(parts.query).get("accountId") == [account]
        )
        if not right:
            yield Fault(
                f"{verb} {path} goes to {uri}",
                f"AgentCore's /runtimes/{runtime}/invocations, with accountId={account}",
                f"template.yaml: uri, and Variables: {{ RuntimeId: !Ref Runtime }}; "
                f"{subject.deploy}",
            )


@DEPLOYED.check("authorizer", "who may call", Symptom.REFUSED)
def authorizer(subject: DeployedStack) -> Iterator[Fault]:
    client, pool = subject.client("apigateway"), subject.output("UserPoolId")
    listed = client.get_authorizers(restApiId=_api(subject)).get("items") or []
    trusted = {each["id"]: each.get("providerARNs") or [] for each in listed}
    for path, verb, method, _ in _methods(subject):
        kind = method.get("authorizationType")
        arns = trusted.get(str(method.get("authorizerId")), [])
        scopes = method.get("authorizationScopes") or []
        if kind != "COGNITO_USER_POOLS" or scopes or not any(each.endswith(pool) for each in arns):
            yield Fault(
                f"{verb} {path}: {kind}, pools {arns}, scopes {scopes}",
                f"COGNITO_USER_POOLS of {pool}, without scopes: the page sends an ID token",
                f"template.yaml: security: [{{ SignedIn: [] }}]; {subject.deploy}",
            )


@DEPLOYED.check("refusals", "the CORS header of the API's own refusals", Symptom.PAGE)
def refusals(subject: DeployedStack) -> Iterator[Fault]:
    answer = subject.client("apigateway").get_gateway_responses(restApiId=_api(subject), limit=100)
    header = "gatewayresponse.header.access-control-allow-origin"
    for response in answer["items"]:
        kind = response["responseType"]
        own = not response.get("defaultResponse") or kind.startswith("DEFAULT_")
        mapped = {name.lower() for name in response.get("responseParameters") or {}}
        if own and header not in mapped:
            yield Fault(
                f"{kind} answers without Access-Control-Allow-Origin",
                "Access-Control-Allow-Origin, or a page sees a network error in its place",
                f"template.yaml: x-amazon-apigateway-gateway-responses; {subject.deploy}",
            )


@DEPLOYED.check("stale", "what the stage serves, beside what the API says", Symptom.STALE)
def stale(subject: DeployedStack) -> Iterator[Fault]:
    """A stage serves the deployment that it was given, whatever became of the API since."""
    client = subject.client("apigateway")
    export = client.get_export(
        restApiId=_api(subject),
        stageName=subject.resource("AWS::ApiGateway::Stage"),
        exportType="oas30",
        parameters={"extensions": "integrations"},
        accepts="application/json",
    )
    paths = json.loads(export["body"].read())["paths"]
    for path, verb, _, integration in _methods(subject):
        operation = (paths.get(path) or {}).get(
            "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower()
        )
        served = (operation or {}).get(_INTEGRATION)
        if operation is not None and served is None:
            raise CannotLookError("The export of the stage has no integrations.")
        changed = [
            each
            for each in COMPARED
            if served and each in served and served[each] != integration.get(each)
        ]
        if operation is None or changed:
            differing = ", ".join(f"{each} {served[each]}" for each in changed) if served else ""
            yield Fault(
                f"the stage serves {verb} {path} with {differing}"
                if differing
                else f"the stage does not serve {verb} {path}",
                "what the API says now: " + ", ".join(f"{integration.get(k)}" for k in changed)
                if changed
                else "every method of the API",
                f"template.yaml, Api: AlwaysDeploy: true; {subject.deploy} (at once: aws "
                f"apigateway create-deployment --rest-api-id {_api(subject)} --stage-name "
                f"{subject.resource('AWS::ApiGateway::Stage')})",
            )


@DEPLOYED.check("throttle", "the rate and the burst that the stage lets through", Symptom.BUSY)
def throttle(subject: DeployedStack) -> Iterator[Fault]:
    for method, settings in (_stage(subject).get("methodSettings") or {}).items():
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        # -1, or nothing, is the account's own limit.
        if rate == 0 or burst == 0:
            yield Fault(
                f"{method}: {rate:g} requests a second, {burst:g} at once",
                "at least 1 of each, or every request is answered with 429",
                f"{subject.deploy}, with ThrottleRate and ThrottleBurst above 0",
            )


@DEPLOYED.check("log-role", "the account's role behind the access log", Symptom.DEPLOY, "warning")
def log_role(subject: DeployedStack) -> Iterator[Fault]:
    account = subject.client("apigateway").get_account()
    if _stage(subject).get("accessLogSettings") and not account.get("cloudwatchRoleArn"):
        yield Fault(
            "the stage has an access log, and the account no CloudWatch role for API Gateway",
            "a role: without it nothing is logged, and the next deployment is refused",
            f"template.yaml, ApiAccount: CloudWatchRoleArn; {subject.deploy}",
        )
