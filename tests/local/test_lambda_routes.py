"""A route of one's own with a Lambda function behind it, over real HTTP and in a real process."""

import json
import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_support import INTEGRATION, POOL_ARN, gateway, template
from issuer import Issuer
from support import serve

from local.functions import functions_of
from local.gateway import Api
from local.gateway.absent import Absent
from local.template import Resource

ARN = "arn:aws:lambda:us-east-1:123456789012:function:sluice-local-Orders"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
HANDLER = """
import json, os, sys, time
import orders

def show(event, context):
    print("seen", event["path"])
    return {"statusCode": 200, "body": json.dumps({
        "event": event, "table": os.environ["TABLE"], "name": context.function_name,
        "left": context.get_remaining_time_in_millis(), "from": orders.WHERE,
    })}

def made(event, context):
    return json.loads(event["body"])

def broken(event, context):
    raise ValueError("sesame")

def slow(event, context):
    time.sleep(60)

def odd(event, context):
    return {"statusCode": 200, "body": {1, 2}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a function's code."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "functions").mkdir()
    (root / "functions" / "app.py").write_text(HANDLER)
    (root / "functions" / "orders.py").write_text("WHERE = 'beside it'\n")
    return root


def function(handler: str = "app.show", **properties: Any) -> Resource:
    """The function as the template has it, resolved."""
    found = {
        "CodeUri": "functions/",
        "Handler": handler,
        "Runtime": "python3.13",
        "Environment": {"Variables": {"TABLE": "orders"}},
        **properties,
    }
    return Resource("Orders", "AWS::Serverless::Function", found, {"Arn": ARN})


def add_route(properties: dict[str, Any], method: str = "post", **operation: Any) -> None:
    """`/orders/{id}`, answered by the function."""
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": URI}
    properties["DefinitionBody"]["paths"]["/orders/{id}"] = {
        method: {"responses": {}, INTEGRATION: integration, **operation}
    }


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    pool = Issuer()
    with serve(pool.app()) as url:
        pool.url = url
        yield pool


@pytest.fixture
def log() -> "queue.Queue[str]":
    return queue.Queue()


type Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(folder: Path, issuer: Issuer, log: "queue.Queue[str]") -> Ask:
    """Ask the route of a function, once."""

    def ask(
        resource: Resource | None = None,
        route: Callable[[dict[str, Any]], None] = add_route,
        method: str = "POST",
        **request: Any,
    ) -> httpx.Response:
        described = template(route)
        resource = resource or function()
        described.resources[resource.id] = resource
        functions = functions_of(described, folder)
        issuers = {POOL_ARN: issuer.discovery_url}
        with gateway(described, issuers, log.put, functions) as url:
            return httpx.request(method, f"{url}/prod/orders/7?a=1&a=2", timeout=30, **request)

    return ask


def test_the_function_gets_the_documented_event(ask: Ask, log: "queue.Queue[str]") -> None:
    answer = ask(content="hello", headers={"X-Own": "yes", "Content-Type": "text/plain"})
    seen = answer.json()
    event = seen.pop("event")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert seen.pop("left") > 1000
    assert seen == {"table": "orders", "name": "sluice-local-Orders", "from": "beside it"}
    assert (event["resource"], event["path"]) == ("/orders/{id}", "/orders/7")
    assert (event["httpMethod"], event["pathParameters"]) == ("POST", {"id": "7"})
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (event["headers"]["X-Own"], event["multiValueHeaders"]["X-Own"]) == ("yes", ["yes"])
    assert event["stageVariables"] == {"Runtime": "runtime-1"}
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    context = event["requestContext"]
    assert (context["stage"], context["path"]) == ("prod", "/prod/orders/7")
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert "authorizer" not in context
    assert log.get_nowait() == "Orders: seen /orders/7"


def test_what_a_request_lacks_is_null(ask: Ask) -> None:
    def route(properties: dict[str, Any]) -> None:
        add_route(properties, "get")
        del properties["Variables"]
        properties["DefinitionBody"]["paths"].pop("/chat")

    event = ask(route=route, method="GET").json()["event"]
    assert (event["body"], event["stageVariables"]) == (None, None)


def test_an_authorizer_lets_claims_through_and_nobody_else(ask: Ask, issuer: Issuer) -> None:
    def route(properties: dict[str, Any]) -> None:
        add_route(properties, security=[{"Cognito": []}])

    assert ask(route=route).status_code == 401
    token = issuer.token()
    seen = ask(route=route, headers={"Authorization": f"Bearer {token}"}).json()
    assert seen["event"]["requestContext"]["authorizer"]["claims"]["token_use"] == "id"


def made(ask: Ask, result: Any) -> httpx.Response:
    return ask(function("app.made"), content=json.dumps(result))


def test_the_answer_is_the_functions(ask: Ask) -> None:
    answer = made(
        ask,
        {
            "statusCode": "201",
            "headers": {"Content-Type": "text/plain", "X-Made": True},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "body": "made",
            "isBase64Encoded": False,
        },
    )
    assert (answer.status_code, answer.text) == (201, "made")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-made"] == "true"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        [],
        {},
        {"body": "no status"},
        {"statusCode": 99},
        {"statusCode": "OK"},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "headers": "X: y"},
        {"statusCode": 200, "headers": {"X": ["a"]}},
        {"statusCode": 200, "multiValueHeaders": {"X": "a"}},
        {"statusCode": 200, "headers": {"X": "a\r\nY: b"}},
        {"statusCode": 200, "status": "fine"},
    ],
)
def test_a_malformed_answer_is_the_502_of_api_gateway(
    ask: Ask, log: "queue.Queue[str]", result: Any
) -> None:
    answer = made(ask, result)
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    assert answer.headers["access-control-allow-origin"]
    assert "malformed answer" in log.get_nowait()


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (function("app.broken"), "ValueError: sesame"),
        (function("app.missing"), "has no attribute 'missing'"),
        (function("app.odd"), "not JSON serializable"),
        (function("app.slow", Timeout=0.5), "Task timed out after 0.50 seconds"),
    ],
    ids=["it raises", "no handler", "no JSON", "too slow"],
)
def test_a_function_that_fails_is_a_502_and_the_log_says_why(
    ask: Ask, log: "queue.Queue[str]", resource: Resource, said: str
) -> None:
    answer = ask(resource)
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    lines = []
    while not log.empty():
        lines.append(log.get_nowait())
    assert any(said in line for line in lines)


def test_an_integration_that_takes_too_long_is_a_504(ask: Ask) -> None:
    def route(properties: dict[str, Any]) -> None:
        add_route(properties)
        operation = properties["DefinitionBody"]["paths"]["/orders/{id}"]["post"]
        operation[INTEGRATION]["timeoutInMillis"] = 300

    answer = ask(function("app.slow", Timeout=30), route)
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (function(Runtime="nodejs22.x"), "its Runtime is nodejs22.x, and only Python runs here"),
        (function(CodeUri="s3://bucket/key"), "its code is not a folder of this checkout"),
        (function("other.show"), "there is no file for its Handler other.show"),
        (Resource("Other", "AWS::Lambda::Function", {}, {"Arn": f"{ARN}2"}), "has no function"),
    ],
)
def test_a_function_that_is_not_played_is_named_with_a_501(
    ask: Ask, resource: Resource, reason: str
) -> None:
    answer = ask(resource)
    assert answer.status_code == 501
    assert reason in answer.json()["message"]


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({INTEGRATION: {"type": "aws", "uri": "x"}}, "`aws` is not one of"),
        ({"security": [{"Partner": []}]}, "`custom` is not one of"),
        ({INTEGRATION: {"type": "aws_proxy", "httpMethod": "GET", "uri": URI}}, "httpMethod"),
        ({INTEGRATION: {"type": "aws_proxy", "httpMethod": "POST", "uri": ARN}}, "uri"),
    ],
    ids=["another integration", "another authorizer", "GET", "another address"],
)
def test_a_route_that_is_not_played_leaves_the_chat_alone(
    ask: Ask, operation: dict[str, Any], reason: str
) -> None:
    def route(properties: dict[str, Any]) -> None:
        add_route(properties, **operation)
        if "security" not in operation:
            return
        schemes = properties["DefinitionBody"]["components"]["securitySchemes"]
        schemes["Partner"] = {
            **{"type": "apiKey", "name": "x", "in": "header"},
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "request"},
        }

    answer = ask(route=route)
    assert answer.status_code == 501
    assert reason in answer.json()["message"]
    api = Api.of(template(route))
    (absent,) = (each for each in api.operations if isinstance(each.integration, Absent))
    assert absent.path == "/orders/{id}"
    (note,) = api.notes
    assert note.startswith("POST /orders/{id} is not played here, and answers 501: ")


def test_an_open_route_is_named_unless_it_is_meant() -> None:
    assert Api.of(template(add_route)).notes == [
        "POST /orders/{id} asks for no token; `security: []` would say that it is meant"
    ]
    assert Api.of(template(lambda properties: add_route(properties, security=[]))).notes == []
    signed_in = [{"Cognito": []}]
    assert Api.of(template(lambda each: add_route(each, security=signed_in))).notes == []


def test_a_body_of_a_binary_type_travels_as_base64(ask: Ask) -> None:
    def route(properties: dict[str, Any]) -> None:
        add_route(properties)
        types = "x-amazon-apigateway-binary-media-types"
        properties["DefinitionBody"][types] = ["image/*"]

    headers = {"Content-Type": "image/png"}
    event = ask(route=route, content=b"\x89PNG", headers=headers).json()["event"]
    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)
    coded = {"statusCode": 200, "isBase64Encoded": True, "body": "iVBORw=="}
    answer = ask(function("app.made"), route, content=json.dumps(coded))
    assert answer.content == b"\x89PNG"
