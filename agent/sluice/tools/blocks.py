"""Content blocks that every model takes: text, and images of the kinds that models read.

What is neither becomes a line that says what it was, so that nothing else of a result is lost with
it. Only where a provider's format has no place for an image does its edge say the same.
"""

from typing import Any

from sluice.agui.media import (
    MAX_IMAGE_BYTES,
    clean_type,
    decode_base64,
    describe,
    image_format,
)

# {"text": str}, or {"image": {"format", "source": {"bytes"}}} as Converse has it.
type Block = Any

_FORMATS = {"png", "jpeg", "gif", "webp"}
# The kinds of a Converse document that are text as they stand.
_TEXT_DOCUMENTS = {"txt", "md", "csv", "html"}


def text_block(text: str) -> Block:
    return {"text": text}


def media_block(data: bytes, declared: str = "") -> Block:
    """An image if the bytes are one; else a line. `declared` is their MIME type as given."""
    found = image_format(data)
    if found and len(data) <= MAX_IMAGE_BYTES:
        return {"image": {"format": found, "source": {"bytes": data}}}
    if found:
        return text_block(describe(f"image/{found}", len(data), "larger than 3.75 MB"))
    note = ""
    if declared.startswith("image/"):
        known = declared.removeprefix("image/") in _FORMATS
        note = "but it is not one" if known else "of a kind that models do not read"
    return text_block(describe(declared or "application/octet-stream", len(data), note))


def base64_block(text: object, declared: str = "") -> Block:
    """As `media_block`, of base64; also of what is not base64 at all."""
    data = decode_base64(text)
    if data is None:
        return text_block(describe(declared or "data", None, "it cannot be decoded"))
    return media_block(data, declared)


def strands_block(kind: str, value: Any) -> Block:
    """A media block of Strands': {kind: {"format", "source": {"bytes" | "text" | "location"}}}."""
    fields = value if isinstance(value, dict) else {}
    source = fields.get("source")
    source = source if isinstance(source, dict) else {"bytes": source}
    form, name = fields.get("format"), fields.get("name")
    form = form if isinstance(form, str) and form.isalnum() else ""
    title = f"{name}: " if isinstance(name, str) and name.strip() else ""
    if isinstance(source.get("text"), str):
        return text_block(f"{title}{source['text']}")
    data = source.get("bytes")
    data = decode_base64(data) if isinstance(data, str) else data
    if isinstance(data, bytearray | memoryview):
        data = bytes(data)
    declared = clean_type(f"{_FAMILIES.get(kind, kind)}/{form}") or kind
    if not isinstance(data, bytes):
        return text_block(f"{title}{describe(declared, None, 'its bytes are not at hand')}")
    if kind == "image":
        return media_block(data, declared)
    if kind == "document" and form in _TEXT_DOCUMENTS:
        return text_block(title + data.decode("utf-8", "replace"))
    return text_block(title + describe(declared, len(data)))


_FAMILIES = {"document": "application"}
