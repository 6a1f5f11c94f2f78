"""Request validation: required parameters, and bodies against models (JSON Schema draft 4).

Sources: "Request validation for REST APIs in API Gateway", "Data models for REST APIs" and
"Amazon API Gateway important notes" (what a model cannot say). A body is validated only against
the model of its media type; without one it passes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError, ValidationError

from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.exchange import Exchange, Refusal

_KEYWORDS = {
    *("$ref", "type", "enum", "title", "description", "default"),
    *("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    *("items", "uniqueItems", "minLength", "maxLength", "pattern"),
    *("minimum", "maximum", "exclusiveMaximum", "multipleOf"),
    *("allOf", "anyOf", "oneOf", "not"),
}
_NOT_IN_MODELS = {
    *("discriminator", "example", "exclusiveMinimum", "maxItems", "minItems", "nullable"),
    "readOnly",
}
_REF = "#/components/schemas/"
_ERRORS_NAMED = 5


@dataclass(frozen=True)
class Validator:
    """One of x-amazon-apigateway-request-validators."""

    body: bool = False
    parameters: bool = False

    @classmethod
    def of(cls, definition: Any, place: str) -> "Validator":
        """Parse one."""
        found = strict_schema.keys(
            definition, {"validateRequestBody", "validateRequestParameters"}, place
        )
        for key, value in found.items():
            if not isinstance(value, bool):
                raise TemplateError(f"{place}.{key}: true or false is expected.")
        return cls(
            found.get("validateRequestBody", False), found.get("validateRequestParameters", False)
        )


class Model:
    """A schema that request bodies are held against."""

    def __init__(self, schema: Any, schemas: Mapping[str, Any], place: str) -> None:
        """`schemas` are components.schemas, which the schema may refer to."""
        check(schema, schemas, place)
        self._validator = Draft4Validator({"allOf": [schema], "components": {"schemas": schemas}})

    def errors(self, body: bytes) -> str:
        """What is wrong with the body, naming each field but quoting no value; "" if nothing is."""
        try:
            value = json.loads(body, parse_constant=_no_constant) if body else None
            errors = sorted(
                self._validator.iter_errors(value), key=lambda error: list(map(str, error.path))
            )
        except (ValueError, RecursionError):
            return "[the body is not valid JSON]"
        described = dict.fromkeys(part for error in errors for part in _described(error))
        return f"[{', '.join(list(described)[:_ERRORS_NAMED])}]" if described else ""


def check(schema: Any, schemas: Mapping[str, Any], place: str) -> None:
    """TemplateError unless the schema is one that API Gateway can use as a model."""
    for keyword in strict_schema.mapping(schema, place):
        if keyword in _NOT_IN_MODELS:
            raise TemplateError(f"{place}: API Gateway does not validate `{keyword}` in a model.")
    strict_schema.keys(schema, _KEYWORDS, place)
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_REF)
        if not str(schema["$ref"]).startswith(_REF) or name not in schemas:
            raise TemplateError(f"{place}: `{schema['$ref']}` is not one of components.schemas.")
        return
    properties = strict_schema.mapping(schema.get("properties", {}), f"{place}.properties")
    parts = [(f"properties.{name}", part) for name, part in properties.items()]
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts += [(f"{keyword}[{i}]", part) for i, part in enumerate(schema.get(keyword, []))]
    parts += [(keyword, schema[keyword]) for keyword in ("items", "not") if keyword in schema]
    if isinstance(schema.get("additionalProperties"), dict):
        parts.append(("additionalProperties", schema["additionalProperties"]))
    for name, part in parts:
        check(part, schemas, f"{place}.{name}")
    try:
        Draft4Validator.check_schema(schema)
    except SchemaError as error:
        raise TemplateError(f"{place}: not a JSON Schema of draft 4: {error.message}.") from error


def check_name(name: str, place: str) -> None:
    """TemplateError unless the schema's name can be a model's name."""
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise TemplateError(f"{place}.{name}: a model's name has letters and digits only.")


def validate_parameters(required: tuple[tuple[str, str], ...], exchange: Exchange) -> None:
    """Refusal(BAD_REQUEST_PARAMETERS) unless each required parameter is there and not blank."""
    missing = []
    for kind, name in required:
        given = exchange.header(name) if kind == "header" else exchange.query_parameter(name)
        if kind != "path" and not given:
            missing.append(name)
    if missing:
        message = f"Missing required request parameters: [{', '.join(missing)}]"
        raise Refusal("BAD_REQUEST_PARAMETERS", message, message)


def validate_body(models: Mapping[str, Model], exchange: Exchange, body: bytes) -> None:
    """Refusal(BAD_REQUEST_BODY) if the model of the body's media type does not fit it."""
    model = models.get(exchange.media_type(), models.get("$default"))
    if model and (detail := model.errors(body)):
        raise Refusal("BAD_REQUEST_BODY", detail=detail)


def rejects_unmapped(integration: Mapping[str, Any], place: str) -> bool:
    """Whether the integration's passthroughBehavior refuses a media type that nothing maps (415).

    Source: "Method request behavior for payloads without mapping templates".
    """
    behaviours = {"when_no_match", "when_no_templates", "never"}
    chosen = integration.get("passthroughBehavior", "when_no_match")
    return strict_schema.choice(chosen, behaviours, f"{place}.passthroughBehavior") == "never"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _described(error: ValidationError) -> list[str]:
    """In the words of API Gateway's validator, but without the client's values."""
    where = "".join(f"/{part}" for part in error.absolute_path)
    wanted: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in given]
            what = f"object has missing required properties ({json.dumps(missing)})"
        case "type":
            allowed = wanted if isinstance(wanted, list) else [wanted]
            what = (
                f"instance type ({_type(given)}) does not match any allowed primitive type "
                f"(allowed: {json.dumps(allowed)})"
            )
        case "enum":
            what = f"instance value not found in enum (possible values: {json.dumps(wanted)})"
        case "minLength":
            what = f"string is too short (length: {len(given)}, required minimum: {wanted})"
        case "maxLength":
            what = f"string is too long (length: {len(given)}, maximum allowed: {wanted})"
        case "minProperties":
            what = (
                f"object has too few properties (found {len(given)} but schema requires at least "
                f"{wanted})"
            )
        case "additionalProperties":
            what = "object instance has properties which are not allowed by the schema"
        case "anyOf" | "oneOf":
            inner = [part for child in error.context or [] for part in _described(child)]
            return [f"{where}: instance matches none of the schemas of {error.validator}", *inner]
        case _:
            what = f"instance does not satisfy {error.validator} ({json.dumps(wanted)})"
    return [f"{where}: {what}" if where else what]


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")
