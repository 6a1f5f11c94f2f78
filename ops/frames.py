"""AG-UI events out of a stream of server-sent events, whatever pieces it arrives in.

The format: "Parsing an event stream" in the HTML standard. Every event of Sluice is one `data`
field with a JSON object; comments, `id` and other fields say nothing that a terminal shows.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Event = dict[str, Any]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


def read_events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Each event as soon as the blank line after it has come; one without it is not whole, and is
    left out. Raises ValueError for data that is not a JSON object."""
    data: list[bytes] = []
    for line in _lines(pieces):
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif not line and data:
            event = json.loads(b"\n".join(data).decode("utf-8", "replace"))
            if not isinstance(event, dict):
                raise ValueError("an event is not a JSON object")
            yield event
            data = []


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest, after_return, first = b"", False, True
    for piece in pieces:
        if not piece:
            continue
        if after_return:  # a line feed would be the second half of the line end before it
            piece = piece.removeprefix(b"\n")
        after_return = piece.endswith(b"\r")
        *whole, rest = _LINE_END.split(rest + piece)
        for line in whole:
            yield line.removeprefix(_BYTE_ORDER_MARK) if first else line
            first = False
