"""AWS services that say what a test wants, over HTTP, in the shapes of botocore's service models.

A service is a mapping of operations to answers: a mapping, a function of the request's parameters,
or a Refusal. An answer that is not of the operation's output shape fails the test that asked.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator
from starlette.requests import Request
from starlette.responses import Response

Params = dict[str, str]


@dataclass(frozen=True)
class Refusal:
    """An error answer."""

    code: str
    status: int = 400
    message: str = "Refused."


Answer = Mapping[str, Any] | Refusal | Callable[[Params], Mapping[str, Any] | Refusal]
Answers = Mapping[str, Mapping[str, Answer]]
"""Service, as boto3 names it -> operation -> answer."""


class FakeAws:
    """An ASGI app that plays the services of `answers`, each below a path of its own."""

    def __init__(self, answers: Answers) -> None:
        """`answers` may be replaced by others of the same services."""
        self.answers = answers
        session = botocore.session.get_session()
        self._models = {name: session.get_service_model(name) for name in answers}

    def environment(self, url: str) -> dict[str, str]:
        """What leads boto3 here and nowhere else."""
        endpoints = {
            f"AWS_ENDPOINT_URL_{model.service_id.replace(' ', '_').upper()}": f"{url}/{name}"
            for name, model in self._models.items()
        }
        return {
            **endpoints,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_MAX_ATTEMPTS": "1",
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = self._answer(request, (await request.body()).decode("utf-8", "replace"))
            await response(scope, receive, send)

    def _answer(self, request: Request, body: str) -> Response:
        _, name, path = f"{request.url.path}/".split("/", 2)
        model = self._models[name]
        operation, params = _operation(model, request, f"/{path.rstrip('/')}", body)
        answer = self.answers[name].get(operation.name, Refusal("NotFaked", 501, operation.name))
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Refusal):
            return _refuse(answer, operation)
        shape = operation.output_shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), f"{operation.name}: {report.generate_report()}"
        return _serialize(answer, operation)


def _operation(
    model: ServiceModel, request: Request, path: str, body: str
) -> tuple[OperationModel, Params]:
    """What a request asks for, by the protocol of its service."""
    if model.service_name == "s3":
        return model.operation_model({"HEAD": "HeadObject", "GET": "GetObject"}[request.method]), {
            "path": path
        }
    if model.resolved_protocol == "query":
        form = dict(parse_qsl(body))
        return model.operation_model(form["Action"]), form
    if model.resolved_protocol == "json":
        target = request.headers["x-amz-target"].rpartition(".")[2]
        return model.operation_model(target), json.loads(body)
    for operation, pattern in _routes(model, request.method):
        if match := pattern.fullmatch(path):
            return operation, {**request.query_params, **match.groupdict()}
    raise AssertionError(f"{model.service_name} has no {request.method} {path}")


def _routes(model: ServiceModel, method: str) -> Iterator[tuple[OperationModel, re.Pattern[str]]]:
    """The operations of a REST service, literal paths before paths with parameters."""
    operations = [model.operation_model(name) for name in model.operation_names]
    for operation in sorted(operations, key=lambda each: each.http["requestUri"].count("{")):
        uri = operation.http["requestUri"].partition("?")[0].rstrip("/")
        if operation.http["method"] == method:
            yield operation, re.compile(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", uri))


def _serialize(answer: Mapping[str, Any], operation: OperationModel) -> Response:
    shape, protocol = operation.output_shape, operation.service_model.resolved_protocol
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name == "blob":
        return Response(answer[payload], media_type="application/octet-stream")
    if protocol in ("json", "rest-json"):
        return Response(json.dumps(_plain(answer, shape)), media_type="application/json")
    name = operation.name
    if protocol == "query":
        inside = f"<{name}Result>{_xml(answer, shape)}</{name}Result>"
        return Response(f"<{name}Response>{inside}</{name}Response>", media_type="text/xml")
    content = ""
    if payload:
        content = f"<{payload}>{_xml(answer[payload], shape.members[payload])}</{payload}>"
    return Response(content, media_type="text/xml")


def _plain(value: Any, shape: Shape) -> Any:
    """A value as JSON has it on the wire."""
    if shape.type_name == "structure":
        return {
            shape.members[key].serialization.get("name", key): _plain(each, shape.members[key])
            for key, each in value.items()
        }
    if shape.type_name == "list":
        return [_plain(each, shape.member) for each in value]
    if shape.type_name == "map":
        return {key: _plain(each, shape.value) for key, each in value.items()}
    return value.timestamp() if isinstance(value, datetime) else value


def _xml(value: Any, shape: Shape) -> str:
    """A value as XML has it on the wire."""
    if shape.type_name == "structure":
        parts = []
        for key, each in value.items():
            tag = shape.members[key].serialization.get("name", key)
            parts.append(f"<{tag}>{_xml(each, shape.members[key])}</{tag}>")
        return "".join(parts)
    if shape.type_name == "list":
        tag = shape.member.serialization.get("name", "member")
        return "".join(f"<{tag}>{_xml(each, shape.member)}</{tag}>" for each in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _refuse(refusal: Refusal, operation: OperationModel) -> Response:
    protocol = operation.service_model.resolved_protocol
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
        headers = {"x-amzn-errortype": refusal.code}
        return Response(body, refusal.status, headers, "application/json")
    error = (
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
    )
    whole = error if operation.service_model.service_name == "s3" else f"<R>{error}</R>"
    return Response(whole.replace("R>", "ErrorResponse>"), refusal.status, media_type="text/xml")
