"""`make chat [STACK=]`: a conversation in the terminal, for people without the browser.

Without a terminal it answers each line of its standard input, and ends with status 1 if it could
not answer one of them.
"""

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from ops import options
from ops.conversation import AnswerError, Conversation
from ops.frames import Event
from ops.oauth import SignInError, open_http
from ops.outputs import read_outputs
from ops.terminal import dim, printable
from ops.token import sign_in_here

TOOL_LINE_LENGTH = 160


def show(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Write an answer while it comes: words as they are, each tool call in one dim line.

    Returns what it asks before it goes on: AG-UI's interrupts. Raises AnswerError when it ends in
    an error.
    """
    calls: dict[str, str] = {}
    asked: list[dict[str, Any]] = []
    for event in events:
        match event:
            case {"type": "TEXT_MESSAGE_CONTENT", "delta": str(words)}:
                _write(printable(words))
            case {"type": "TEXT_MESSAGE_END"}:
                _write("\n")
            case {"type": "TOOL_CALL_START", "toolCallId": str(call), "toolCallName": str(name)}:
                calls[call] = f"{name} "
            case {"type": "TOOL_CALL_ARGS", "toolCallId": str(call), "delta": str(piece)}:
                calls[call] = calls.get(call, "") + piece
            case {"type": "TOOL_CALL_RESULT", "toolCallId": str(call), "content": content}:
                result = _plain(content)
                line = printable(re.sub(r"\s+", " ", f"{calls.pop(call, '')} → {result}"))
                _write(dim(f"  {line[:TOOL_LINE_LENGTH]}") + "\n")
            case {"type": "CUSTOM", "value": {"message": str(message)}}:
                _tell(message)
            case {"type": "RUN_FINISHED", "outcome": {"interrupts": [*interrupts]}}:
                for each in interrupts:
                    call = calls.get(each.get("toolCallId"), "").strip()
                    asked.append({**each, "call": call})
            case {"type": "RUN_ERROR", "message": str(message), "code": str(code)}:
                raise AnswerError(f"{message} ({code})")
    return asked


def _replies(asked: list[dict[str, Any]], lines: Iterator[str]) -> dict[str, Any] | None:
    """What a person says to each question, in a line of its own; None when no line is left."""
    replies: dict[str, Any] = {}
    for each in asked:
        question = str(each.get("message") or each.get("reason"))
        is_approval = each.get("reason") == "approval"
        _tell(f"{question} {each['call']}{' [y/N]' if is_approval else ''}")
        line = next(lines, None)
        if line is None:
            return None
        allowed = line.strip().lower() in ("y", "yes")
        replies[each["id"]] = {"approved": allowed} if is_approval else line.strip()
    return replies


def _plain(content: object) -> str:
    """A tool's result in words; of a part that is no text, what it is."""
    parts = content if isinstance(content, list) else [{"text": content}]
    return " ".join(str(part.get("text", f"[{part.get('type')}]")) for part in parts)


def converse(conversation: Conversation, lines: Iterator[str], *, interactive: bool) -> bool:
    """Answer line after line; whether each was answered. Ctrl-C ends an answer, not the talk."""
    succeeded = True
    for line in lines:
        if not line.strip():
            continue
        try:
            with contextlib.closing(conversation.ask(line.strip())) as events:
                asked = show(events)
            while asked and (replies := _replies(asked, lines)):
                with contextlib.closing(conversation.reply(replies)) as events:
                    asked = show(events)
        except (AnswerError, SignInError) as error:
            succeeded = False
            _tell(str(error))
        except KeyboardInterrupt:
            if not interactive:
                raise
            stopped = conversation.stop()
            _tell("Stopped." if stopped else "Stopped here; the agent goes on, and remembers it.")
    return succeeded


def _typed_lines() -> Iterator[str]:
    """What a person types, until Ctrl-D."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - input() then edits lines and recalls them
    while True:
        try:
            yield input("> ")
        except KeyboardInterrupt:
            _tell("Ctrl-D leaves.")
        except EOFError:
            _tell("")
            return


def _write(text: str) -> None:
    print(text, end="", flush=True)


def _tell(line: str) -> None:
    """A line that is not part of an answer; on a terminal it may follow half a line of one."""
    print(f"\n{printable(line)}" if sys.stdout.isatty() else printable(line), file=sys.stderr)


@click.command
@options.stack
@options.region
@options.email
def main() -> None:
    """A conversation in the terminal."""
    outputs = read_outputs()
    interactive = sys.stdin.isatty()
    try:
        person = sign_in_here(outputs)
        with open_http() as http:
            conversation = Conversation(outputs["ApiUrl"], person, http)
            if interactive:
                _tell(f"{outputs['ApiUrl']}: Ctrl-C stops an answer, Ctrl-D leaves.")
            lines = _typed_lines() if interactive else iter(sys.stdin)
            succeeded = converse(conversation, lines, interactive=interactive)
    except SignInError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if succeeded or interactive else 1)
