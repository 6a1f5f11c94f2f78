"""What bytes are, judged by themselves and never by what they are called.

Models read images of four kinds (Converse's ImageBlock and OpenAI's vision have the same ones), and
browsers show them without running anything, which is not true of SVG. Documents are those of
Converse's DocumentBlock. Nothing is decoded: what a file is, and how large its image, stands in its
first bytes, and what a file says of itself may be a lie (T14).
"""

import base64
import binascii
import re
import struct

# Bedrock's own limits for one image, in bytes and in pixels of a side, and for one document.
# https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
MAX_IMAGE_BYTES = 3_750_000
MAX_IMAGE_SIDE = 8_000
MAX_DOCUMENT_BYTES = 4_500_000

# The kinds of text, which only their sender can tell from each other. Nothing follows from it but
# what the model is told.
TEXT_TYPES = {
    "text/plain": "txt",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/html": "html",
}
_DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DOCUMENT_FORMATS = {mime: form for form, mime in _DOCUMENT_TYPES.items()}
# Names of what the two old and the two new formats of Office hold, as they stand in the file:
# in UTF-16 in one, and in the list at the end of an archive in the other.
_OFFICE = (
    ("docx", b"PK\x03\x04", b"word/document"),
    ("xlsx", b"PK\x03\x04", b"xl/workbook"),
    ("doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "WordDocument".encode("utf-16-le")),
    ("xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Workbook".encode("utf-16-le")),
)
# Controls that no text has: those beside tab, the ends of lines and of pages, and escape.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

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


def image_size(data: bytes) -> tuple[int, int] | None:
    """The width and height that an image of one of the four kinds says it has, in pixels.

    None where it does not say, or is cut before it does.
    """
    try:
        match image_format(data):
            case "png":
                return struct.unpack(">II", data[16:24])
            case "gif":
                return struct.unpack("<HH", data[6:10])
            case "webp":
                return _webp_size(data)
            case "jpeg":
                return _jpeg_size(data)
    except struct.error:
        pass
    return None


def media_type(data: bytes, declared: str = "") -> str:
    """The MIME type of an image or a document that models read; of other bytes, that of bytes.

    `declared` tells kinds of text apart, and nothing else.
    """
    if found := image_format(data):
        return f"image/{found}"
    if data[:1024].lstrip(b"\xef\xbb\xbf\t\n\r ").startswith(b"%PDF-"):
        return _DOCUMENT_TYPES["pdf"]
    for form, magic, name in _OFFICE:
        if data.startswith(magic) and name in data:
            return _DOCUMENT_TYPES[form]
    if is_text(data):
        return declared if declared in TEXT_TYPES else "text/plain"
    return "application/octet-stream"


def type_of_name(name: str) -> str:
    """What kind of text a file's name says it is; "" for any other name."""
    ending = name.rpartition(".")[2].lower()
    return next((mime for mime, form in TEXT_TYPES.items() if form == ending), "")


def is_text(data: bytes) -> bool:
    """Whether bytes are a text of UTF-8."""
    try:
        return _CONTROL.search(data.decode("utf-8-sig")) is None
    except UnicodeDecodeError:
        return False


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


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    match data[12:16]:
        case b"VP8X" if len(data) >= 30:
            width, height = data[24:27], data[27:30]
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        case b"VP8L":
            (bits,) = struct.unpack("<I", data[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the frame's header, which stands behind other segments (ITU-T T.81, B.1 and B.2.2)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        # SOF0 to SOF15, among which DHT, JPG and DAC have their numbers.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
