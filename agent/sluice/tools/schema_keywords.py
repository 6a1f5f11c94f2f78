"""The keywords of JSON Schema 2020-12 that hold no schema of their own, each read without trust.

A keyword that is not well formed is left out: a schema that allows too much is fixed by the tool,
which refuses what does not fit, and one that is not valid by nobody.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

# Longer than what a model reads of one property.
MAX_TEXT = 2_000

_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
# What programs write for them.
_ALSO = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "dict": "object",
    "map": "object",
    "none": "null",
}
_FORMATS = (
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uuid",
)


def read_keywords(schema: dict[str, Any]) -> dict[str, Any]:
    """What is known and well formed of a schema, brought into one dialect."""
    read: dict[str, Any] = {}
    for key, value in schema.items():
        if (reader := _READERS.get(key)) and (taken := reader(value)) is not None:
            read[key] = taken
    # Draft 4 had flags beside the limits.
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and limit in read:
            read[exclusive] = read.pop(limit)
    if "const" in schema and schema["const"] is None:
        read["type"] = "null"
    if "type" not in read and (kind := _kind_of(schema, read)):
        read["type"] = kind
    # OpenAPI 3.0's.
    if schema.get("nullable") is True and isinstance(read.get("type"), str):
        read["type"] = [read["type"], "null"]
        if "enum" in read and None not in read["enum"]:
            read["enum"] = [*read["enum"], None]
    return read


def _kind_of(schema: dict[str, Any], read: dict[str, Any]) -> str | None:
    """The type of a schema that does not say it, where one follows from the rest.

    Strands would take it for a string.
    """
    if isinstance(schema.get("properties"), dict):
        return "object"
    # A schema may be true or false, and in older drafts a list of them.
    if isinstance(schema.get("items"), dict | bool | list):
        return "array"
    values = read.get("enum") or ([read["const"]] if "const" in read else [])
    kinds = {_JSON_TYPES.get(type(value)) for value in values}
    return kinds.pop() if len(kinds) == 1 else None


_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) and value.strip() else None


def _type(value: Any) -> Any:
    """A type or a list of types; None where that says nothing."""
    each = value if isinstance(value, list) else [value]
    named = [name.lower() for name in each if isinstance(name, str)]
    known = [name for name in (_ALSO.get(n, n) for n in named) if name in _TYPES]
    unique = list(dict.fromkeys(known))
    if not unique or len(known) < len(each):
        return None
    return unique[0] if len(unique) == 1 else unique


def _format(value: Any) -> str | None:
    return value if value in _FORMATS else None


def _pattern(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return None
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return None
    return value


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _above_zero(value: Any) -> Any:
    return value if _number(value) is not None and value > 0 else None


def _count(value: Any) -> Any:
    return int(value) if _number(value) is not None and value >= 0 and value == int(value) else None


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _values(value: Any) -> list[Any] | None:
    """A list of JSON values, each once; None for an empty one, which would allow nothing."""
    if not isinstance(value, list):
        return None
    unique = {json.dumps(each, sort_keys=True): each for each in value if _json(each) is not None}
    return list(unique.values()) + ([None] if None in value else []) or None


def _json(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return value


# None leaves the keyword out.
_READERS: dict[str, Callable[[Any], Any]] = {
    "type": _type,
    "title": _text,
    "description": _text,
    "format": _format,
    "pattern": _pattern,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": _above_zero,
    "minLength": _count,
    "maxLength": _count,
    "minItems": _count,
    "maxItems": _count,
    "minProperties": _count,
    "maxProperties": _count,
    "uniqueItems": _flag,
    "enum": _values,
    "examples": _values,
    "const": _json,
    "default": _json,
}
