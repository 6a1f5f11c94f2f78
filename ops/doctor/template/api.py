"""The gate, as the file describes it: streaming, time limits, tokens, CORS, where requests go."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from local import shipped
from local.gateway.api import is_open
from local.gateway.operation import Operation
from local.gateway.proxy import BUFFERED_MS, STREAM_MS, HttpProxy
from local.gateway.responses import TYPES
from ops.doctor.check import Fault, Symptom
from ops.doctor.template.subject import ACCOUNT, ORIGINS, TEMPLATE, TemplateFile, at

PAGE_SENDS = ("authorization", "content-type", "x-amzn-bedrock-agentcore-runtime-session-id")
"""Headers of the page's requests that a browser asks about first (spa/src/api/chat.ts)."""

_API = "AWS::Serverless::Api"
_INTEGRATION = "x-amazon-apigateway-integration"


def _passed_on(subject: TemplateFile) -> Iterator[tuple[str, Operation, HttpProxy]]:
    """Each operation that goes to the agent, with its name. Beside Sluice's own, another that is
    passed on is of an adopter's, and goes where they want."""
    ours = shipped.of_paths(operation.path for operation in subject.api.operations)
    for operation in subject.api.operations:
        if operation.path in ours and isinstance(operation.integration, HttpProxy):
            name = f"{operation.method} {operation.path}"
            yield name, operation, operation.integration


@TEMPLATE.check("streams", "responseTransferMode of every operation", Symptom.ALL_AT_ONCE)
def streams(subject: TemplateFile) -> Iterator[Fault]:
    for name, _, integration in _passed_on(subject):
        if not integration.streams:
            yield Fault(
                f"{name} is BUFFERED (also the default)",
                "STREAM",
                f"{_INTEGRATION}: responseTransferMode: STREAM",
            )


@TEMPLATE.check("timeout", "timeoutInMillis of every operation", Symptom.CUT, "warning")
def timeout(subject: TemplateFile) -> Iterator[Fault]:
    for name, _, integration in _passed_on(subject):
        if integration.streams and integration.timeout_s * 1000 < STREAM_MS:
            yield Fault(
                f"{name} ends after {integration.timeout_s:g} s ({BUFFERED_MS // 1000} s is the "
                "default)",
                "900000, the most that STREAM allows",
                f"{_INTEGRATION}: timeoutInMillis: 900000",
            )


@TEMPLATE.check("endpoint", "the API's endpoint type", Symptom.CUT, "warning")
def endpoint(subject: TemplateFile) -> Iterator[Fault]:
    if subject.api.idle_s < 300:
        yield Fault(
            f"EDGE (also SAM's default), which cuts a stream that is silent for "
            f"{subject.api.idle_s:g} s",
            "REGIONAL, which waits 5 minutes",
            "Api: EndpointConfiguration: { Type: REGIONAL }",
        )


@TEMPLATE.check("token-asked", "the authorizer of every operation", Symptom.REFUSED)
def token_asked(subject: TemplateFile) -> Iterator[Fault]:
    for name, operation, _ in _passed_on(subject):
        if operation.authorizer is None:
            yield Fault(
                f"{name} asks for no token",
                "a Cognito authorizer on the operation itself (API Gateway ignores the root's)",
                f"{name}: security: [{{ SignedIn: [] }}]",
            )


@TEMPLATE.check("open-route", "routes of your own without a token", Symptom.OPEN, "warning")
def open_route(subject: TemplateFile) -> Iterator[Fault]:
    ours = shipped.of_paths(operation.path for operation in subject.api.operations)
    for operation in subject.api.operations:
        if operation.path not in ours and is_open(operation):
            name = f"{operation.method} {operation.path}"
            yield Fault(
                f"anybody may call {name}",
                "an authorizer, or a word that everybody is meant to",
                f"{name}: security: [{{ SignedIn: [] }}], or security: [] if it is meant",
            )


@TEMPLATE.check("token-kind", "the scopes that operations ask for", Symptom.REFUSED)
def token_kind(subject: TemplateFile) -> Iterator[Fault]:
    for name, operation, _ in _passed_on(subject):
        if operation.scopes:
            yield Fault(
                f"{name} asks for {', '.join(operation.scopes)}, so API Gateway wants an access "
                "token",
                "no scopes: the page sends an ID token, which is what the runtime takes",
                f"{name}: security: [{{ SignedIn: [] }}]",
            )


@TEMPLATE.check("authorizer-pool", "the user pool that the authorizer trusts", Symptom.REFUSED)
def authorizer_pool(subject: TemplateFile) -> Iterator[Fault]:
    pool = subject.template.only("AWS::Cognito::UserPool")
    for name, operation, _ in _passed_on(subject):
        arns = operation.authorizer.provider_arns if operation.authorizer else ()
        if arns and pool.attributes["Arn"] not in arns:
            yield Fault(
                f"{name} trusts {', '.join(arns)}",
                f"the pool of this template, {pool.id}",
                f"providerARNs: [!GetAtt {pool.id}.Arn]",
            )


@TEMPLATE.check("target", "the address that operations are passed on to", Symptom.NO_ANSWER)
def target(subject: TemplateFile) -> Iterator[Fault]:
    runtime = subject.template.only("AWS::BedrockAgentCore::Runtime")
    path = f"/runtimes/{runtime.attributes['AgentRuntimeId']}/invocations"
    right = f"{ORIGINS.runtime}{path}?qualifier=DEFAULT&accountId={ACCOUNT}"
    wanted = {"qualifier": ["DEFAULT"], "accountId": [ACCOUNT]}
    for name, _, integration in _passed_on(subject):
        parts = urlsplit(integration.uri)
        there = f"{parts.scheme}://{parts.netloc}{parts.path}"
        query = {"qualifier": ["DEFAULT"], **parse_qs(parts.query)}
        if there != f"{ORIGINS.runtime}{path}" or query != wanted or integration.method != "POST":
            yield Fault(
                f"{name} goes to {integration.method} {integration.uri}",
                f"POST {right}: this template's runtime, and with a runtime's id the account is "
                "mandatory",
                "uri: .../runtimes/${!stageVariables.RuntimeId}/invocations?qualifier=DEFAULT"
                "&accountId=${AWS::AccountId}",
            )


@TEMPLATE.check("forwarded", "where the runtime's Authorization comes from", Symptom.REFUSED)
def forwarded(subject: TemplateFile) -> Iterator[Fault]:
    """A header passes through http_proxy as it is, unless a mapping overwrites it."""
    for name, operation, integration in _passed_on(subject):
        for header, source in integration.headers:
            right = source.kind == "header" and source.name.lower() == "authorization"
            if header.lower() == "authorization" and not right:
                yield Fault(
                    f"{name} fills Authorization from {source.kind} {source.name}",
                    "the client's own Authorization",
                    "integration.request.header.Authorization: method.request.header.Authorization",
                )
        if operation.authorizer and operation.authorizer.header.lower() != "authorization":
            yield Fault(
                f"{name} looks for the token in {operation.authorizer.header}",
                "Authorization, which is where the page sends it and the runtime reads it",
                "securitySchemes: name: Authorization",
            )


@TEMPLATE.check("preflight", "what OPTIONS tells a browser that a page may send", Symptom.PAGE)
def preflight(subject: TemplateFile) -> Iterator[Fault]:
    definition = at(subject.properties(_API), "DefinitionBody", "paths") or {}
    for name, operation, _ in _passed_on(subject):
        answers = at(definition.get(operation.path), "options", _INTEGRATION, "responses") or {}
        for answer in answers.values() or [{}]:
            headers = {
                key.removeprefix("method.response.header.").lower(): value.strip("'")
                for key, value in (answer.get("responseParameters") or {}).items()
            }
            listed = _words(headers.get("access-control-allow-headers"))
            lacks = [header for header in PAGE_SENDS if header not in listed]
            if lacks or "access-control-allow-origin" not in headers:
                yield Fault(
                    f"OPTIONS {operation.path} allows {', '.join(sorted(listed)) or 'nothing'}"
                    + ("" if "access-control-allow-origin" in headers else ", for no origin"),
                    f"the headers that the page sends with {name}: {', '.join(PAGE_SENDS)} (* does "
                    "not cover Authorization)",
                    "a mock integration on options that answers with Access-Control-Allow-Origin, "
                    "-Methods and -Headers",
                )


@TEMPLATE.check("refusals", "the CORS header of the API's own refusals", Symptom.PAGE)
def refusals(subject: TemplateFile) -> Iterator[Fault]:
    """Without it a browser shows the page a network error in place of a 401."""
    responses = subject.api.responses.by_type
    for kind in ("UNAUTHORIZED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"):
        fallback = "DEFAULT_4XX" if TYPES[kind][0] < 500 else "DEFAULT_5XX"
        response = responses.get(kind) or responses.get(fallback)
        names = {name.lower() for name, _ in response.headers} if response else set()
        # One that falls back is named once, by its fallback.
        if "access-control-allow-origin" not in names and (kind in responses or kind == fallback):
            yield Fault(
                f"{kind} answers without Access-Control-Allow-Origin",
                "Access-Control-Allow-Origin on every gateway response",
                f"x-amazon-apigateway-gateway-responses: {kind}: responseParameters: "
                "gatewayresponse.header.Access-Control-Allow-Origin: \"'*'\"",
            )


@TEMPLATE.check("throttle", "the rate and the burst that the stage lets through", Symptom.BUSY)
def throttle(subject: TemplateFile) -> Iterator[Fault]:
    for name, operation, _ in _passed_on(subject):
        limits = operation.throttle
        if limits.rate < 1 or limits.burst < 1:
            yield Fault(
                f"{name}: {limits.rate:g} requests a second, {limits.burst:g} at once",
                "at least 1 of each, or every request is answered with 429",
                "MethodSettings: ThrottlingRateLimit and ThrottlingBurstLimit",
            )


@TEMPLATE.check("redeploy", "AlwaysDeploy of the API", Symptom.STALE, "warning")
def redeploy(subject: TemplateFile) -> Iterator[Fault]:
    if subject.properties(_API).get("AlwaysDeploy") is not True:
        yield Fault(
            "AlwaysDeploy is not true",
            "true: SAM makes a new deployment when the body's text changes, and a changed "
            "parameter does not change the text",
            "Api: AlwaysDeploy: true",
        )


@TEMPLATE.check("log-role", "the account's role behind the access log", Symptom.DEPLOY)
def log_role(subject: TemplateFile) -> Iterator[Fault]:
    if not subject.api.access_log:
        return
    waits = subject.written(_API).get("DependsOn") or []
    accounts = [
        each.id
        for each in subject.template.resources.values()
        if each.type == "AWS::ApiGateway::Account"
    ]
    if not set(accounts) & set([waits] if isinstance(waits, str) else waits):
        yield Fault(
            "an access log, and "
            + (f"no DependsOn on {accounts[0]}" if accounts else "no AWS::ApiGateway::Account"),
            "the account's CloudWatch role first: without it API Gateway refuses the stage",
            "an AWS::ApiGateway::Account with CloudWatchRoleArn, and Api: DependsOn: ApiAccount",
        )


def _words(value: str | None) -> set[str]:
    return {each.strip().lower() for each in (value or "").split(",")} - {""}
