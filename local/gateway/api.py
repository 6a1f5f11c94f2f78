"""The API as the template describes it: the AWS::Serverless::Api resource and its OpenAPI body.

Sources: "AWS::Serverless::Api" of the SAM specification and "OpenAPI extensions for API Gateway".
Parsing is strict (see strict_schema.py): what this gateway does not know, it refuses by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local import shipped
from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.absent import Absent
from local.gateway.authorize import Authorizer
from local.gateway.lambda_proxy import LambdaProxy
from local.gateway.mock import Mock
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
_SCHEMA = "#/components/schemas/"
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
        found = strict_schema.keys(resource.properties, _PROPERTIES, resource.id)
        settings = tuple(
            MethodSetting.of(entry, f"{resource.id}.MethodSettings[{index}]")
            for index, entry in enumerate(found.get("MethodSettings", []))
        )
        here = f"{resource.id}.EndpointConfiguration"
        # Without one, SAM makes an edge-optimized API.
        endpoint = strict_schema.keys(
            found.get("EndpointConfiguration", {"Type": "EDGE"}), {"Type"}, here
        )
        kind = strict_schema.choice(endpoint.get("Type"), IDLE_S, f"{here}.Type")
        log = strict_schema.keys(
            found.get("AccessLogSetting", {}),
            {"DestinationArn", "Format"},
            f"{resource.id}.AccessLogSetting",
        )
        here = f"{resource.id}.Variables"
        variables = strict_schema.mapping(found.get("Variables", {}), here)
        for name, value in variables.items():
            # The characters that "Stage variables reference for REST APIs" allows.
            if not re.fullmatch(r"[\w.~:/?#&=,-]+", str(value), re.ASCII):
                raise TemplateError(f"{here}.{name}: a character that API Gateway refuses.")
        place = f"{resource.id}.DefinitionBody"
        document = _document(found.get("DefinitionBody"), place)
        return cls(
            stage=strict_schema.text(found.get("StageName"), f"{resource.id}.StageName"),
            operations=_operations(document, settings, variables, place),
            responses=GatewayResponses.of(document.get(_RESPONSES, {}), f"{place}.{_RESPONSES}"),
            access_log=log.get("Format"),
            idle_s=IDLE_S[kind],
        )

    @property
    def functions(self) -> set[str]:
        """The ARNs of the functions that answer routes."""
        integrations = [each.integration for each in self.operations]
        return {each.function for each in integrations if isinstance(each, LambdaProxy)}

    @property
    def notes(self) -> list[str]:
        """What a person should know of routes of their own, each a sentence without its end."""
        found = []
        for each in self.operations:
            name = f"{each.method} {each.path}"
            if isinstance(each.integration, Absent):
                reason = each.integration.reason
                found.append(f"{name} is not played here, and answers 501: {reason}")
            elif is_open(each):
                found.append(f"{name} asks for no token; `security: []` would say that it is meant")
        return found

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


def is_open(operation: Operation) -> bool:
    """Whether anybody may call an operation that does something, and nothing says that it is meant.
    A mock needs no token: it does nothing, and a preflight can bring none."""
    return (
        operation.authorizer is None
        and not operation.open_on_purpose
        and not isinstance(operation.integration, Mock)
    )


def _document(definition: Any, place: str) -> dict[str, Any]:
    """The OpenAPI document with its outermost keys checked."""
    found = strict_schema.mapping(definition, place)
    if "security" in found:
        raise TemplateError(
            f"{place}.security: API Gateway ignores it at the root; put it on each operation."
        )
    extensions = {VALIDATOR, _VALIDATORS, _RESPONSES, _BINARY}
    plain = {"openapi", "info", "tags", "externalDocs", "paths", "components"}
    strict_schema.keys(found, plain | extensions, place)
    if not str(found.get("openapi", "")).startswith("3.0."):
        raise TemplateError(f"{place}.openapi: version 3.0 is expected.")
    # Bodies pass through as the bytes they are, so that binary types need nothing more.
    strict_schema.texts(found.get(_BINARY, []), f"{place}.{_BINARY}")
    return found


def _operations(
    document: dict[str, Any],
    settings: tuple[MethodSetting, ...],
    variables: Mapping[str, Any],
    place: str,
) -> tuple[Operation, ...]:
    components = strict_schema.keys(
        document.get("components", {}), {"schemas", "securitySchemes"}, f"{place}.components"
    )
    schemas = strict_schema.mapping(components.get("schemas", {}), f"{place}.components.schemas")
    here = f"{place}.components.securitySchemes"
    schemes = strict_schema.mapping(components.get("securitySchemes", {}), here)
    here = f"{place}.{_VALIDATORS}"
    validators = {
        name: Validator.of(entry, f"{here}.{name}")
        for name, entry in strict_schema.mapping(document.get(_VALIDATORS, {}), here).items()
    }
    binary = strict_schema.texts(document.get(_BINARY, []), f"{place}.{_BINARY}")
    methods = {method.lower() for method in METHODS if method != "ANY"} | {_ANY}
    paths = strict_schema.mapping(document.get("paths"), f"{place}.paths")
    ours = shipped.of_paths(paths)
    authorizers, broken = _components(schemas, schemes, f"{place}.components")
    # What only an adopter's routes use may be more than this machine plays.
    theirs = _uses([paths[path] for path in paths.keys() - ours], schemas)
    theirs -= _uses([paths[path] for path in ours], schemas)
    for name in broken.keys() - theirs:
        raise broken[name]
    operations = []
    for path, item in paths.items():
        here = f"{place}.paths.{path}"
        if not re.fullmatch(r"/|(/(\{\w+\}|[\w.,:-]+))*/(\{\w+\+?\}|[\w.,:-]+)", path, re.ASCII):
            raise TemplateError(f"{here}: the path is not one that API Gateway can serve.")
        strict_schema.keys(item, methods | {"parameters", "summary", "description"}, here)
        for key in methods & set(item):
            method = "ANY" if key == _ANY else key.upper()
            at = f"{here}.{key}"
            operation = {"parameters": [], **strict_schema.mapping(item[key], at)}
            operation["parameters"] = [*item.get("parameters", []), *operation["parameters"]]
            operation.setdefault(VALIDATOR, document.get(VALIDATOR))
            throttle = throttle_of(settings, method, path)
            reader = Reader(operation, schemas, authorizers, validators, variables, binary, at)
            try:
                for name in _uses(operation, schemas) & broken.keys():
                    raise broken[name]
                operations.append(reader.operation(method, path, throttle))
            except TemplateError as error:
                if path in ours:
                    raise
                operations.append(reader.absent(method, path, throttle, str(error).rstrip(".")))
    return tuple(sorted(operations, key=_precedence))


def _components(
    schemas: dict[str, Any], schemes: dict[str, Any], place: str
) -> tuple[dict[str, Authorizer], dict[str, TemplateError]]:
    """The authorizers that are played, and what is wrong with other components, by their names."""
    authorizers: dict[str, Authorizer] = {}
    broken: dict[str, TemplateError] = {}
    for name, schema in schemas.items():
        try:
            check_name(name, f"{place}.schemas")
            check(schema, schemas, f"{place}.schemas.{name}")
        except TemplateError as error:
            broken[f"{_SCHEMA}{name}"] = error
    for name, scheme in schemes.items():
        try:
            authorizers[name] = Authorizer.of(scheme, f"{place}.securitySchemes.{name}")
        except TemplateError as error:
            broken[name] = error
    return authorizers, broken


def _uses(node: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The schemas that something refers to, also by way of others, and the schemes it names."""
    found: set[str] = set()
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending += each
        elif isinstance(each, dict):
            for key, value in each.items():
                if key == "$ref" and isinstance(value, str) and value not in found:
                    found.add(value)
                    pending.append(schemas.get(value.removeprefix(_SCHEMA)))
                elif key == "security" and isinstance(value, list):
                    found |= {name for entry in value if isinstance(entry, dict) for name in entry}
                else:
                    pending.append(value)
    return found


def _precedence(operation: Operation) -> tuple[list[int], str, bool]:
    """Literal segments come before {name}, that before {name+}, and a method before ANY."""
    segments = operation.path.split("/")
    ranks = [("{" in segment) + ("+}" in segment) for segment in segments]
    return ranks, operation.path, operation.method == "ANY"
