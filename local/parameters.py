"""The template's parameters: what is given, what is declared, and whether they agree."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.errors import TemplateError


def read_parameters(samconfig: Path, environment: str = "local") -> dict[str, str]:
    """The parameter overrides that samconfig.toml keeps for `environment`, as NAME=value strings.

    Raises TemplateError when an entry is of another form.
    """
    try:
        config = tomllib.loads(samconfig.read_text())
        overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"]
        return dict(override.split("=", 1) for override in split_overrides(overrides))
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, AttributeError) as error:
        raise TemplateError(
            f"{samconfig.name}: [{environment}.deploy.parameters] needs parameter_overrides, "
            f"a list of NAME=value strings ({type(error).__name__}: {error})."
        ) from error


def split_overrides(written: Any) -> list[str]:
    """The entries of parameter_overrides, each NAME=value or file://FILE, from any form that sam
    takes: a list, a table, or the one string that `sam deploy --guided` writes
    (`Prefix="my team" LogDays="7"`), without its quotes.

    Raises ValueError for anything else, and for a quote that does not end.
    """
    match written:
        case str():
            return [_plain(entry) for entry in shlex.split(written)]
        case list() if all(isinstance(entry, str | dict) for entry in written):
            return [
                made
                for entry in written
                for made in ([_plain(entry)] if isinstance(entry, str) else split_overrides(entry))
            ]
        case dict() if not any(isinstance(value, dict) for value in written.values()):
            return [made for name, value in written.items() for made in _of_table(name, value)]
    raise ValueError("a list of NAME=value strings is expected, or one string of them, or a table")


def _plain(entry: str) -> str:
    """An entry as CloudFormation's own command line writes it, in sam's short form."""
    written = re.fullmatch(r"(?s)ParameterKey=([^,=]+),ParameterValue=(.*)", entry)
    return f"{written[1]}={written[2]}" if written else entry


def _of_table(name: str, value: Any) -> list[str]:
    if name == "$include":
        return split_overrides([value] if isinstance(value, str) else value)
    if isinstance(value, list):
        value = ",".join(str(each).strip() for each in value if each not in (None, ""))
    return [f"{name}={'' if value is None else value}"]


def parameter_values(document: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Every parameter's value, as a string: CloudFormation compares numbers as text, too."""
    declared: dict[str, Any] = document.get("Parameters", {})
    for name in given:
        if name not in declared:
            raise TemplateError(
                f"There is no parameter {name}; there are {', '.join(sorted(declared))}."
            )
    values = {}
    for name, declaration in declared.items():
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise TemplateError(f"Parameter {name} has no default and was given no value.")
        values[name] = str(value)
        if not _is_allowed(declaration, values[name]):
            constraint = declaration.get("ConstraintDescription", "another value is expected.")
            raise TemplateError(f"Parameter {name} cannot be {value}: {constraint.strip()}")
    return values


def _is_allowed(declaration: dict[str, Any], value: str) -> bool:
    """Whether a parameter's declaration allows a value (CloudFormation's rules)."""
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in map(str, allowed):
        return False
    if not re.fullmatch(declaration.get("AllowedPattern", "(?s).*"), value):
        return False
    if declaration.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            return False
        least, most = declaration.get("MinValue", number), declaration.get("MaxValue", number)
        return float(least) <= number <= float(most)
    return (
        int(declaration.get("MinLength", 0))
        <= len(value)
        <= int(declaration.get("MaxLength", len(value)))
    )
