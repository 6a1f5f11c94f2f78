"""What a Python tool returns, as content blocks. Nothing ever reads as a Python repr.

Strands' own puts `str(value)` where JSON does not know a value: b'\\x89PNG...', {1, 2} or
<object at 0x7f...>, of which no model makes sense, and which costs a token for every few bytes.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Any

from pydantic_core import to_jsonable_python

from sluice.agui.media import describe, media_type
from sluice.tools.blocks import Block, media_block, strands_block, text_block

MAX_DEPTH = 20
# More than a result has characters (results.py), so that a cut shows.
MAX_ENTRIES = 60_000
# Python itself writes no integer of more than 4,300 digits.
MAX_INTEGER_BITS = 14_000

_MEDIA = ("image", "document", "video", "audio")
_KINDS = (*_MEDIA, "text", "json")


def blocks_of_content(content: Any) -> list[Block]:
    """The blocks of a ToolResult's content, which a tool may have given in any form."""
    each = content if isinstance(content, list | tuple) else [content]
    return [block for value in each for block in blocks_of(_only_kind(value))]


def blocks_of(value: Any) -> list[Block]:
    """The blocks of a value: Strands' content blocks, bytes, or anything else as text."""
    if value is None:
        return []
    if isinstance(value, str):
        return [text_block(value)]
    if isinstance(value, bytes | bytearray | memoryview):
        return [_of_bytes(bytes(value))]
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in _MEDIA and isinstance(inner, dict):
            return [strands_block(kind, inner)]
        if kind == "text" and isinstance(inner, str):
            return [text_block(inner)]
        if kind == "json":
            return [text_block(as_json(inner))]
    if isinstance(value, list | tuple) and any(map(_is_media, value)):
        return [block for each in value for block in blocks_of(each)]
    return [text_block(as_json(value))]


def as_json(value: Any) -> str:
    """A value as JSON. What JSON has no form for is told by its kind."""
    return json.dumps(jsonable(value), ensure_ascii=False)


def jsonable(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A value as JSON knows it: dataclasses as objects, sets as lists, bytes as what they are.

    `above` are the ids of the values that it stands in.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return describe(media_type(bytes(value)), len(bytes(value)))
    inner = value if isinstance(value, Mapping) else _fields(value)
    if inner is None and (isinstance(value, str) or not isinstance(value, Sequence | Set)):
        return _leaf(value)
    if id(value) in above or len(above) == MAX_DEPTH:
        return "[nested too deeply]"
    above = (*above, id(value))
    if inner is not None:
        return {_key(key): jsonable(each, above) for key, each in inner.items()}
    each_in_order = _in_order(value) if isinstance(value, Set) else islice(value, MAX_ENTRIES)
    return [jsonable(each, above) for each in each_in_order]


def _leaf(value: Any) -> Any:
    """Numbers and texts as they are; dates, UUIDs, paths, members of enumerations ... as pydantic
    has them; of anything else, its kind."""
    if type(value) is int and value.bit_length() > MAX_INTEGER_BITS:
        return "[a number of thousands of digits]"
    if value is None or type(value) in (bool, int, float, str):
        return value
    if hasattr(value, "__next__"):
        # It may have no end, or ask somebody for each value.
        return _kind(value)
    try:
        # NumPy's and pandas' values know themselves as Python's.
        value = value.tolist() if hasattr(value, "tolist") else value
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        return to_jsonable_python(value, fallback=_kind, inf_nan_mode="strings")
    except Exception:  # Whatever the methods of a value raise.
        return _kind(value)


def _fields(value: Any) -> dict[str, Any] | None:
    """The fields of a dataclass, of a pydantic model, or None."""
    if isinstance(value, type):
        return None
    for names in ("__dataclass_fields__", "__pydantic_fields__"):
        fields = getattr(type(value), names, None)
        if isinstance(fields, dict):
            return {name: getattr(value, name, None) for name in fields}
    return None


def _of_bytes(data: bytes) -> Block:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return media_block(data)
    return media_block(data) if "\0" in text else text_block(text)


def _only_kind(value: Any) -> Any:
    """A content block without what stands in it beside its content, such as citations."""
    kind = next((k for k in _KINDS if k in value), None) if isinstance(value, dict) else None
    return {kind: value[kind]} if kind else value


def _is_media(value: Any) -> bool:
    if isinstance(value, bytes | bytearray | memoryview):
        return True
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _MEDIA


def _key(key: Any) -> str:
    told = key if isinstance(key, str) else jsonable(key)
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


def _in_order(values: Iterable[Any]) -> list[Any]:
    """In an order that is the same each time, where there is one."""
    each = list(values)
    try:
        return sorted(each)
    except TypeError:
        return each


def _kind(value: Any) -> str:
    return f"[a value of type {type(value).__name__}]"
