"""One thread of a terminal's person with a stack: asking, going on after a cut, stopping.

What is sent and what comes back: docs/wire.md.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any

import httpx

from ops.frames import Event, read_events
from ops.oauth import SignedIn, SignInError
from ops.session_start import open_answer
from ops.terminal import printable

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
# Seconds before each attempt to go on with an answer that was cut.
RESUME_AFTER = (0.3, 1.0, 3.0)

# Statuses of the gate and of the runtime behind it (docs/wire.md), to what a person can do.
_FIXES = {
    401: "It does not accept your sign-in: start again.",
    403: "It does not let you in.",
    409: "Its session is still starting: ask again.",
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
    """One thread, whose id is also its session's: 36 characters, of the 33 that are needed.

    `pause` waits so many seconds before an answer that was cut is gone on with, and while the
    session starts.
    """

    def __init__(
        self,
        api_url: str,
        person: SignedIn,
        http: httpx.Client,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = f"{api_url}/chat"
        self._person = person
        self._http = http
        self._pause = pause
        self.thread = str(uuid.uuid4())
        self._run = ""

    def ask(self, text: str) -> Generator[Event]:
        """The events of the answer, as they come, also over several connections.

        The last is RUN_FINISHED or RUN_ERROR. Raises AnswerError or SignInError.
        """
        return self._begin({"prompt": text})

    def reply(self, payloads: Mapping[str, Any]) -> Generator[Event]:
        """The same, of the answer that goes on once its interrupts have these payloads, by id."""
        resume = [
            {"interruptId": name, "status": "resolved", "payload": payload}
            for name, payload in payloads.items()
        ]
        return self._begin({"messages": [], "resume": resume})

    def _begin(self, asked: Mapping[str, Any]) -> Generator[Event]:
        self._run = str(uuid.uuid4())
        seen = 0
        body: dict[str, Any] = {"threadId": self.thread, "runId": self._run, **asked}
        for pause in (*RESUME_AFTER, None):
            reason = "The answer was cut off before its end."
            try:
                for event in self._post(body):
                    # Ids count within the run; one that is sent anew begins with its start.
                    seen = 1 if event["type"] == "RUN_STARTED" else seen + 1
                    yield event
                    if event["type"] in ("RUN_FINISHED", "RUN_ERROR"):
                        return
            except httpx.ConnectError as error:
                reason = f"{self._url} cannot be reached. Does the stack run?"
                if not seen:
                    raise AnswerError(reason) from error
            except httpx.TimeoutException:
                reason = "Nothing came for a minute: ask again."
            except (httpx.HTTPError, ValueError) as error:
                reason = f"The answer broke off ({type(error).__name__})."
            if pause is None:
                raise AnswerError(reason)
            self._pause(pause)
            if seen:  # else the same message with the same run id: whatever arrived, it runs once
                body = self._action("resume", after=seen)

    def stop(self) -> bool:
        """Ask the agent to stop the answer that was asked for last; whether it did."""
        try:
            for event in self._post(self._action("stop")):
                return "error" not in event
        except (AnswerError, SignInError, httpx.HTTPError, ValueError):
            pass
        return False

    def _action(self, name: str, **fields: int) -> dict[str, Any]:
        return {"action": name, "threadId": self.thread, "runId": self._run, **fields}

    def _post(self, body: Mapping[str, Any]) -> Generator[Event]:
        answered = yield from self._attempt(body)
        if not answered:  # the token was refused before its time: a clock is wrong, or a reset
            self._person.renew()
            if not (yield from self._attempt(body)):
                raise AnswerError(f"{self._url} answered 401. {_FIXES[401]}")

    def _attempt(self, body: Mapping[str, Any]) -> Generator[Event, None, bool]:
        """Whether the token was taken, after the events of the answer; JSON counts as one."""
        with open_answer(
            self._http,
            self._url,
            self._pause,
            json=body,
            headers={
                "Authorization": f"Bearer {self._person.id_token()}",
                SESSION_HEADER: self.thread,
            },
        ) as answer:
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                return False
            if answer.status_code != httpx.codes.OK:
                raise AnswerError(f"{self._url} answered {_refusal(answer)}")
            if answer.headers.get("content-type") == "application/json":
                answer.read()
                yield answer.json()
            else:
                yield from read_events(answer.iter_bytes())
            return True


def _refusal(answer: httpx.Response) -> str:
    """A status, what it says, and what to do."""
    answer.read()
    said = ""
    with contextlib.suppress(ValueError, AttributeError):
        said = printable(str(answer.json().get("message") or ""))
    fix = _FIXES.get(answer.status_code, "")
    return " ".join(part for part in (f"{answer.status_code}:", said, fix) if part)
