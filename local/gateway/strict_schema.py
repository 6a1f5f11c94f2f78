"""Reading a definition strictly: what is not known stops the start and is named.

Silently ignoring a key would make the local gateway lie about what AWS will do with it.
"""

import difflib
from collections.abc import Collection
from typing import Any

from local.errors import TemplateError


def mapping(value: Any, place: str) -> dict[str, Any]:
    """`value` itself if it is a mapping with text keys, else TemplateError."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TemplateError(f"{place}: a mapping with text keys is expected.")
    return value


def keys(value: Any, known: Collection[str], place: str) -> dict[str, Any]:
    """`value` as a mapping whose keys are all among `known`, else TemplateError."""
    found = mapping(value, place)
    for key in found:
        if key not in known:
            raise TemplateError(
                f"{place}: `{key}` is not known to the local gateway.{near(key, known)}"
            )
    return found


def choice(value: Any, known: Collection[str], place: str) -> str:
    """`value` as one of `known`, else TemplateError."""
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(sorted(known))
        raise TemplateError(f"{place}: `{value}` is not one of {listed}.{near(str(value), known)}")
    return value


def text(value: Any, place: str) -> str:
    """`value` as text that is not empty, else TemplateError."""
    if not isinstance(value, str) or not value:
        raise TemplateError(f"{place}: text is expected.")
    return value


def texts(value: Any, place: str) -> tuple[str, ...]:
    """`value` as a list of texts, else TemplateError."""
    if not isinstance(value, list):
        raise TemplateError(f"{place}: a list is expected.")
    return tuple(text(item, f"{place}[{index}]") for index, item in enumerate(value))


def number(value: Any, low: float, high: float, place: str) -> float:
    """`value` within the bounds, else TemplateError; a parameter's value arrives as text."""
    try:
        found = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        found = None
    if found is None or not low <= found <= high:
        raise TemplateError(f"{place}: `{value}` is not a number from {low:g} to {high:g}.")
    return found


def near(word: str, known: Collection[str]) -> str:
    """A hint for a misspelling: " Did you mean `STREAM`?", or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
