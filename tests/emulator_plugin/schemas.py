"""CloudFormation's first judgement of a resource: its properties against its type's schema.

MiniStack ignores properties that it does not know. CloudFormation fails the resource ("Properties
validation failed for resource ..."), and so does this, by the same schemas, which cfn-lint carries.
"""

import functools
import json
import os
import re
from pathlib import Path

from jsonschema import Draft7Validator
from ministack.services.cloudformation.provisioners import _STACK_TAG_PROPERTY


def check(resource_type, logical_id, properties):
    """Raise ValueError in CloudFormation's words when a property is unknown, missing or wrong."""
    schema = load(resource_type)
    if schema is None:
        return
    given = coerce(without_system_tags(resource_type, properties), schema, schema)
    problems = [
        f"#{''.join(f'/{part}' for part in error.absolute_path)}: {words(error)}"
        for error in Draft7Validator(schema).iter_errors(given)
    ]
    if problems:
        raise ValueError(
            f"Properties validation failed for resource {logical_id} with message:\n"
            + "\n".join(sorted(problems))
        )


def coerce(value, schema, root):
    """`value` with the strings that parameters are made the numbers and booleans they stand for,
    as CloudFormation does before it validates."""
    while "$ref" in schema:
        schema = functools.reduce(lambda node, key: node[key], schema["$ref"][2:].split("/"), root)
    kind = schema.get("type")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: coerce(item, known.get(key, {}), root) for key, item in value.items()}
    if isinstance(value, list):
        return [coerce(item, schema.get("items", {}), root) for item in value]
    if isinstance(value, str):
        if kind == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if kind in ("integer", "number") and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value) if "." in value else int(value)
    elif kind == "string" and isinstance(value, bool | int | float):
        return json.dumps(value)
    return value


def words(error):
    """One problem, in CloudFormation's words where they are known."""
    if error.validator == "additionalProperties":
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"extraneous key [{', '.join(unknown)}] is not permitted"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"required key [{', '.join(missing)}] not found"
    return error.message


def without_system_tags(resource_type, properties):
    """`properties` without the aws: tags that CloudFormation adds and no template may set."""
    name, _shape = _STACK_TAG_PROPERTY.get(resource_type, (None, None))
    tags = properties.get(name)
    if isinstance(tags, dict):
        own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    elif isinstance(tags, list):
        own = [tag for tag in tags if not tag["Key"].startswith("aws:")]
    else:
        return properties
    return {**properties, name: own}


@functools.cache
def load(resource_type):
    """The schema of a type in us-east-1, or None."""
    folder = Path(os.environ["CLOUDFORMATION_SCHEMAS"])
    names = json.loads((folder / "providers" / "us-east-1.json").read_text())
    if resource_type not in names:
        return None
    return readable(json.loads((folder / "resources" / f"{names[resource_type]}.json").read_text()))


def readable(node):
    """A schema without the expressions that Python's re cannot read (\\p{L}); they allow all."""
    if isinstance(node, list):
        return [readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: readable(item) for key, item in node.items()}
    if isinstance(kept.get("pattern"), str) and not compiles(kept["pattern"]):
        del kept["pattern"]
    if isinstance(kept.get("patternProperties"), dict):
        found = kept["patternProperties"].items()
        kept["patternProperties"] = {k if compiles(k) else "": item for k, item in found}
    return kept


def compiles(expression):
    """Whether Python's re can read an expression."""
    try:
        re.compile(expression)
    except re.error:
        return False
    return True
