"""What bytes are, judged by themselves and never by what they are called.

Models read images of four kinds (Converse's ImageBlock and OpenAI's vision have the same ones), and
browsers show them without running anything, which is not true of SVG.
"""

import base64
import binascii
import re

# Bedrock's own limit for one image: 3.75 MB.
MAX_IMAGE_BYTES = 3_750_000

_BASE64_URL = str.maketrans("-_", "+/")
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_MIME_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]{0,60}/[A-Za-z0-9][\w.+-]{0,80}", re.ASCII)


def image_format(data: bytes) -> str | None:
    """The kind of an image that models read: png, jpeg, gif or webp; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return None


def media_type(data: bytes) -> str:
    """The MIME type of an image that models read, and of anything else that of plain bytes."""
    found = image_format(data)
    return f"image/{found}" if found else "application/octet-stream"


def clean_type(text: object) -> str:
    """A MIME type as others wrote it, without its parameters; "" for what is not one."""
    found = _MIME_TYPE.match(text.strip()) if isinstance(text, str) else None
    return found[0].lower() if found else ""


def decode_base64(text: object) -> bytes | None:
    """Base64 as programs write it: in lines, for URLs, without its padding, in a data: URL.

    None for what is not base64.
    """
    if not isinstance(text, str):
        return None
    head = _DATA_URL.match(text)
    plain = _SPACE.sub("", text[head.end() if head else 0 :]).translate(_BASE64_URL).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def describe(kind: str, size: int | None = None, note: str = "") -> str:
    """What stands in place of bytes where only text can: [image/png, 58 kB]."""
    about = kind if size is None else f"{kind}, {_size(size)}"
    return f"[{about}: {note}]" if note else f"[{about}]"


def _size(size: int) -> str:
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1_000:,.0f} kB" if size < 999_500 else f"{size / 1_000_000:,.1f} MB"
