"""`make chat [STACK=]`: a conversation in the terminal, for people without the browser.

Without a terminal it answers each line of its standard input, and ends with status 1 if it could
not answer one of them.
"""

import contextlib
import re
import sys
import uuid
from collections.abc import Generator, Iterable, Iterator

import httpx

from ops.frames import Event, read_events
from ops.oauth import SignedIn, SignInError, open_http
from ops.outputs import read_outputs
from ops.terminal import dim, printable
from ops.token import sign_in_here

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
TOOL_LINE_LENGTH = 160

# Statuses of the gate and of the runtime behind it (docs/wire.md), to what a person can do.
_MENDS = {
    401: "It does not accept your sign-in: start again.",
    403: "It does not let you in.",
    424: "The agent failed: `make logs` shows its last words.",
    429: "Too many requests at the moment: wait a little, and ask again.",
    500: "`make doctor` looks for the reason.",
    502: "`make doctor` looks for the reason.",
    503: "It is overloaded or starting: ask again.",
    504: "The agent did not answer in time: ask again.",
}


class AnswerError(Exception):
    """There is no answer, or not all of one. `str()` is for people."""


class Conversation:
    """One thread, whose id is also its session's: 36 characters, of the 33 that are needed."""

    def __init__(self, api_url: str, person: SignedIn, http: httpx.Client) -> None:
        self._url = f"{api_url}/chat"
        self._person = person
        self._http = http
        self.thread = str(uuid.uuid4())

    def ask(self, text: str) -> Generator[Event]:
        """The events of the answer, as they come. Raises AnswerError or SignInError."""
        try:
            answered = yield from self._attempt(text)
            if not answered:  # the token was refused before its time: a clock is wrong, or a reset
                self._person.renew()
                if not (yield from self._attempt(text)):
                    raise AnswerError(f"{self._url} answered 401. {_MENDS[401]}")
        except httpx.ConnectError as error:
            raise AnswerError(f"{self._url} cannot be reached. Does the stack run?") from error
        except httpx.TimeoutException as error:
            raise AnswerError("Nothing came for a minute: ask again.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise AnswerError(f"The answer broke off ({type(error).__name__}).") from error

    def _attempt(self, text: str) -> Generator[Event, None, bool]:
        """Whether the token was taken, after the events of the answer."""
        with self._http.stream(
            "POST",
            self._url,
            json={"threadId": self.thread, "prompt": text},
            headers={
                "Authorization": f"Bearer {self._person.id_token()}",
                SESSION_HEADER: self.thread,
            },
        ) as answer:
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                return False
            if answer.status_code != httpx.codes.OK:
                raise AnswerError(f"{self._url} answered {_refusal(answer)}")
            yield from read_events(answer.iter_bytes())
            return True


def _refusal(answer: httpx.Response) -> str:
    """A status, what it says, and what to do."""
    answer.read()
    said = ""
    with contextlib.suppress(ValueError, AttributeError):
        said = printable(str(answer.json().get("message") or ""))
    mend = _MENDS.get(answer.status_code, "")
    return " ".join(part for part in (f"{answer.status_code}:", said, mend) if part)


def show(events: Iterable[Event]) -> None:
    """Write an answer while it comes: words as they are, each tool call in one dim line.

    Raises AnswerError when it ends in an error or without an end.
    """
    calls: dict[str, str] = {}
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
            case {"type": "TOOL_CALL_RESULT", "toolCallId": str(call), "content": str(result)}:
                line = printable(re.sub(r"\s+", " ", f"{calls.pop(call, '')} → {result}"))
                _write(dim(f"  {line[:TOOL_LINE_LENGTH]}") + "\n")
            case {"type": "CUSTOM", "value": {"message": str(message)}}:
                _tell(message)
            case {"type": "RUN_ERROR", "message": str(message), "code": str(code)}:
                raise AnswerError(f"{message} ({code})")
            case {"type": "RUN_FINISHED"}:
                return
    raise AnswerError("The answer was cut off before its end.")


def converse(conversation: Conversation, lines: Iterator[str], *, interactive: bool) -> bool:
    """Answer line after line; whether each was answered. Ctrl-C ends an answer, not the talk."""
    succeeded = True
    for line in lines:
        if not line.strip():
            continue
        try:
            with contextlib.closing(conversation.ask(line.strip())) as events:
                show(events)
        except (AnswerError, SignInError) as error:
            succeeded = False
            _tell(str(error))
        except KeyboardInterrupt:
            if not interactive:
                raise
            _tell("Stopped here; the agent ends its answer by itself, and remembers it.")
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


def main() -> None:
    """Sign in, and talk."""
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


if __name__ == "__main__":
    main()
