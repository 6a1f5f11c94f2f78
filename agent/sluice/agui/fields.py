"""Fields of a request's body: a reader for each form, which refuses any other by name."""

import re
import unicodedata
from typing import Any, TypeGuard

from sluice.service_error import ServiceError

MAX_TITLE = 200
MAX_QUERY = 200

# JavaScript, and so any JSON that browsers write, counts exactly no further.
_MAX_NUMBER = 2**53 - 1
_ID = re.compile(r"[!-~]{1,256}")
# The longest name in the IANA database has 32 characters.
_ZONE = re.compile(r"[!-~]{1,64}")


def is_id(value: object) -> TypeGuard[str]:
    """Whether a value has the form of an id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def read_id(body: dict[str, Any], field: str, at: str = "") -> str:
    """An id: 1 to 256 visible ASCII characters. `at` is where the field stands, for the refusal."""
    return _match(body, field, at, _ID, "1 to 256 visible ASCII characters")


def read_zone(body: dict[str, Any], field: str, at: str = "") -> str:
    """What may be the name of a time zone; the clock judges whether there is such a zone."""
    wanted = "a time zone's name, at most 64 visible ASCII characters"
    return _match(body, field, at, _ZONE, wanted)


def read_number(body: dict[str, Any], field: str) -> int:
    """A whole number from 0."""
    value = body.get(field)
    # True is an int to Python, and a boolean to JSON.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(f"`{field}` must be a number, not {kind(value)}.")
    if not isinstance(value, int) or not 0 <= value <= _MAX_NUMBER:
        raise bad(f"`{field}` must be a whole number from 0 to {_MAX_NUMBER}.")
    return value


def read_title(body: dict[str, Any], field: str) -> str:
    """One line of text, without the space around it."""
    return _line(body, field, MAX_TITLE, "write a title")


def read_query(body: dict[str, Any], field: str) -> str:
    """Words to search for: one line of text, without the space around it."""
    return _line(body, field, MAX_QUERY, "write what to search for")


def _line(body: dict[str, Any], field: str, max_length: int, wanted: str) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise bad(f"`{field}` must be a string, not {kind(value)}.")
    line = value.strip()
    if not line:
        raise bad(f"`{field}` is empty: {wanted}.")
    if len(line) > max_length:
        raise bad(f"`{field}` has {len(line)} characters; send at most {max_length}.")
    # Controls, lone surrogates, and Unicode's own line and paragraph ends.
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line):
        raise bad(f"`{field}` must be one line of visible characters.")
    return line


def read_text(value: object, place: str, max_length: int) -> str:
    """What a person wrote."""
    if not isinstance(value, str):
        raise bad(f"`{place}` must be a string, not {kind(value)}.")
    if len(value) > max_length:
        raise ServiceError(
            "prompt_too_long",
            f"The message has {len(value)} characters; send at most {max_length}.",
        )
    if not value.strip():
        raise bad(f"`{place}` is empty: write a message.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        # JSON can spell half of a surrogate pair; UTF-8, and so storage and models, cannot.
        raise bad(f"`{place}` holds half of a surrogate pair: send well-formed Unicode.")
    return value


def kind(value: object) -> str:
    """The JSON name of a value's type, with its article."""
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a number")


def bad(message: str) -> ServiceError:
    return ServiceError("bad_request", message)


def _match(body: dict[str, Any], field: str, at: str, form: re.Pattern[str], wanted: str) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise bad(f"`{at}{field}` must be a string, not {kind(value)}.")
    if not form.fullmatch(value):
        raise bad(f"`{at}{field}` must be {wanted}.")
    return value
