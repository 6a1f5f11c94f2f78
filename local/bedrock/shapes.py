"""Whether a request has the shape that botocore's service model declares.

botocore's own validator knows types, required and unknown members, unions and least lengths. What
it leaves to the service (values of an enumeration, patterns, greatest lengths) is judged here.
"""

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import Shape  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from local.bedrock.errors import invalid


def check_shape(shape: Shape, value: dict[str, Any]) -> None:
    """Raise a ValidationException that names every fault, with the place of each."""
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        # Values stay out of the sentence: they may be what a person wrote.
        text = re.sub(
            r", value: .*?(?=, (?:type|valid)\b)", "", report.generate_report(), flags=re.S
        )
        faults = text.splitlines()
    else:
        faults = list(_faults(shape, value, ""))
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise invalid(f"{count}: {'; '.join(faults)}")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    constraint = _broken_constraint(shape, value)
    if constraint:
        yield f"Value at '{path}' failed to satisfy constraint: Member must {constraint}"
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _faults(member, value[name], f"{path}.{name}".lstrip("."))
    elif kind == "list":
        for number, item in enumerate(value, 1):
            yield from _faults(shape.member, item, f"{path}.{number}.member")
    elif kind == "map":
        for name, item in value.items():
            yield from _faults(shape.key, name, f"{path}.key")
            yield from _faults(shape.value, item, f"{path}.{name}.member")


def _broken_constraint(shape: Shape, value: Any) -> str | None:
    most = shape.metadata.get("max")
    if most is not None and shape.type_name in {"integer", "long", "float", "double"}:
        return f"have value less than or equal to {most}" if value > most else None
    if most is not None and shape.type_name in {"list", "map", "string"} and len(value) > most:
        return f"have length less than or equal to {most}"
    if shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            return f"satisfy enum value set: [{', '.join(shape.enum)}]"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            return f"satisfy regular expression pattern: {pattern}"
    return None
