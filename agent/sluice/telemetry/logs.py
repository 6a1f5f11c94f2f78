"""Log lines as JSON, without prompts, tokens or exception texts (T8).

Exception texts and library messages may quote what a person wrote, so of an exception only its
type and the places it passed are written, and of a library's record only where it was made.
Under `make dev` (SLUICE_TRACEBACKS) a developer also sees the whole of what their code raised.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Loggers whose messages are known to hold no content. "uvicorn" says why a port could not be bound.
_TRUSTED = ("sluice", "uvicorn")

# For `extra`: the record is about the person's own code, whatever places its exception passed.
OWN_CODE = {"own_code": True}
# What stands beside this package, but for main.py, the person wrote.
_OURS = Path(__file__).parents[1]


class ContentFreeFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message or place, and an exception's shape.

    With `tracebacks`, the traceback of an exception of the person's own code follows, as lines.
    """

    def __init__(self, tracebacks: bool = False) -> None:
        super().__init__()
        self._tracebacks = tracebacks

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
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return json.dumps(line)
        line["exception"] = shape(error)
        if self._tracebacks and (hasattr(record, "own_code") or _passed_own_code(error)):
            return json.dumps(line) + "\n" + "".join(traceback.format_exception(error)).rstrip()
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


def _passed_own_code(error: BaseException) -> bool:
    """Whether an exception or a cause of it passed a file of agent/ that is not Sluice's."""
    return any(
        path.is_relative_to(_OURS.parent)
        and not path.is_relative_to(_OURS)
        and path != _OURS.parent / "main.py"
        and not {"site-packages", ".venv"} & set(path.parts)
        for path in _files(error)
    )


def _files(error: BaseException) -> Iterator[Path]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        for frame in traceback.extract_tb(each.__traceback__):
            yield Path(frame.filename)
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += (each.__cause__, each.__context__)


def configure(tracebacks: bool = False) -> None:
    """Send every logger of the process through the formatter, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ContentFreeFormatter(tracebacks))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sluice").setLevel(logging.INFO)
