"""The tool calls of a model server's answer, as their pieces come."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from strands.types.streaming import StreamEvent

from sluice.models.text_stream import Surrogates

_BROKEN = object()


@dataclass(frozen=True)
class Piece:
    """What a server tells of a call at once; anything of it may be missing."""

    index: int | None
    call_id: str
    name: str
    arguments: str

    @classmethod
    def read(cls, index: Any, call_id: Any, name: Any, arguments: Any) -> Self:
        """Of values as they came; what is of another kind is passed over."""
        return cls(
            index=int(index) if str(index).isdecimal() else None,
            call_id=str(call_id) if isinstance(call_id, str | int) else "",
            name=name if isinstance(name, str) else "",
            arguments=_as_text(arguments),
        )


class Call:
    """A tool call, as its pieces come.

    Ids and names may come with the first piece or with each, indexes may be the same for all calls
    or missing, and a whole call may come twice.
    """

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.given_id = ""
        self.name = ""
        self._halves = Surrogates()
        # All arguments, and how many characters of them have been told.
        self._arguments = ""
        self._told = 0

    def fits(self, piece: Piece) -> bool:
        """Whether id and index of a piece may be this call's."""
        other_index = None not in (piece.index, self.index) and piece.index != self.index
        if piece.call_id and self.given_id:
            return piece.call_id == self.given_id and not other_index
        return not other_index

    def is_followed_by(self, piece: Piece) -> bool:
        """Whether a piece that fits is another call's all the same: it has another name, or
        arguments of its own after a whole object."""
        if not piece.name or not self.name or (piece.call_id and piece.call_id == self.given_id):
            return False
        return piece.name != self.name or (bool(piece.arguments) and self._is_whole())

    def add(self, piece: Piece) -> None:
        comes_again = bool(piece.call_id) and piece.call_id == self.given_id and self._is_whole()
        self.given_id = self.given_id or piece.call_id
        self.name = self.name or piece.name
        if not comes_again:
            self._arguments += self._halves.feed(piece.arguments)

    def open(self) -> Iterator[StreamEvent]:
        call_id = self.given_id or f"call_{uuid.uuid4().hex}"
        use: Any = {"toolUseId": call_id, "name": self.name or "unnamed"}
        yield {"contentBlockStart": {"start": {"toolUse": use}}}
        yield from self.arguments()

    def arguments(self) -> Iterator[StreamEvent]:
        """What has come since the last time; of what does not begin as an object, nothing yet."""
        if self._told or self._arguments.lstrip().startswith("{"):
            yield from self._tell()

    def close(self) -> Iterator[StreamEvent]:
        self._arguments += self._halves.close()
        if not self._told:
            self._arguments = _as_object(self._arguments)
        yield from self._tell()
        yield {"contentBlockStop": {}}

    def _tell(self) -> Iterator[StreamEvent]:
        said, self._told = self._arguments[self._told :], len(self._arguments)
        if said:
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": said}}}}

    def _is_whole(self) -> bool:
        # Most pieces end elsewhere, and need not be read.
        return self._arguments.rstrip().endswith("}") and isinstance(_load(self._arguments), dict)


def _as_text(arguments: Any) -> str:
    """A call's arguments as JSON, which some servers send as what it stands for."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments)


def _as_object(text: str) -> str:
    """The object that stands in a string, in JSON; nothing for null, and for PHP's empty array."""
    value: Any = text
    while isinstance(value, str) and value.strip():
        if (value := _load(value)) is _BROKEN:
            return text
    return "" if value in (None, []) or isinstance(value, str) else json.dumps(value)


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _BROKEN
