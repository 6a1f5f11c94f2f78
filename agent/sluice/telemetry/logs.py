"""Log lines as JSON, without prompts, tokens or exception texts (T8).

Exception texts and library messages may quote what a person wrote, so of an exception only its
type and the places it passed are written, and of a library's record only where it was made.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

# Loggers whose messages are known to hold no content. "uvicorn" says why a port could not be bound.
_TRUSTED = ("sluice", "uvicorn")


class ContentFreeFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message or place, and an exception's shape."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if record.name.partition(".")[0] in _TRUSTED:
            line["message"] = record.getMessage()
        else:
            line["place"] = f"{record.module}:{record.lineno}"
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = shape(record.exc_info[1])
        return json.dumps(line)


def shape(error: BaseException) -> list[dict[str, Any]]:
    """The types of an exception and its causes, with the places each passed, and no texts."""
    shapes: list[dict[str, Any]] = []
    while error is not None and len(shapes) < 5:
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        shapes.append({"type": type(error).__name__, "at": places})
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return shapes


def configure() -> None:
    """Send every logger of the process through the formatter, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ContentFreeFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sluice").setLevel(logging.INFO)
