"""Files that a client sends with a message: read from its content parts, and judged.

A part is {"type": "image" | "document", "source", "metadata"?}, its source {"type": "data",
"value", "mimeType"} or {"type": "file", "value"}, whose value is the id that the action `attach`
gave; or it is AG-UI's older `binary`, {"type": "binary", "mimeType", "data" | "id", "filename"?}.
https://docs.ag-ui.com/concepts/messages
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from sluice.agui.fields import bad, kind
from sluice.agui.media import (
    DOCUMENT_FORMATS,
    MAX_DOCUMENT_BYTES,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_SIDE,
    TEXT_TYPES,
    clean_type,
    decode_base64,
    image_size,
    media_type,
)
from sluice.service_error import ServiceError

# What Converse takes in one message.
MAX_IMAGES = 20
MAX_DOCUMENTS = 5
MAX_NAME = 200

_FILE_ID = re.compile(r"[0-9a-f]{64}")
_MEDIA = ("image", "document", "audio", "video", "binary")
_KINDS = "png, jpeg, gif or webp images, and pdf, docx, doc, xlsx, xls or text documents"


@dataclass(frozen=True)
class Attachment:
    """A file of a message: its bytes, or the id of one that the conversation has.

    `place` is where it stands in the request, for a refusal; `name` and `declared`, a MIME type,
    are what the client calls it, and may be empty.
    """

    place: str
    name: str = field(repr=False)
    declared: str
    data: bytes | None = field(default=None, repr=False)
    file_id: str | None = None


def read_content(content: object, place: str) -> tuple[object, tuple[Attachment, ...]]:
    """The text of a message's content, a string or AG-UI's parts, and the files beside it.

    Of a content that is neither, it is the content itself.

    Raises:
        ServiceError: `bad_request` naming the field, or `attachment_refused`.
    """
    if not isinstance(content, list):
        return content, ()
    texts: list[str] = []
    attachments: list[Attachment] = []
    for index, part in enumerate(content):
        at = f"{place}[{index}]"
        if not isinstance(part, dict):
            raise bad(f"`{at}` must be an object, not {kind(part)}.")
        if part.get("type") in _MEDIA:
            attachments.append(_read_media(part, at))
        elif part.get("type") != "text":
            raise bad(f"`{at}.type` must be `text`, `image` or `document`.")
        elif not isinstance(part.get("text"), str):
            raise bad(f"`{at}.text` must be a string, not {kind(part.get('text'))}.")
        else:
            texts.append(part["text"])
    return "\n".join(texts), tuple(attachments)


def media_length(body: object) -> int:
    """How many characters of a request's body are files, where files may stand."""
    if not isinstance(body, dict):
        return 0
    if body.get("action") == "attach":
        return _length(body.get("data"))
    messages = body.get("messages")
    contents = [m.get("content") for m in _dicts(messages) if m.get("role") in ("user", "tool")]
    parts = [part for content in contents for part in _dicts(content) if part.get("type") in _MEDIA]
    return sum(_length(_carried(part)) for part in parts)


def read_bytes(text: object, place: str) -> bytes:
    """A file's bytes, of base64.

    Raises:
        ServiceError: `bad_request`: it is none, or empty.
    """
    data = decode_base64(text)
    if not data:
        raise bad(f"`{place}` must be a file in base64, of one byte at least.")
    return data


def clean_name(name: object) -> str:
    """What a person calls a file, as one line; empty for what is no name."""
    if not isinstance(name, str):
        return ""
    visible = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    return " ".join(visible.split())[:MAX_NAME]


def judge(data: bytes, declared: str, name: str = "") -> tuple[str, str]:
    """The AG-UI type of a file's part, image or document, and its MIME type.

    Raises:
        ServiceError: `attachment_refused`: it is of another kind, or too large.
    """
    called = f"“{name}”" if name else "The file"
    mime_type = media_type(data, declared)
    is_image = mime_type.startswith("image/")
    if not is_image and mime_type not in DOCUMENT_FORMATS and mime_type not in TEXT_TYPES:
        raise refused(f"{called} is of a kind that models do not read: send {_KINDS}.")
    most = MAX_IMAGE_BYTES if is_image else MAX_DOCUMENT_BYTES
    if len(data) > most:
        raise refused(
            f"{called} has {len(data) / 1_000_000:.1f} MB: send at most {most / 1_000_000:g} MB."
        )
    if not is_image:
        return "document", mime_type
    size = image_size(data)
    if size is None or min(size) < 1:
        raise refused(f"{called} is an image that cannot be read: save it anew, and send that.")
    if max(size) > MAX_IMAGE_SIDE:
        raise refused(
            f"{called} has {size[0]:,} by {size[1]:,} pixels: send at most {MAX_IMAGE_SIDE:,} on a "
            "side."
        )
    return "image", mime_type


def check_count(types: list[str]) -> None:
    """Whether a model takes so many files in one message; `types` are those of their parts.

    Raises:
        ServiceError: `attachment_refused`.
    """
    for each, most in (("image", MAX_IMAGES), ("document", MAX_DOCUMENTS)):
        if (count := types.count(each)) > most:
            raise refused(f"The message has {count} {each}s: send at most {most} at once.")


def refused(sentence: str) -> ServiceError:
    return ServiceError("attachment_refused", sentence)


def _read_media(part: dict[str, Any], at: str) -> Attachment:
    if part["type"] in ("audio", "video"):
        raise refused(f"`{at}` is of the type {part['type']}, which is not read: send {_KINDS}.")
    metadata = part.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = clean_name(part.get("filename") or metadata.get("name") or metadata.get("filename"))
    form: object
    if part["type"] == "binary":
        place, declared = at, clean_type(part.get("mimeType"))
        form = "data" if "data" in part else "file" if "id" in part else "url"
    else:
        source = part.get("source")
        if not isinstance(source, dict):
            raise bad(f"`{at}.source` must be an object, not {kind(source)}.")
        place, declared, form = (
            f"{at}.source",
            clean_type(source.get("mimeType")),
            source.get("type"),
        )
    value = _carried(part)
    if form == "file":
        if not isinstance(value, str) or not _FILE_ID.fullmatch(value):
            raise bad(f"`{place}` must have the id of a file that `attach` has answered.")
        return Attachment(place, name, declared, file_id=value)
    if form == "url" and not (isinstance(value, str) and value[:5].lower() == "data:"):
        # To fetch it would let anybody reach what the agent can reach (T5).
        raise refused(f"`{place}` is an address, and Sluice fetches none: send the file itself.")
    return Attachment(place, name, declared, data=read_bytes(value, place))


def _carried(part: dict[str, Any]) -> object:
    """What a part has of its file: base64, an id or an address."""
    if part.get("type") == "binary":
        return next((part[name] for name in ("data", "id", "url") if part.get(name)), None)
    source = part.get("source")
    return source.get("value") if isinstance(source, dict) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 0
