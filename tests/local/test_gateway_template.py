"""What the gateway does not know stops the start, and the message names the place and the thing."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gateway_support import INTEGRATION, JSON, RESPONSES, open_path, template

from local.errors import TemplateError
from local.gateway import Api, create_app

Edit = Callable[[dict[str, Any]], object]


def body(properties: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties["DefinitionBody"]
    return found


def post(properties: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body(properties)["paths"]["/chat"]["post"]
    return found


def proxy(**changes: Any) -> Edit:
    return lambda properties: post(properties)[INTEGRATION].update(changes)


def mock(**changes: Any) -> Edit:
    return lambda properties: body(properties)["paths"]["/chat"]["options"][INTEGRATION].update(
        changes
    )


def mapped(target: str, source: str) -> Edit:
    return lambda properties: post(properties)[INTEGRATION]["requestParameters"].update(
        {target: source}
    )


def schema(**keywords: Any) -> Edit:
    return lambda properties: body(properties)["components"]["schemas"]["Turn"].update(keywords)


def scheme(**changes: Any) -> Edit:
    return lambda properties: body(properties)["components"]["securitySchemes"]["Cognito"].update(
        changes
    )


def refusal(**response: Any) -> Edit:
    return lambda properties: body(properties)[RESPONSES].update(UNAUTHORIZED=response)


def path(name: str) -> Edit:
    return open_path(name, uri="http://b/")


AUTHORIZER = "x-amazon-apigateway-authorizer"
HEADER = "integration.request.header.X"

BROKEN: list[tuple[Edit, tuple[str, ...]]] = [
    # the resource
    (lambda p: p.update(Cors="'*'"), ("Api: `Cors`",)),
    (lambda p: p.update(StageNam="x"), ("Api: `StageNam`", "`StageName`")),
    (lambda p: p.pop("StageName"), ("Api.StageName",)),
    (lambda p: p.update(EndpointConfiguration={"Type": "REGIONL"}), ("`REGIONL`", "`REGIONAL`")),
    (lambda p: p["AccessLogSetting"].update(Formt="x"), ("AccessLogSetting: `Formt`",)),
    (lambda p: p["MethodSettings"][0].update(CachingEnabled=True), ("`CachingEnabled`",)),
    (lambda p: p["MethodSettings"][0].update(ThrottlingRateLimit="many"), ("RateLimit: `many`",)),
    (lambda p: p.update(Variables={"Name": "a b"}), ("Variables.Name",)),
    # the document
    (lambda p: body(p).update(openapi="2.0"), ("DefinitionBody.openapi",)),
    (lambda p: body(p).update(security=[{"Cognito": []}]), ("put it on each operation",)),
    (lambda p: body(p).update(servers=[]), ("`servers`",)),
    (
        lambda p: body(p).update({"x-amazon-apigateway-policy": {}}),
        ("DefinitionBody: `x-amazon-apigateway-policy`",),
    ),
    (lambda p: body(p)["components"].update(parameters={}), ("components: `parameters`",)),
    (path("/a{b}"), ("paths./a{b}",)),
    (path("/{a+}/b"), ("paths./{a+}/b",)),
    (lambda p: body(p)["paths"]["/chat"].update(psot={}), ("`psot`", "`post`")),
    # the operation
    (lambda p: post(p).pop(INTEGRATION), ("/chat.post", f"no {INTEGRATION}")),
    (lambda p: post(p).update({f"{INTEGRATION}s": {}}), (f"`{INTEGRATION}s`",)),
    (lambda p: post(p).update({"x-amazon-apigateway-auth": {}}), ("`x-amazon-apigateway-auth`",)),
    (lambda p: post(p).update(security=[{"Congito": []}]), ("`Congito`", "`Cognito`")),
    (lambda p: post(p).update(security=[{"Cognito": []}, {}]), ("one authorizer",)),
    (
        lambda p: post(p).update({"x-amazon-apigateway-request-validator": "bdy"}),
        ("request-validator: `bdy`", "`body`"),
    ),
    (
        lambda p: body(p)["x-amazon-apigateway-request-validators"]["body"].update(valdate=True),
        ("request-validators.body: `valdate`",),
    ),
    (lambda p: post(p)["parameters"][0].update({"in": "cookie"}), ("parameters[0].in: `cookie`",)),
    (
        lambda p: post(p)["requestBody"]["content"][JSON].update(
            schema={"$ref": "#/components/schemas/Trun"}
        ),
        ("requestBody", "`#/components/schemas/Trun`"),
    ),
    # the integrations
    (proxy(type="http_proxi"), (f"{INTEGRATION}.type: `http_proxi`", "`http_proxy`")),
    (proxy(type="aws"), ("`aws`",)),
    (proxy(responseTransferMode="STREEM"), ("responseTransferMode: `STREEM`", "`STREAM`")),
    (proxy(responseTransferMod="STREAM"), ("`responseTransferMod`",)),
    (proxy(timeoutInMillis=900_001), ("timeoutInMillis (STREAM): `900001`", "900000")),
    (
        proxy(responseTransferMode="BUFFERED", timeoutInMillis=29_001),
        ("timeoutInMillis (BUFFERED): `29001`", "29000"),
    ),
    (proxy(timeoutInMillis=True), ("timeoutInMillis",)),
    (proxy(connectionType="VPC_LINK"), ("connectionType: `VPC_LINK`",)),
    (proxy(passthroughBehavior="sometimes"), ("passthroughBehavior: `sometimes`",)),
    (proxy(httpMethod="PSOT"), ("httpMethod: `PSOT`", "`POST`")),
    (proxy(uri="b/echo"), ("uri: `b/echo`",)),
    (proxy(uri="http://b/{id}"), ("uri: map `{id}`",)),
    (proxy(uri="http://b/${stageVariables.Runtme}"), ("`Runtme`", "`Runtime`")),
    (proxy(cacheNamespace="x"), ("`cacheNamespace`",)),
    (mapped("integration.request.body.X", "'a'"), ("`integration.request.body.X`",)),
    (mapped(HEADER, "method.request.header.Undeclared"), ("does not declare", "Undeclared")),
    (mapped(HEADER, "method.request.body.x"), ("`method.request.body.x`",)),
    (mapped(HEADER, "stageVariables.Runtime"), ("`stageVariables.Runtime`",)),
    (mapped(HEADER, "context.authorizer.claim.sub"), ("`context.authorizer.claim.sub`",)),
    (mapped(HEADER, "'a' + 'b'"), ("`'a' + 'b'`",)),
    (mapped(HEADER, "literal"), ("`literal`",)),
    (mock(responseTransferMode="STREAM"), ("mock integration cannot stream",)),
    (mock(uri="http://b"), ("`uri`",)),
    (mock(requestTemplates={JSON: '#set($x = 1){"statusCode": 200}'}), ("not VTL",)),
    (mock(requestTemplates={JSON: '{"statuscode": 200}'}), ("`statuscode`",)),
    (mock(responses={"4\\d\\d": {"statusCode": "204"}}), ("not a pattern",)),
    (mock(responses={"default": {"statusCode": "205"}}), ("do not declare status 205",)),
    (
        mock(
            responses={
                "default": {
                    "statusCode": "204",
                    "responseParameters": {"method.response.header.X-Undeclared": "'a'"},
                }
            }
        ),
        ("method.response.header.X-Undeclared", "declares"),
    ),
    # models
    (schema(additionalPropertys=False), ("schemas.Turn: `additionalPropertys`",)),
    (schema(minItems=1), ("schemas.Turn", "`minItems`")),
    (schema(type="text"), ("schemas.Turn", "draft 4")),
    (schema(properties={"a": {"nullable": True}}), ("schemas.Turn.properties.a", "`nullable`")),
    (schema(properties={"a": {"$ref": "#/definitions/A"}}), ("`#/definitions/A`",)),
    (schema(anyOf=[{"format": "uri"}]), ("schemas.Turn.anyOf[0]: `format`",)),
    (lambda p: body(p)["components"]["schemas"].update({"a-b": {}}), ("schemas.a-b",)),
    # the authorizer
    (scheme(type="oauth2"), ("securitySchemes.Cognito.type: `oauth2`",)),
    (scheme(**{"in": "query"}), ("Cognito.in: `query`",)),
    (scheme(**{"x-amazon-apigateway-authtype": "custom"}), ("authtype: `custom`",)),
    (scheme(**{AUTHORIZER: {"type": "token"}}), (f"{AUTHORIZER}.type: `token`",)),
    (
        scheme(**{AUTHORIZER: {"type": "cognito_user_pools", "providerARNs": []}}),
        ("at least one user pool",),
    ),
    (
        scheme(**{AUTHORIZER: {"type": "cognito_user_pools", "providerArns": ["a"]}}),
        ("`providerArns`", "`providerARNs`"),
    ),
    # gateway responses
    (lambda p: body(p)[RESPONSES].update(UNAUTHORISED={}), ("`UNAUTHORISED`", "`UNAUTHORIZED`")),
    (refusal(statuscode=401), ("UNAUTHORIZED: `statuscode`",)),
    (refusal(statusCode=4010), ("UNAUTHORIZED.statusCode: `4010`",)),
    (refusal(responseParameters={"gatewayresponse.heder.X": "'a'"}), ("gatewayresponse.heder.X",)),
    (refusal(responseParameters={"gatewayresponse.header.X": "*"}), ("expression `*`",)),
    (refusal(responseTemplates={"text/xml": "x"}), ("`text/xml`",)),
    (refusal(responseTemplates={JSON: "$context.eror.message"}), ("`$context.eror.message`",)),
]


@pytest.mark.parametrize(("edit", "named"), BROKEN, ids=[named[-1] for _, named in BROKEN])
def test_what_is_not_known_stops_the_start_by_name(edit: Edit, named: tuple[str, ...]) -> None:
    with pytest.raises(TemplateError) as error:
        Api.of(template(edit))
    for part in named:
        assert part in str(error.value)


def test_the_template_that_each_of_these_breaks_is_good() -> None:
    api = Api.of(template())
    assert {(o.method, o.path) for o in api.operations} == {("POST", "/chat"), ("OPTIONS", "/chat")}


def test_an_authorizer_of_a_pool_that_nobody_runs_stops_the_start() -> None:
    with pytest.raises(TemplateError, match="is not one of this template's"):
        create_app(Api.of(template()), {}, httpx.AsyncClient())


def test_a_silent_stream_may_last_five_minutes_regional_and_thirty_seconds_at_the_edge() -> None:
    assert Api.of(template()).idle_s == 300
    edge = template(lambda p: p.update(EndpointConfiguration={"Type": "EDGE"}))
    assert Api.of(edge).idle_s == 30
