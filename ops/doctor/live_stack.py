"""A stack that runs, here or at AWS: how it is asked, and answers that several checks look at."""

import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from ops.conversation import SESSION_HEADER
from ops.doctor.check import CannotLookError
from ops.frames import Event, read_events
from ops.oauth import SignedIn
from ops.session_start import open_answer
from ops.terminal import printable

# Any model says this in many pieces; the offline one knows it, too.
COUNT = "Count from 1 to 60, in digits, and say nothing else."

_FRAME = re.compile(rb"^id: ?(\d+)\r?\n(?:.+\r?\n)*\r?\n", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end; `arrivals` are seconds since the request."""

    status: int
    headers: httpx.Headers
    body: bytes
    arrivals: tuple[float, ...]

    @property
    def events(self) -> list[Event]:
        try:
            return list(read_events([self.body]))
        except ValueError:
            return []

    @property
    def ids(self) -> list[int]:
        """The ids of the events that came whole."""
        return [int(number) for number in _FRAME.findall(self.body)]

    @property
    def is_warm(self) -> bool:
        """Whether it is the agent's answer to `warm`."""
        return self.status == httpx.codes.OK and b'"warm"' in self.body

    @property
    def end(self) -> str:
        """How a run ended: its last event and an error's code, or the status and the body."""
        if self.status == httpx.codes.OK and self.events:
            last = self.events[-1]
            return " ".join(str(last[key]) for key in ("type", "code") if key in last)
        return f"{self.status} {printable(self.body[:120].decode(errors='replace'))}".strip()


class Nobody(SignedIn):
    """In place of a person, when there is no token. Whoever wants one cannot look."""

    def __init__(self, why: str) -> None:
        self._why = why

    def id_token(self) -> str:
        raise CannotLookError(self._why)


class LiveStack:
    """A stack that runs. A question that several checks have is asked once, and its answer kept."""

    def __init__(
        self, outputs: Mapping[str, str], person: SignedIn, http: httpx.Client, is_local: bool
    ) -> None:
        self.outputs = outputs
        self.person = person
        self.http = http
        self.is_local = is_local
        self.api = f"{outputs['ApiUrl']}/chat"
        self.session = str(uuid.uuid4())
        self.threads: list[str] = []
        """What was asked, to be deleted at the end."""

    def post(
        self, body: Any, token: str = "", *, url: str = "", session: str = "", events: int = 0
    ) -> Answer:
        """Post a body as the page does, to the API unless another `url` is given.

        With `events`, hang up as soon as so many have come.
        """
        headers = {"Origin": self.outputs["SpaUrl"]}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {SESSION_HEADER: session} if session else {}
        began = time.monotonic()
        with open_answer(self.http, url or self.api, json=body, headers=headers) as answer:
            pieces, arrivals = [], []
            for piece in answer.iter_raw():
                pieces.append(piece)
                arrivals.append(time.monotonic() - began)
                if events and len(_FRAME.findall(b"".join(pieces))) >= events:
                    break
            return Answer(answer.status_code, answer.headers, b"".join(pieces), tuple(arrivals))

    def ask(self, prompt: str, thread: str, run: str = "", events: int = 0) -> Answer:
        """One message of a thread. All are in one session, which starts one microVM."""
        self.threads.append(thread)
        body = {"threadId": thread, "prompt": prompt, **({"runId": run} if run else {})}
        return self.post(body, self.person.id_token(), session=self.session, events=events)

    def act(self, action: str, **fields: Any) -> Answer:
        """An action, in the same session."""
        return self.post({"action": action, **fields}, self.person.id_token(), session=self.session)

    def read(self, action: str, **fields: Any) -> dict[str, Any]:
        """The JSON that an action is answered with; {} for anything else."""
        try:
            told = json.loads(self.act(action, **fields).body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    @cached_property
    def page(self) -> httpx.Response:
        """The page itself."""
        return self.http.get(self.outputs["SpaUrl"])

    @cached_property
    def refused(self) -> Answer:
        """What the API answers to a page that sends no token."""
        return self.post({"prompt": "Hello"})

    @property
    def gate(self) -> "LiveStack":
        """This stack, if its gate lets anybody through. Raises CannotLookError."""
        if self.refused.status == httpx.codes.TOO_MANY_REQUESTS:
            raise CannotLookError("The gate answers 429 to everything; see live.throttle.")
        return self

    @cached_property
    def woken(self) -> Answer:
        """What the agent says when it is woken: the cheapest request that reaches it."""
        return self.gate.warm(self.session)

    @property
    def agent(self) -> "LiveStack":
        """This stack, if its agent could be woken. Raises CannotLookError."""
        if not self.woken.is_warm:
            raise CannotLookError("The agent cannot be reached; see live.agent.")
        return self

    @cached_property
    def counted(self) -> Answer:
        """A long answer, from the agent that was woken, so that no cold start is measured."""
        return self.agent.ask(COUNT, str(uuid.uuid4()))

    def warm(self, session: str) -> Answer:
        """Wake the agent of a session."""
        return self.post({"action": "warm"}, self.person.id_token(), session=session)
