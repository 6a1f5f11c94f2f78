"""A tool's result on the wire: a string, or AG-UI content parts where it holds images.

An image part is {"type": "image", "source": {"type": "file", "value", "mimeType"}, "metadata":
{"size"}}. `value` is the SHA-256 of its bytes, which the action `file` answers with; `size` is in
bytes.
"""

from collections.abc import Iterator
from typing import Any

from sluice.agui.media import describe

type Part = dict[str, Any]
type Content = str | list[Part]


def text_part(text: str) -> Part:
    return {"type": "text", "text": text}


def image_part(name: str, mime_type: str, size: int) -> Part:
    source = {"type": "file", "value": name, "mimeType": mime_type}
    return {"type": "image", "source": source, "metadata": {"size": size}}


def plain_text(content: object) -> str:
    """The content as text alone: of an image, a line that says what it was."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    return "\n".join(_line(part) for part in content if isinstance(part, dict))


def files_of(content: object) -> Iterator[tuple[str, int]]:
    """The name and the size of each file that the content refers to."""
    for part in content if isinstance(content, list) else ():
        source = part.get("source") or {}
        if source.get("type") == "file":
            yield source["value"], int((part.get("metadata") or {}).get("size") or 0)


def _line(part: Part) -> str:
    if part.get("type") == "text":
        return str(part.get("text", ""))
    source, metadata = part.get("source") or {}, part.get("metadata") or {}
    return describe(source.get("mimeType") or str(part.get("type")), metadata.get("size"))
