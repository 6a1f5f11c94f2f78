"""The event-stream encoding in which ConverseStream answers.

A message is a prelude (total length, length of the headers, CRC of both), the headers, a JSON
payload, and a CRC of all that (https://smithy.io/2.0/aws/amazon-eventstream.html).
"""

import functools
import json
import struct
from binascii import crc32
from typing import Any

MEDIA_TYPE = "application/vnd.amazon.eventstream"

_STRING = 7
_PRELUDE_AND_CRCS = 16


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """One event, such as ("contentBlockDelta", {...})."""
    return _message(_event_headers(kind), payload)


def exception(kind: str, message: str) -> bytes:
    """An error in mid-stream, such as ("throttlingException", "..."): the stream ends with it."""
    headers = {":exception-type": kind, ":content-type": "application/json"}
    return _message(_pack(headers | {":message-type": "exception"}), {"message": message})


@functools.cache
def _event_headers(kind: str) -> bytes:
    return _pack(
        {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    )


def _pack(headers: dict[str, str]) -> bytes:
    return b"".join(
        struct.pack(f"!B{len(name)}sBH{len(value)}s", len(name), name, _STRING, len(value), value)
        for name, value in ((n.encode(), v.encode()) for n, v in headers.items())
    )


def _message(headers: bytes, payload: dict[str, Any]) -> bytes:
    body = json.dumps(payload, separators=(",", ":")).encode()
    lengths = struct.pack("!II", _PRELUDE_AND_CRCS + len(headers) + len(body), len(headers))
    message = b"".join((lengths, struct.pack("!I", crc32(lengths)), headers, body))
    return message + struct.pack("!I", crc32(message))
