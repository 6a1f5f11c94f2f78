"""Faults on purpose, for tests: with `python -m local --faults` they break the API's next answers.

`POST /_faults` at the API's origin, `{"faults": [fault, ...]}`, queues faults: each strikes the
next request that it is meant for, and only that one. `GET` tells how many wait, how many met an
answer that was over before their place in it, and how many answers are held; `DELETE` forgets the
first two and lets go of what is held. Without `--faults` there is no such route. A fault:

| field    | meaning |
|----------|---------|
| `do`     | what happens; see `Deed` |
| `on`     | which requests: `message`, an action's name, or `stream` for both of `message` and
             `resume`; any request when left out |
| `events` | strikes after so many events of the answer |
| `after`  | or after the first event of this type |
| `said`   | or once its text holds this. The agent joins deltas that arrive together, so how many
             events a text takes is not known |
| `bytes`  | or after so many bytes; with neither, before anything of the answer |
| `status` | of `refuse`; 409 is AgentCore's own for a session that is just starting |
| `reaches`| of `refuse`: whether the agent gets the request all the same |
| `seconds`| of `pause`; and how long a `cut` waits, for a browser drops what nobody has read yet |
| `text`   | of `insert`; else a frame that is not JSON |
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.runtime.app import SESSION_HEADER

PATH = "/_faults"

Deed = Literal["cut", "hold", "insert", "kill", "pause", "refuse", "split"]
"""`cut` ends the connection, `hold` waits for DELETE, `insert` adds text, `kill` ends the session's
agent process, `pause` waits, `refuse` answers a status, `split` sends the rest byte by byte."""

_STARTING = "Session operation in progress"
_NO_JSON = 'data: {"type":"TEXT_MESSAGE_CONTENT","delta":\n\n'


@dataclass(frozen=True)
class Fault:
    """One fault; the fields are those of the table above."""

    do: Deed
    on: str = ""
    events: int | None = None
    after: str | None = None
    said: str | None = None
    bytes: int | None = None
    status: int = 503
    reaches: bool = False
    seconds: float = 0.0
    text: str = _NO_JSON

    def __post_init__(self) -> None:
        """Raises ValueError for what is no fault."""
        if self.do not in get_args(Deed):
            raise ValueError(f"do: one of {', '.join(get_args(Deed))}")
        if self.do == "insert" and self.is_before_the_answer:
            raise ValueError("insert: say after how many events or bytes")
        if self.do == "refuse" and not self.is_before_the_answer:
            raise ValueError("refuse: an answer that has begun cannot be refused")

    @property
    def is_before_the_answer(self) -> bool:
        """Whether it strikes instead of the answer's status line."""
        return all(each is None for each in (self.events, self.bytes, self.after, self.said))


class _StruckError(Exception):
    """Ends the app's work on an answer that is not to go on."""


class Faults:
    """The faults that wait, around whatever app serves; an edited template does not lose them."""

    def __init__(self, kill: Callable[[str], None]) -> None:
        """`kill` ends the agent process of a session id."""
        self.kill = kill
        self.held = 0
        self.missed = 0
        self.released = asyncio.Event()
        self._waiting: deque[Fault] = deque()

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app, with the route that takes faults, and with the faults."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == PATH:
                answer = await self._control(Request(scope, receive))
                await answer(scope, receive, send)
            elif not self._waiting or scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
            else:
                body, receive = await _read(receive)
                await self._serve(self._take(_kind(body)), app, scope, receive, send)

        return serve

    async def _serve(
        self, fault: Fault | None, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await app(scope, receive, send)
        elif fault.do == "refuse" and not fault.reaches:
            await _refuse(fault, send)
        else:
            try:
                await app(scope, receive, _Answer(self, fault, send).pass_on)
            except _StruckError:  # an answer without its end: the server closes the connection
                return

    async def _control(self, request: Request) -> JSONResponse:
        if request.method == "DELETE":
            self._waiting.clear()
            self.missed = 0
            self.released.set()
            self.released = asyncio.Event()
        elif request.method == "POST":
            # A form of any web page may post to this machine, but not as JSON.
            if request.headers.get("content-type") != "application/json":
                return JSONResponse({"message": "Faults come as application/json."}, 415)
            try:
                self._waiting += [Fault(**each) for each in (await request.json())["faults"]]
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse({"message": f"This is no list of faults: {error}."}, 400)
        return JSONResponse(
            {"waiting": len(self._waiting), "missed": self.missed, "held": self.held}
        )

    def _take(self, kind: str) -> Fault | None:
        kinds = {"", kind, "stream"} if kind in ("message", "resume") else {"", kind}
        fault = next((each for each in self._waiting if each.on in kinds), None)
        if fault:
            self._waiting.remove(fault)
        return fault


class _Answer:
    """One answer on its way through a fault."""

    def __init__(self, faults: Faults, fault: Fault, send: Send) -> None:
        self._faults = faults
        self._fault = fault
        self._send = send
        # Of when the fault was taken: what is let go of before it stands still does not.
        self._released = faults.released
        self._seen = _Seen()
        self._session = ""
        self._has_struck = False

    async def pass_on(self, message: Message) -> None:
        """What the app calls instead of `send`."""
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            self._session = headers.get(SESSION_HEADER.lower().encode(), b"").decode()
            if self._fault.is_before_the_answer:
                await self._strike()
            await self._send(message)
            await self._write(b"")  # after no events, and after no bytes, is now
            return
        await self._write(message.get("body", b""))
        if not message.get("more_body", False):
            self._faults.missed += not self._has_struck
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, chunk: bytes) -> None:
        if not self._has_struck:
            place = self._seen.place(chunk, self._fault)
            if place is None:
                await self._put(chunk)
                return
            await self._put(chunk[:place])
            await self._strike()
            chunk = chunk[place:]
        if self._fault.do == "split":
            for byte in chunk:
                await self._put(bytes([byte]))
        else:
            await self._put(chunk)

    async def _strike(self) -> None:
        self._has_struck = True
        fault, faults = self._fault, self._faults
        match fault.do:
            case "cut":
                await asyncio.sleep(fault.seconds)
                if fault.is_before_the_answer:
                    _close(self._send)
                raise _StruckError
            case "hold":
                faults.held += 1
                try:
                    await self._released.wait()
                finally:
                    faults.held -= 1
            case "insert":
                await self._put(fault.text.encode())
            case "kill":
                faults.kill(self._session)
            case "pause":
                await asyncio.sleep(fault.seconds)
            case "refuse":
                await _refuse(fault, self._send)
                raise _StruckError

    async def _put(self, chunk: bytes) -> None:
        if chunk:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})


class _Seen:
    """Counts the bytes of an answer and its events, however they are cut into chunks."""

    def __init__(self) -> None:
        self._bytes = 0
        self._events = 0
        self._type: str | None = None
        self._text = ""
        self._open = b""

    def place(self, chunk: bytes, fault: Fault) -> int | None:
        """Where in this chunk the fault strikes, or None; all of it counts as seen."""
        if fault.bytes is not None and self._bytes + len(chunk) >= fault.bytes:
            return fault.bytes - self._bytes
        self._bytes += len(chunk)
        if fault.events is None and fault.after is None and fault.said is None:
            return None
        before = len(self._open)
        text, begin = self._open + chunk, 0
        while not (strikes := self._is_due(fault)) and (end := text.find(b"\n\n", begin)) >= 0:
            if text.startswith(b"id:", begin):  # a comment is no event
                event = _event(text[begin:end])
                self._events += 1
                self._type = event.get("type")
                if self._type == "TEXT_MESSAGE_CONTENT":
                    self._text += event["delta"]
            begin = end + 2
        self._open = text[begin:]
        return max(begin - before, 0) if strikes else None

    def _is_due(self, fault: Fault) -> bool:
        if fault.after is not None:
            return self._type == fault.after
        if fault.said is not None:
            return fault.said in self._text
        return fault.events is not None and self._events >= fault.events


def _event(frame: bytes) -> dict[str, Any]:
    """The event of a frame; an empty one of a frame that is none."""
    _, _, data = frame.partition(b"data: ")
    with contextlib.suppress(ValueError):
        if isinstance(event := json.loads(data), dict):
            return event
    return {}


def _close(send: Send) -> None:
    """Cut a connection without a word. ASGI has no way to say so: uvicorn's own socket it is."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]


async def _refuse(fault: Fault, send: Send) -> None:
    answer = JSONResponse(
        {"message": _STARTING if fault.status == HTTPStatus.CONFLICT else "A fault on purpose."},
        fault.status,
        {"Access-Control-Allow-Origin": "*", **_error_type(fault.status)},
    )
    await answer({"type": "http"}, _nothing, send)


def _error_type(status: int) -> dict[str, str]:
    """The header that tells AgentCore's 409 for a session that is just starting."""
    name = "RetryableConflictException"
    return {"x-amzn-ErrorType": name} if status == HTTPStatus.CONFLICT else {}


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """A request's body, and a `receive` that tells all of it again."""
    messages: deque[Message] = deque()
    more = True
    while more:
        messages.append(await receive())
        more = messages[-1].get("more_body", False)
    body = b"".join(message.get("body", b"") for message in messages)

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return body, again


def _kind(body: bytes) -> str:
    try:
        asked: Any = json.loads(body)
    except ValueError:
        return ""
    return str(asked.get("action") or "message") if isinstance(asked, dict) else ""
