"""The gate: the OpenAPI body of AWS::Serverless::Api."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.physical_ids import ACCOUNT

from .subject import ORIGINS, Subject, at, policy

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
PAGE_SENDS = {"authorization", "content-type", SESSION.lower()}
"""Headers of the page's requests that a browser asks about first (spa/src/api/chat.ts)."""

REFUSALS = {
    **{"UNAUTHORIZED": 401, "ACCESS_DENIED": 403, "WAF_FILTERED": 403},
    **{"DEFAULT_4XX": None, "DEFAULT_5XX": None},
}
"""Gateway responses that must be there, and the status that each may set."""

_INTEGRATION = "x-amazon-apigateway-integration"
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_NOT_OPERATIONS = {"parameters", "summary", "description"}


def _body(subject: Subject) -> dict[str, Any]:
    return at(subject.only("AWS::Serverless::Api").properties, "DefinitionBody") or {}


def _schemes(subject: Subject) -> dict[str, Any]:
    """The security schemes that Sluice's operations name; others are of an adopter's routes."""
    schemes = at(_body(subject), "components", "securitySchemes") or {}
    named = {
        name
        for _, operation in _operations(subject)
        for requirement in operation.get("security") or []
        for name in requirement
    }
    return {name: scheme for name, scheme in schemes.items() if name in named}


def _operations(subject: Subject, preflights: bool = False) -> Iterator[tuple[str, Any]]:
    """Each operation with its name: those that do something, or those that answer a preflight."""
    for path, item in (_body(subject).get("paths") or {}).items():
        for method, operation in item.items():
            if method not in _NOT_OPERATIONS and (method == "options") == preflights:
                yield f"{method.upper()} {path}", operation


@policy
def every_operation_asks_for_a_token(subject: Subject) -> Iterator[str]:
    """T3. A requirement at the root is ignored by API Gateway, so each operation has its own."""
    if not any(True for _ in _operations(subject)):
        yield "the API has no operation that does anything"
    if "security" in _body(subject):
        yield "`security` at the root of the API has no effect; it belongs on each operation"
    schemes = at(_body(subject), "components", "securitySchemes") or {}
    for name, operation in _operations(subject):
        required = [set(each) & set(schemes) for each in operation.get("security") or []]
        if [len(each) for each in required] != [1]:
            yield f"{name} can be called without a token: its `security` names no authorizer"


@policy
def the_authorizer_is_this_templates_user_pool(subject: Subject) -> Iterator[str]:
    """T3. A scheme that lacks one of these is imported as something that checks nothing."""
    pool = subject.only("AWS::Cognito::UserPool").attributes["Arn"]
    expected = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [pool]},
    }
    for name, scheme in _schemes(subject).items():
        for key, value in expected.items():
            if scheme.get(key) != value:
                yield f"{name}: {key} is {scheme.get(key)}, not {value}"


@policy
def operations_want_an_id_token(subject: Subject) -> Iterator[str]:
    """With scopes, the authorizer would want an access token, and refuse every ID token."""
    for name, operation in _operations(subject):
        for requirement in operation.get("security") or []:
            for scopes in requirement.values():
                if scopes:
                    yield f"{name} asks for the scopes {scopes}, which no ID token has"


@policy
def answers_are_streamed(subject: Subject) -> Iterator[str]:
    """Any other word means BUFFERED: the whole answer at once, and none after 29 seconds."""
    for name, operation in _operations(subject):
        mode = at(operation, _INTEGRATION, "responseTransferMode")
        if mode != "STREAM":
            yield f"{name} does not stream: its responseTransferMode is {mode}"


@policy
def a_stream_may_last_fifteen_minutes(subject: Subject) -> Iterator[str]:
    """The most that API Gateway allows; left out, it would be 29 seconds."""
    for name, operation in _operations(subject):
        timeout = at(operation, _INTEGRATION, "timeoutInMillis")
        if timeout != 900_000:
            yield f"{name}: timeoutInMillis is {timeout}, not 900000"


@policy
def requests_go_to_the_runtime(subject: Subject) -> Iterator[str]:
    """The address of "InvokeAgentRuntime"; with an id in it, the account is mandatory."""
    variables = subject.only("AWS::Serverless::Api").properties.get("Variables") or {}
    runtime = subject.only("AWS::BedrockAgentCore::Runtime").attributes["AgentRuntimeId"]
    for name, operation in _operations(subject):
        integration = operation.get(_INTEGRATION) or {}
        how = integration.get("type"), integration.get("httpMethod")
        if how != ("http_proxy", "POST"):
            yield f"{name} is passed on as {how}, not as (http_proxy, POST)"
        address = str(integration.get("uri"))
        for variable, value in variables.items():
            address = address.replace(f"${{stageVariables.{variable}}}", str(value))
        parts = urlsplit(address)
        if f"{parts.scheme}://{parts.netloc}" != ORIGINS.runtime:
            yield f"{name} goes to {parts.netloc}, not to AgentCore"
        if parts.path != f"/runtimes/{runtime}/invocations":
            yield f"{name} goes to {parts.path}, which is not this template's runtime"
        if parse_qs(parts.query) != {"qualifier": ["DEFAULT"], "accountId": [ACCOUNT]}:
            yield f"{name}: the query is {parts.query}, not qualifier and accountId"


@policy
def the_token_and_the_session_reach_the_runtime(subject: Subject) -> Iterator[str]:
    """T2, T10. These two and no others: the agent believes nothing that a gateway adds."""
    for name, operation in _operations(subject):
        mapped = dict(at(operation, _INTEGRATION, "requestParameters") or {})
        declared = {
            each.get("name") for each in operation.get("parameters", []) if each["in"] == "header"
        }
        for header in ("Authorization", SESSION):
            source = mapped.pop(f"integration.request.header.{header}", None)
            if source != f"method.request.header.{header}":
                yield f"{name} passes {header} on from {source}"
            if header not in declared:
                yield f"{name} maps {header} without declaring it as a parameter"
        for extra in mapped:
            yield f"{name} adds {extra}, which a call around the gate would not have"


@policy
def a_preflight_allows_what_the_page_sends(subject: Subject) -> Iterator[str]:
    """A browser sends no token with a preflight, so it is a mock, and answers for its path."""
    preflights = dict(_operations(subject, preflights=True))
    for name, _ in _operations(subject):
        method, path = name.split(" ", 1)
        operation = preflights.get(f"OPTIONS {path}")
        if operation is None:
            yield f"{path} has no OPTIONS, so that no page can call it"
            continue
        if at(operation, _INTEGRATION, "type") != "mock":
            yield f"OPTIONS {path} has no token to check and must be a mock"
        for answer in (at(operation, _INTEGRATION, "responses") or {}).values():
            headers = _headers(answer.get("responseParameters"), "method.response.header.")
            status = at(operation, "responses", str(answer["statusCode"]))
            for header in headers.keys() - (at(status, "headers") or {}).keys():
                yield f"OPTIONS {path} sends {header} without declaring it"
            if headers.get("Access-Control-Allow-Origin") != _origin(subject):
                yield f"OPTIONS {path} allows another origin than CorsOrigin"
            if method not in _words(headers.get("Access-Control-Allow-Methods")):
                yield f"OPTIONS {path} does not allow {method}"
            allowed = {each.lower() for each in _words(headers.get("Access-Control-Allow-Headers"))}
            for header in sorted(PAGE_SENDS - allowed):
                yield f"OPTIONS {path} does not allow the header {header}"


@policy
def bodies_are_checked_at_the_gate(subject: Subject) -> Iterator[str]:
    """T9. A validator without a model passes everything; so does a model without one."""
    validators = _body(subject).get("x-amazon-apigateway-request-validators") or {}
    schemas = at(_body(subject), "components", "schemas") or {}
    for name, operation in _operations(subject):
        if name.startswith(("GET ", "HEAD ")):
            continue
        validator = operation.get("x-amazon-apigateway-request-validator")
        if at(validators, str(validator), "validateRequestBody") is not True:
            yield f"{name} has no request validator that looks at the body"
        if at(operation, "requestBody", "required") is not True:
            yield f"{name} may be called without a body"
        content = at(operation, "requestBody", "content") or {}
        reference = at(content, "application/json", "schema", "$ref") or ""
        model = schemas.get(reference.removeprefix("#/components/schemas/"))
        if set(content) != {"application/json"} or at(model, "type") != "object":
            yield f"{name} has no model of its JSON body"


@policy
def a_page_can_read_every_refusal(subject: Subject) -> Iterator[str]:
    """Without the CORS header a browser shows the page a network error in place of a 401."""
    responses = _body(subject).get(_RESPONSES) or {}
    for kind in REFUSALS.keys() - responses.keys():
        yield f"there is no gateway response {kind}"
    for kind, response in responses.items():
        headers = _headers(response.get("responseParameters"), "gatewayresponse.header.")
        if headers.get("Access-Control-Allow-Origin") != _origin(subject):
            yield f"{kind} lacks Access-Control-Allow-Origin with CorsOrigin"


@policy
def a_refusal_is_json_with_its_status(subject: Subject) -> Iterator[str]:
    """$context.error.messageString brings its own quotation marks, other variables bring none."""
    for kind, response in (_body(subject).get(_RESPONSES) or {}).items():
        status = response.get("statusCode")
        if status not in (None, REFUSALS.get(kind, status)):
            yield f"{kind} answers {status}, not {REFUSALS[kind]}"
        for template in (response.get("responseTemplates") or {}).values():
            filled = template.replace("$context.error.messageString", '"text"')
            try:
                json.loads(re.sub(r"\$context[\w.]+", "text", filled))
            except ValueError:
                yield f"{kind} answers with something that is not JSON"


def _origin(subject: Subject) -> str:
    return f"'{subject.template.parameters['CorsOrigin']}'"


def _headers(parameters: Any, prefix: str) -> dict[str, str]:
    """Mapped headers by name."""
    return {key.removeprefix(prefix): value for key, value in (parameters or {}).items()}


def _words(value: str | None) -> set[str]:
    """What a quoted, comma-separated header value lists."""
    return {each.strip() for each in (value or "").strip("'").split(",")}
