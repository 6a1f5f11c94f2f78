"""The API as the template describes it: the AWS::Serverless::Api resource and its OpenAPI body.

Sources: "AWS::Serverless::Api" of the SAM specification and "OpenAPI extensions for API Gateway".
Parsing is strict (see known.py): what this twin does not know, it refuses by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.errors import TemplateError
from local.gateway import known
from local.gateway.authorize import Authorizer
from local.gateway.operation import VALIDATOR, Operation, Reader
from local.gateway.proxy import METHODS
from local.gateway.responses import GatewayResponses
from local.gateway.throttle import MethodSetting, throttle_of
from local.gateway.validate import Validator, check, check_name
from local.template import Template

IDLE_S: Mapping[str, float] = {"REGIONAL": 300, "EDGE": 30}

_PROPERTIES = {
    *("StageName", "EndpointConfiguration", "AccessLogSetting", "MethodSettings"),
    *("DefinitionBody", "Variables"),
    # These say how the API is deployed, named and watched: nothing that a request meets.
    *("AlwaysDeploy", "OpenApiVersion", "Name", "Description", "Tags", "PropagateTags"),
    "TracingEnabled",
}
_EXTENSION = "x-amazon-apigateway-"
_VALIDATORS = f"{_EXTENSION}request-validators"
_RESPONSES = f"{_EXTENSION}gateway-responses"
_BINARY = f"{_EXTENSION}binary-media-types"
_ANY = f"{_EXTENSION}any-method"


@dataclass(frozen=True)
class Api:
    """A stage of a REST API."""

    stage: str
    operations: tuple[Operation, ...]  # in the order in which they are tried
    responses: GatewayResponses
    access_log: str | None  # the format of a line
    idle_s: float  # how long a stream may be silent

    @classmethod
    def of(cls, template: Template) -> "Api":
        """Parse the template's one AWS::Serverless::Api; TemplateError names place and thing."""
        resource = template.only("AWS::Serverless::Api")
        found = known.keys(resource.properties, _PROPERTIES, resource.id)
        settings = tuple(
            MethodSetting.of(entry, f"{resource.id}.MethodSettings[{index}]")
            for index, entry in enumerate(found.get("MethodSettings", []))
        )
        here = f"{resource.id}.EndpointConfiguration"
        # Without one, SAM makes an edge-optimized API.
        endpoint = known.keys(found.get("EndpointConfiguration", {"Type": "EDGE"}), {"Type"}, here)
        kind = known.choice(endpoint.get("Type"), IDLE_S, f"{here}.Type")
        log = known.keys(
            found.get("AccessLogSetting", {}),
            {"DestinationArn", "Format"},
            f"{resource.id}.AccessLogSetting",
        )
        here = f"{resource.id}.Variables"
        variables = known.mapping(found.get("Variables", {}), here)
        for name, value in variables.items():
            # The characters that "Stage variables reference for REST APIs" allows.
            if not re.fullmatch(r"[\w.~:/?#&=,-]+", str(value), re.ASCII):
                raise TemplateError(f"{here}.{name}: a character that API Gateway refuses.")
        place = f"{resource.id}.DefinitionBody"
        document = _document(found.get("DefinitionBody"), place)
        return cls(
            stage=known.text(found.get("StageName"), f"{resource.id}.StageName"),
            operations=_operations(document, settings, variables, place),
            responses=GatewayResponses.of(document.get(_RESPONSES, {}), f"{place}.{_RESPONSES}"),
            access_log=log.get("Format"),
            idle_s=IDLE_S[kind],
        )

    def find(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation that a request goes to and its path parameters, or None."""
        segments = [unquote(part) for part in raw_path.removeprefix("/").split("/")]
        if segments[0] != self.stage:
            return None
        rest = segments[1:] or [""]
        matches = [(o, fit) for o in self.operations if (fit := o.match(rest)) is not None]
        # The first path that fits is the resource; without the method there, there is no other.
        for operation, parameters in matches:
            if operation.path == matches[0][0].path and operation.method in (method, "ANY"):
                return operation, parameters
        return None


def _document(definition: Any, place: str) -> dict[str, Any]:
    """The OpenAPI document with its outermost keys checked."""
    found = known.mapping(definition, place)
    if "security" in found:
        raise TemplateError(
            f"{place}.security: API Gateway ignores it at the root; put it on each operation."
        )
    extensions = {VALIDATOR, _VALIDATORS, _RESPONSES, _BINARY}
    plain = {"openapi", "info", "tags", "externalDocs", "paths", "components"}
    known.keys(found, plain | extensions, place)
    if not str(found.get("openapi", "")).startswith("3.0."):
        raise TemplateError(f"{place}.openapi: version 3.0 is expected.")
    # Bodies pass through this twin as the bytes they are, so that binary types need nothing more.
    known.texts(found.get(_BINARY, []), f"{place}.{_BINARY}")
    return found


def _operations(
    document: dict[str, Any],
    settings: tuple[MethodSetting, ...],
    variables: Mapping[str, Any],
    place: str,
) -> tuple[Operation, ...]:
    components = known.keys(
        document.get("components", {}), {"schemas", "securitySchemes"}, f"{place}.components"
    )
    here = f"{place}.components.schemas"
    schemas = known.mapping(components.get("schemas", {}), here)
    for name, schema in schemas.items():
        check_name(name, here)
        check(schema, schemas, f"{here}.{name}")
    here = f"{place}.components.securitySchemes"
    schemes = known.mapping(components.get("securitySchemes", {}), here)
    authorizers = {name: Authorizer.of(entry, f"{here}.{name}") for name, entry in schemes.items()}
    here = f"{place}.{_VALIDATORS}"
    validators = {
        name: Validator.of(entry, f"{here}.{name}")
        for name, entry in known.mapping(document.get(_VALIDATORS, {}), here).items()
    }
    methods = {method.lower() for method in METHODS if method != "ANY"} | {_ANY}
    operations = []
    for path, item in known.mapping(document.get("paths"), f"{place}.paths").items():
        here = f"{place}.paths.{path}"
        if not re.fullmatch(r"/|(/(\{\w+\}|[\w.,:-]+))*/(\{\w+\+?\}|[\w.,:-]+)", path, re.ASCII):
            raise TemplateError(f"{here}: the path is not one that API Gateway can serve.")
        known.keys(item, methods | {"parameters", "summary", "description"}, here)
        for key in methods & set(item):
            method = "ANY" if key == _ANY else key.upper()
            at = f"{here}.{key}"
            operation = {"parameters": [], **known.mapping(item[key], at)}
            operation["parameters"] = [*item.get("parameters", []), *operation["parameters"]]
            operation.setdefault(VALIDATOR, document.get(VALIDATOR))
            throttle = throttle_of(settings, method, path)
            reader = Reader(operation, schemas, authorizers, validators, variables, at)
            operations.append(reader.operation(method, path, throttle))
    return tuple(sorted(operations, key=_precedence))


def _precedence(operation: Operation) -> tuple[list[int], str, bool]:
    """Literal segments come before {name}, that before {name+}, and a method before ANY."""
    segments = operation.path.split("/")
    ranks = [("{" in segment) + ("+}" in segment) for segment in segments]
    return ranks, operation.path, operation.method == "ANY"
