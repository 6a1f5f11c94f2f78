"""The schema of a tool's arguments as every provider takes it.

What providers refuse, and one such tool then costs every run its answer: at the top, a type other
than object, and anyOf, oneOf, allOf, not and enum (OpenAI, Anthropic, Bedrock); anywhere, what is
not JSON Schema 2020-12 (Anthropic, Bedrock), an array without items (OpenAI), references that lead
nowhere or round in circles (most); and top-level properties whose names do not match
^[a-zA-Z0-9_.-]{1,64}$ (Anthropic). So a schema is copied keyword by keyword: what is known and well
formed comes along. It may allow more than the original: the tool itself refuses the rest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sluice.tools.schema_keywords import read_keywords

type Schema = dict[str, Any]

# Deeper, or of more parts, than a model reads; with references written out, circles end here.
MAX_DEPTH = 16
MAX_PARTS = 1_500

_PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# What stays at the top beside the properties.
_KEPT = ("title", "description", "additionalProperties")
_CHOICES = ("anyOf", "oneOf", "allOf")


class SchemaError(Exception):
    """The schema has no form that a provider takes."""


@dataclass(frozen=True)
class Arguments:
    """A normalised schema; `names` has the tool's own names of those arguments that it renames."""

    schema: Schema
    names: dict[str, str]

    def restore(self, arguments: Any) -> Any:
        """What a model gave, under the tool's own names."""
        if not self.names or not isinstance(arguments, dict):
            return arguments
        return {self.names.get(name, name): value for name, value in arguments.items()}


def normalise(schema: Any) -> Arguments:
    """The schema of a tool's arguments, such as {"type": "object", "properties": {...}}.

    Raises:
        SchemaError: It allows no object, or is no schema at all.
    """
    if schema is None or schema is True:
        schema = {}
    if not isinstance(schema, dict):
        raise SchemaError
    merged = _merge(_Copy(schema).copy(schema))
    if merged is None:
        raise SchemaError
    properties: dict[str, Any] = {}
    names: dict[str, str] = {}
    given = merged["properties"]
    for name, each in given.items():
        clean = _property_name(name, {*given, *properties})
        properties[clean] = each
        if clean != name:
            names[clean] = name
    clean_names = {own: clean for clean, own in names.items()}
    required = [clean_names.get(name, name) for name in merged["required"] if name in given]
    kept = {key: merged[key] for key in _KEPT if key in merged}
    top = {"type": "object", "properties": properties, **kept}
    return Arguments({**top, "required": required} if required else top, names)


def _property_name(name: str, taken: set[str]) -> str:
    if _PROPERTY.fullmatch(name):
        return name
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:56] or "argument"
    number, unique = 1, clean
    while unique in taken:
        number += 1
        unique = f"{clean}_{number}"
    return unique


class _Copy:
    """Copies what is known and well formed of a schema, with its references written out."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._parts = 0

    def copy(self, schema: Any, depth: int = 0, within: tuple[str, ...] = ()) -> Schema:
        """`within` are the references that led here."""
        self._parts += 1
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict) or depth > MAX_DEPTH or self._parts > MAX_PARTS:
            return {}
        reference = schema.get("$ref", schema.get("$dynamicRef"))
        if isinstance(reference, str):
            found = self._find(reference)
            here = {k: v for k, v in schema.items() if k not in ("$ref", "$dynamicRef")}
            if reference in within or not isinstance(found, dict):
                # A circle ends with what the thing is, without what it is made of.
                shallow = ("type", "title", "description")
                found = {k: found[k] for k in shallow if k in found} if found else {}
            return self.copy({**found, **here}, depth + 1, (*within, reference))
        copied = read_keywords(schema)
        self._copy_schemas(schema, copied, depth + 1, within)
        if "array" in copied.get("type", ()):
            copied.setdefault("items", {})
        return copied

    def _copy_schemas(
        self, schema: Schema, copied: Schema, depth: int, within: tuple[str, ...]
    ) -> None:
        for key in ("not", "contains", "propertyNames", "additionalProperties", "items"):
            value = schema.get(key)
            if isinstance(value, bool) and key == "additionalProperties":
                copied[key] = value
            elif isinstance(value, dict | bool):
                copied[key] = self.copy(value, depth, within)
        for key in (*_CHOICES, "prefixItems"):
            value = schema.get(key)
            if isinstance(value, list) and value:
                copied[key] = [self.copy(each, depth, within) for each in value]
        if isinstance(items := schema.get("items"), list):
            # A tuple, as it was written until 2019.
            choices = [self.copy(each, depth, within) for each in items]
            copied["items"] = {"anyOf": choices} if choices else {}
        properties = schema.get("properties")
        if isinstance(properties, dict):
            copied["properties"] = {
                str(name): self.copy(each, depth, within)
                for name, each in properties.items()
                if each is not False
            }
        if required := _required(schema):
            copied["required"] = required
        if "patternProperties" in schema:
            # Left out, so that what it allowed is none of the rest.
            copied.pop("additionalProperties", None)
        if isinstance(schema.get("then", schema.get("else")), dict):
            # What is then required depends on what is given: the tool itself will say.
            either = [self.copy(schema.get(key, {}), depth, within) for key in ("then", "else")]
            copied["allOf"] = [*copied.get("allOf", ()), {"anyOf": either}]

    def _find(self, reference: str) -> Any:
        """What a reference within the schema leads to: #/$defs/Name, or #."""
        path = reference.removeprefix("#")
        if path == reference or (path and not path.startswith("/")):
            return None
        found: Any = self._root
        for step in path.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(name)
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                return None
        return found


def _required(schema: Schema) -> list[str]:
    """The names of required properties, each once; also as draft 3 had it, in each of them."""
    names, properties = schema.get("required"), schema.get("properties")
    named = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if isinstance(properties, dict):
        each = properties.items()
        named += [k for k, v in each if isinstance(v, dict) and v.get("required") is True]
    return list(dict.fromkeys(named))


def _merge(schema: Schema) -> Schema | None:
    """A copied schema as one object without choices at its top; None when it allows no object."""
    types = schema.get("type")
    if (types is not None and "object" not in types) or schema.get("not") == {}:
        return None
    merged = {key: value for key, value in schema.items() if key not in _CHOICES}
    properties = dict(schema.get("properties", {}))
    required = list(schema.get("required", []))
    for each in map(_merge, schema.get("allOf", ())):
        if each is None:
            return None
        _add(properties, each)
        required += each.get("required", [])
    for key in ("anyOf", "oneOf"):
        branches = [each for each in map(_merge, schema.get(key, ())) if each is not None]
        if schema.get(key) and not branches:
            return None
        for each in branches:
            _add(properties, each)
        if branches:
            wanted = [set(each.get("required", [])) for each in branches]
            required += [name for name in branches[0].get("required", []) if _in_all(name, wanted)]
    if any(each.get("additionalProperties") is False for each in _inner(schema)):
        # It was said of each branch by itself.
        merged.pop("additionalProperties", None)
    merged["properties"] = properties
    merged["required"] = list(dict.fromkeys(required))
    return merged


def _add(properties: dict[str, Any], branch: Schema) -> None:
    """Put the properties of a branch in; of two that differ, either will do."""
    for name, each in branch.get("properties", {}).items():
        known = properties.get(name)
        if known is None or known == {}:
            properties[name] = each
        elif known != each and each != {}:
            choices = known["anyOf"] if known.keys() == {"anyOf"} else [known]
            if each not in choices:
                properties[name] = {"anyOf": [*choices, each]}


def _inner(schema: Schema) -> Iterator[Schema]:
    for key in _CHOICES:
        yield from schema.get(key, ())


def _in_all(name: str, sets: list[set[str]]) -> bool:
    return all(name in each for each in sets)
