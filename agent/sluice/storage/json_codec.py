"""Stored objects as JSON with a format number, and how their fields are read without trust."""

import json
from datetime import datetime
from typing import Any


def encode(fields: dict[str, Any]) -> bytes:
    """JSON in UTF-8. A lone surrogate becomes a question mark, as it does on the wire."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def decode(data: bytes, format_number: int) -> "Record":
    """The object that `encode` wrote.

    Raises:
        ValueError: It is damaged, something else, or of another format.
    """
    try:
        record = Record(json.loads(data))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if record.number("format") != format_number:
        raise ValueError("of another format")
    return record


class Record:
    """Reads the fields of a JSON object. One that is not of the asked type is a ValueError."""

    def __init__(self, fields: Any) -> None:
        self.fields: dict[str, Any] = _check("record", fields, dict)

    def text(self, name: str) -> str:
        value: str = _check(name, self.fields.get(name), str)
        return value

    def text_or_none(self, name: str) -> str | None:
        return None if self.fields.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        value: bool = _check(name, self.fields.get(name), bool)
        return value

    def number(self, name: str) -> int:
        """A whole number from 0."""
        value: int = _check(name, self.fields.get(name), int)
        if isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is not a whole number")
        return value

    def moment(self, name: str) -> datetime:
        """A time with its zone."""
        moment = datetime.fromisoformat(self.text(name))
        if moment.tzinfo is None:
            raise ValueError(f"{name} has no zone")
        return moment

    def record(self, name: str) -> "Record":
        return Record(self.fields.get(name))

    def object_or_none(self, name: str) -> dict[str, Any] | None:
        return None if self.fields.get(name) is None else self.record(name).fields

    def records(self, name: str) -> "list[Record]":
        return [Record(each) for each in _check(name, self.fields.get(name), list)]

    def texts(self, name: str) -> list[str]:
        return [_check(name, each, str) for each in _check(name, self.fields.get(name), list)]


def _check(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not a {kind.__name__}")  # noqa: TRY004 - what json raises too
    return value
