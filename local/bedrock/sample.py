"""A value that fits a JSON Schema, for whoever wants an answer of a certain form."""

from typing import Any

MAX_DEPTH = 8

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "offline@example.com",
    "time": "00:00:00Z",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """The least value that fits; patterns are not looked at, and recursion ends after MAX_DEPTH.

    `root` holds what `$ref` names, and is the schema itself at first.
    """
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return sample(_find(schema["$ref"], root), root, depth + 1)
    for name in ("allOf", "anyOf", "oneOf"):
        if schema.get(name):
            return sample(schema[name][0], root, depth + 1)
    kinds = schema.get("type", "object" if "properties" in schema else "null")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    match kind:
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required", [])
            return {name: sample(properties.get(name), root, depth + 1) for name in wanted}
        case "array":
            return [sample(schema.get("items"), root, depth + 1)] * schema.get("minItems", 0)
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "offline")
            return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
    return None


def _number(schema: dict[str, Any]) -> Any:
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(0, schema.get("maximum", 0), schema.get("exclusiveMaximum", 1) - 1)


def _find(reference: str, root: Any) -> Any:
    """What a reference such as "#/$defs/Point" names; None where there is nothing."""
    node = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node
