"""What a person or a tool said, on the wire: a string, or AG-UI content parts where it holds files.

A file's part is {"type": "image" | "document", "source": {"type": "file", "value", "mimeType"},
"metadata": {"size", "name"?}}. `value` is the SHA-256 of its bytes, which the action `file` answers
with; `size` is in bytes, and `name` what a person calls it.
"""

from collections.abc import Iterator
from typing import Any

from sluice.agui.media import describe

type Part = dict[str, Any]
type Content = str | list[Part]


def text_part(text: str) -> Part:
    return {"type": "text", "text": text}


def file_part(kind: str, file_id: str, mime_type: str, size: int, name: str = "") -> Part:
    source = {"type": "file", "value": file_id, "mimeType": mime_type}
    metadata = {"size": size, **({"name": name} if name else {})}
    return {"type": kind, "source": source, "metadata": metadata}


def plain_text(content: object) -> str:
    """The content as text alone: of an image, a line that says what it was."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    return "\n".join(_line(part) for part in content if isinstance(part, dict))


def words_of(content: object) -> str:
    """What a person wrote: the text, and the names of files."""
    if not isinstance(content, list):
        return plain_text(content)
    words = [part.get("text") or (part.get("metadata") or {}).get("name") or "" for part in content]
    return "\n".join(filter(None, words))


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
