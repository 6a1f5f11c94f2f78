"""One operation of the OpenAPI body: what it declares, who may call it, where it goes.

Source: "OpenAPI extensions for API Gateway".
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.absent import Absent
from local.gateway.authorize import Authorizer
from local.gateway.expressions import Declared
from local.gateway.lambda_proxy import LambdaProxy
from local.gateway.mock import Mock
from local.gateway.proxy import HttpProxy
from local.gateway.throttle import Throttle
from local.gateway.validate import Model, Validator

VALIDATOR = "x-amazon-apigateway-request-validator"

_INTEGRATION = "x-amazon-apigateway-integration"
_PARAMETER = {"name", "in", "required", "description", "schema"}
_DOCUMENTATION = {"operationId", "summary", "description", "tags", "externalDocs", "deprecated"}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str  # POST, or ANY
    path: str  # /chat, /things/{id}, /files/{proxy+}
    declared: Declared
    required: tuple[tuple[str, str], ...]  # (in, name) of required parameters
    authorizer: Authorizer | None
    scopes: tuple[str, ...]
    validator: Validator
    models: Mapping[str, Model]  # by media type of the request body
    integration: HttpProxy | LambdaProxy | Mock | Absent
    throttle: Throttle
    open_on_purpose: bool = False
    """Its `security` is an empty list."""

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path parameters if a request's path segments fit this operation, else None."""
        wanted = self.path.strip("/").split("/")
        if wanted[-1].endswith("+}") and len(segments) >= len(wanted):
            last = len(wanted) - 1
            segments = [*segments[:last], "/".join(segments[last:])]
        if len(segments) != len(wanted):
            return None
        parameters = {}
        for template, segment in zip(wanted, segments, strict=True):
            if template.startswith("{") and segment:
                parameters[template.strip("{+}")] = segment
            elif template != segment:
                return None
        return parameters


@dataclass(frozen=True)
class Reader:
    """Parses one operation: the definition, what it may refer to, and its place."""

    definition: dict[str, Any]
    schemas: Mapping[str, Any]
    authorizers: Mapping[str, Authorizer]
    validators: Mapping[str, Validator]
    variables: Mapping[str, Any]
    binary: tuple[str, ...]
    place: str

    def operation(self, method: str, path: str, throttle: Throttle) -> Operation:
        """The parsed operation; TemplateError names the place and what is wrong there."""
        strict_schema.keys(
            self.definition,
            {"security", "parameters", "requestBody", "responses", VALIDATOR, _INTEGRATION}
            | _DOCUMENTATION,
            self.place,
        )
        parameters = self._parameters()
        authorizer, scopes = self._security()
        declared = frozenset(parameters)
        return Operation(
            method=method,
            path=path,
            declared=declared,
            required=tuple(key for key, required in parameters.items() if required),
            authorizer=authorizer,
            scopes=scopes,
            validator=self._validator(),
            models=self._models(),
            integration=self._integration(declared),
            throttle=throttle,
            open_on_purpose=self.definition.get("security") == [],
        )

    def absent(self, method: str, path: str, throttle: Throttle, reason: str) -> Operation:
        """An operation in the place of one that cannot be played, for a reason."""
        return Operation(
            *(method, path, frozenset(), (), None, (), Validator(), {}, Absent(reason), throttle)
        )

    def _parameters(self) -> dict[tuple[str, str], bool]:
        """(in, name) of each declared parameter: whether it is required."""
        parameters = {}
        for index, entry in enumerate(self.definition["parameters"]):
            here = f"{self.place}.parameters[{index}]"
            found = strict_schema.keys(entry, _PARAMETER, here)
            where = strict_schema.choice(found.get("in"), {"header", "query", "path"}, f"{here}.in")
            name = strict_schema.text(found.get("name"), f"{here}.name")
            parameters[where, name] = found.get("required") is True
        return parameters

    def _security(self) -> tuple[Authorizer | None, tuple[str, ...]]:
        here = f"{self.place}.security"
        requirements = self.definition.get("security", [])
        if not requirements:
            return None, ()
        if not isinstance(requirements, list) or len(requirements) != 1:
            raise TemplateError(f"{here}: API Gateway takes one authorizer for an operation.")
        named = strict_schema.mapping(requirements[0], f"{here}[0]")
        if len(named) != 1:
            raise TemplateError(f"{here}[0]: API Gateway takes one authorizer for an operation.")
        ((name, scopes),) = named.items()
        if name not in self.authorizers:
            raise TemplateError(
                f"{here}[0]: `{name}` is not one of components.securitySchemes."
                f"{strict_schema.near(name, self.authorizers)}"
            )
        return self.authorizers[name], strict_schema.texts(scopes, f"{here}[0].{name}")

    def _validator(self) -> Validator:
        name = self.definition[VALIDATOR]
        if name is None:
            return Validator()
        return self.validators[
            strict_schema.choice(name, self.validators, f"{self.place}.{VALIDATOR}")
        ]

    def _models(self) -> dict[str, Model]:
        here = f"{self.place}.requestBody"
        body = strict_schema.keys(
            self.definition.get("requestBody", {}), {"required", "description", "content"}, here
        )
        models = {}
        for kind, entry in strict_schema.mapping(
            body.get("content", {}), f"{here}.content"
        ).items():
            at = f"{here}.content.{kind}"
            schema = strict_schema.keys(entry, {"schema"}, at).get("schema")
            models[kind.lower()] = Model(schema, self.schemas, f"{at}.schema")
        return models

    def _responses(self) -> dict[str, Set[str]]:
        """The headers that each response declares, by status."""
        here = f"{self.place}.responses"
        answers: dict[str, Set[str]] = {}
        for status, entry in strict_schema.mapping(
            self.definition.get("responses", {}), here
        ).items():
            at = f"{here}.{status}"
            found = strict_schema.keys(entry, {"description", "headers", "content"}, at)
            answers[str(status)] = set(
                strict_schema.mapping(found.get("headers", {}), f"{at}.headers")
            )
        return answers

    def _integration(self, declared: Declared) -> HttpProxy | LambdaProxy | Mock:
        here = f"{self.place}.{_INTEGRATION}"
        if _INTEGRATION not in self.definition:
            raise TemplateError(f"{self.place}: the operation has no {_INTEGRATION}.")
        found = strict_schema.mapping(self.definition[_INTEGRATION], here)
        answers = self._responses()
        kind = strict_schema.choice(
            found.get("type"), {"aws_proxy", "http_proxy", "mock"}, f"{here}.type"
        )
        if kind == "mock":
            return Mock.of(found, declared, answers, here)
        if kind == "aws_proxy":
            return LambdaProxy.of(found, self.variables, self.binary, here)
        return HttpProxy.of(found, declared, self.variables, here)
