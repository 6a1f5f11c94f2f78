"""The sources that a run's answer may cite, as AG-UI message metadata carries them."""

import re
import threading
from collections.abc import Iterable
from typing import Any

from sluice.threads.thread import Message

MAX_SOURCES = 40
MAX_TITLE = 200
MAX_URL = 2_000
# What a person reads of a passage to judge it; the model may have read more.
MAX_TEXT = 400

type Citation = dict[str, Any]
"""`number`, `title`, and `text` and `url` where there are some."""


class Citations:
    """The sources of one run, numbered on from those of its conversation, so that no two of a
    conversation have one number. Any thread may add to them."""

    def __init__(self, told: Iterable[Message] = ()) -> None:
        self._last = max((each["number"] for m in told for each in _cited_in(m)), default=0)
        self._lock = threading.Lock()
        self._sources: list[Citation] = []

    def add(self, title: str, text: str = "", url: str = "") -> int:
        """A source's number; one that is there already keeps its own.

        Raises:
            ValueError: There are `MAX_SOURCES` already.
        """
        source = {"title": _line(title, MAX_TITLE) or "A document"}
        # A heading's marks are for programs to read.
        if shown := _line(re.sub(r"(?m)^#{1,6} ", "", text), MAX_TEXT):
            source["text"] = shown
        # Half an address leads elsewhere.
        if url and len(url) <= MAX_URL:
            source["url"] = url
        with self._lock:
            for known in self._sources:
                if known == {"number": known["number"], **source}:
                    return int(known["number"])
            if len(self._sources) == MAX_SOURCES:
                raise ValueError(f"cite: an answer may have {MAX_SOURCES} sources at most")
            number = self._last + len(self._sources) + 1
            self._sources.append({"number": number, **source})
        return number

    @property
    def so_far(self) -> list[Citation]:
        return list(self._sources)


def _cited_in(message: Message) -> list[Citation]:
    return (message.get("metadata") or {}).get("citations") or []


def _line(text: str, most: int) -> str:
    """Text on one line, cut at the end of a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return f"{line[: most - 1].rsplit(' ', 1)[0]}…"
