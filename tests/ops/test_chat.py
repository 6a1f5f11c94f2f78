"""`make chat`: a conversation in a terminal, and without one."""

import asyncio
import base64
import json
import re
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from commands import open_terminal, run_command
from e2e_stack import RunningStack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from support import serve

from ops.chat import converse
from ops.conversation import RESUME_AFTER, SESSION_HEADER, Conversation
from ops.oauth import SignedIn, open_http
from ops.session_start import PAUSES, VARIATION

DIM = "\x1b[2m"


# ---- at a real stack -----------------------------------------------------------------------------


def test_each_line_is_answered_on_one_thread(here: dict[str, str], stack: RunningStack) -> None:
    secret = uuid.uuid4().hex
    typed = f"What is 25 * 4?\n\nNow divide that by 10\nMy word is {secret}\n"
    ended = run_command("chat", environment=here, typed=typed)
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr
    assert '  calculator {"expression": "25 * 4"} → Result: 100\n' in ended.stdout
    assert '  calculator {"expression": "100 / 10"} → Result: 10\n' in ended.stdout
    assert "\x1b" not in ended.stdout
    assert secret in ended.stdout
    assert secret not in (stack.state / "stack.log").read_text()


def test_a_terminal_shows_the_answer_and_ctrl_c_stops_it(here: dict[str, str]) -> None:
    with open_terminal("chat", environment=here) as terminal:
        terminal.wait_for("> ")
        terminal.type("What is 25 * 4?\n")
        assert DIM in terminal.wait_for("→ Result: 100")
        terminal.wait_for("> ")
        terminal.type("Count to 200\n")
        terminal.wait_for("17")
        terminal.type("\x03")
        shown = terminal.wait_for("Stopped.")
        assert "200" not in shown
        terminal.wait_for("> ")
        # The agent has stopped as well: another question is not refused with thread_busy.
        terminal.type("What is 2 + 3?\n")
        terminal.wait_for("→ Result: 5")
        terminal.wait_for("> ")
        terminal.type("\x03")
        terminal.wait_for("Ctrl-D leaves.")
        terminal.wait_for("> ")
        terminal.type("\x04")
        assert terminal.end() == 0


# ---- at a stack that fails -----------------------------------------------------------------------

Answer = Callable[[Request], Response]


class FakeStack:
    """A sign-in and an API whose answers a test lists, one for each request."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Request] = []
        self.bodies: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self.renewals = 0
        self.app = Starlette(
            routes=[
                Route("/chat", self._chat, methods=["POST"]),
                Route("/oauth2/token", self._token, methods=["POST"]),
            ]
        )

    async def _chat(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        self.asked.append(request)
        return self.answers.pop(0)(request)

    async def _token(self, request: Request) -> Response:
        self.renewals += 1
        form = await request.form()
        assert form["grant_type"] == "refresh_token"
        if form["refresh_token"] != f"refresh-{self.renewals - 1}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(tokens(self.renewals))


def tokens(number: int, seconds: int = 3600) -> dict[str, str]:
    """The token endpoint's answer; nobody here looks at a signature."""
    claims = json.dumps({"iat": 1000, "exp": 1000 + seconds, "number": number})
    payload = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    return {"id_token": f"e30.{payload}.", "refresh_token": f"refresh-{number}"}


@pytest.fixture
def fake() -> FakeStack:
    return FakeStack()


@pytest.fixture
def talk(fake: FakeStack) -> Iterator[Callable[..., bool]]:
    """Say lines to the fake stack; whether each was answered."""
    with serve(fake.app) as url, open_http() as http:

        def say(*lines: str, granted: dict[str, str] | None = None) -> bool:
            outputs = {"LoginUrl": url, "UserPoolClientId": "client"}
            person = SignedIn(outputs, granted or tokens(0))
            conversation = Conversation(url, person, http, pause=fake.pauses.append)
            return converse(conversation, iter(lines), interactive=False)

        yield say


def stream(*events: dict[str, Any], end: str = "\n\n") -> Answer:
    async def frames() -> AsyncIterator[str]:
        for event in events:
            yield f": keep awake\n\ndata: {json.dumps(event)}{end}"

    return lambda _: StreamingResponse(frames(), media_type="text/event-stream")


def refusal(status: int, message: str = "") -> Answer:
    return lambda _: JSONResponse({"message": message}, status)


def said(words: str) -> dict[str, str]:
    return {"type": "TEXT_MESSAGE_CONTENT", "delta": words}


FINISHED = {"type": "RUN_FINISHED"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(400, "[/prompt: too long]"), "400: [/prompt: too long]"),
        (refusal(424, "The agent ended"), "`make logs`"),
        (refusal(429), "Too many requests"),
        (refusal(503), "503: It is overloaded"),
        (lambda _: Response("<html>", 502), "502:"),
        (lambda _: Response("[]", 500), "500:"),
        (stream({"type": "RUN_ERROR", "code": "thread_busy", "message": "Wait."}), "Wait."),
    ],
)
def test_a_failure_is_said_and_the_talk_goes_on(
    answer: Answer,
    words: str,
    fake: FakeStack,
    talk: Callable[..., bool],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake.answers = [answer, stream(said("Here again."), FINISHED)]
    assert not talk("One", "Two")
    shown = capsys.readouterr()
    assert words in shown.err
    assert "Here again." in shown.out


BROKEN: Answer = lambda _: Response("data: {\n\n", media_type="text/event-stream")  # noqa: E731


@pytest.mark.parametrize(
    ("line", "approved"), [("y", True), ("Yes", True), ("", False), ("no", False)]
)
def test_what_a_person_is_asked_is_answered_by_the_next_line(
    fake: FakeStack,
    talk: Callable[..., bool],
    capsys: pytest.CaptureFixture[str],
    line: str,
    approved: bool,
) -> None:
    approval = {"id": "i", "reason": "approval", "message": "Allow send?", "toolCallId": "c"}
    outcome = {"type": "interrupt", "interrupts": [approval, {"id": "j", "reason": "seat"}]}
    call: list[dict[str, Any]] = [
        {"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "send"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": '{"to":"Ada"}'},
    ]
    asking = stream(*call, {**FINISHED, "outcome": outcome})
    fake.answers = [asking, stream(said("Done."), FINISHED)]
    assert talk("Send it", line, "2B")
    told = capsys.readouterr()
    assert 'Allow send? send {"to":"Ada"} [y/N]' in told.err
    assert "Done." in told.out
    assert fake.bodies[1]["resume"] == [
        {"interruptId": "i", "status": "resolved", "payload": {"approved": approved}},
        {"interruptId": "j", "status": "resolved", "payload": "2B"},
    ]
    assert fake.bodies[1]["threadId"] == fake.bodies[0]["threadId"]


def test_what_nobody_answers_stays_open(fake: FakeStack, talk: Callable[..., bool]) -> None:
    outcome = {"type": "interrupt", "interrupts": [{"id": "i", "reason": "approval"}]}
    fake.answers = [stream({**FINISHED, "outcome": outcome})]
    assert talk("Send it")
    assert len(fake.bodies) == 1


@pytest.mark.parametrize("cut", [stream(), stream(said("x"), end="\n"), BROKEN])
def test_an_answer_that_is_cut_goes_on_after_the_last_event(
    cut: Answer, fake: FakeStack, talk: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    """F1, F5: nothing twice, nothing missing."""
    start = {"type": "RUN_STARTED"}
    fake.answers = [stream(start, said("One, ")), cut, stream(said("two."), FINISHED)]
    assert talk("Count")
    assert "One, two." in capsys.readouterr().out
    asked, first, second = fake.bodies
    resume = {"action": "resume", "threadId": asked["threadId"], "runId": asked["runId"]}
    assert first == second == resume | {"after": 2}


def test_a_message_that_may_not_have_arrived_is_sent_again_as_the_same_run(
    fake: FakeStack, talk: Callable[..., bool]
) -> None:
    """F4: the run id stays, so that it never runs twice."""
    fake.answers = [stream(), stream(FINISHED)]
    assert talk("One")
    first, second = fake.bodies
    assert first == second


@pytest.mark.parametrize(("cut", "words"), [(stream(), "cut off"), (BROKEN, "broke off")])
def test_an_answer_that_stays_cut_is_said(
    cut: Answer,
    words: str,
    fake: FakeStack,
    talk: Callable[..., bool],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake.answers = [cut] * (len(RESUME_AFTER) + 1)
    assert not talk("One")
    assert words in capsys.readouterr().err
    assert fake.pauses == list(RESUME_AFTER)


def test_a_session_that_is_still_starting_is_asked_again(
    fake: FakeStack, talk: Callable[..., bool]
) -> None:
    starting = refusal(409, "Session operation in progress")
    fake.answers = [starting, starting, stream(said("Here."), FINISHED)]
    assert talk("Hello")
    first, *again = fake.bodies
    assert again == [first, first]
    expected = PAUSES[:2]
    assert all(
        abs(paused - seconds) <= seconds * VARIATION
        for paused, seconds in zip(fake.pauses, expected, strict=True)
    )


def test_a_session_that_never_starts_is_said(
    fake: FakeStack, talk: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers = [refusal(409, "Session operation in progress")] * (len(PAUSES) + 1)
    assert not talk("Hello")
    assert not fake.answers
    assert "409: Session operation in progress Its session is still" in capsys.readouterr().err


def test_a_thread_is_its_own_session(fake: FakeStack, talk: Callable[..., bool]) -> None:
    fake.answers = [stream(FINISHED), stream(FINISHED)]
    assert talk("One", "Two")
    sessions = {request.headers[SESSION_HEADER] for request in fake.asked}
    assert len(sessions) == 1
    assert 33 <= len(sessions.pop()) <= 256


def test_a_token_is_renewed_before_it_expires(fake: FakeStack, talk: Callable[..., bool]) -> None:
    fake.answers = [stream(FINISHED), stream(FINISHED)]
    assert talk("One", "Two", granted=tokens(0, seconds=119))
    assert fake.renewals == 1
    assert fake.asked[0].headers["authorization"] == f"Bearer {tokens(1)['id_token']}"


def test_a_token_that_is_refused_is_renewed_once(
    fake: FakeStack, talk: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers = [refusal(401), stream(said("In."), FINISHED), refusal(401), refusal(401)]
    assert talk("One")
    assert "In." in capsys.readouterr().out
    assert not talk("Two", granted=tokens(1))
    assert "start again" in capsys.readouterr().err
    assert fake.renewals == 2


def test_a_sign_in_that_has_ended_is_said(
    fake: FakeStack, talk: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers = [refusal(401)]
    assert not talk("One", granted=tokens(7))
    assert "sign in again" in capsys.readouterr().err


def test_what_a_model_writes_cannot_steer_the_terminal_t7(
    fake: FakeStack, talk: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b"
    fake.answers = [
        stream(
            said(f"{evil}words"),
            {"type": "TOOL_CALL_START", "toolCallId": "1", "toolCallName": f"tool{evil}"},
            {"type": "TOOL_CALL_ARGS", "toolCallId": "1", "delta": '{"a":\n'},
            {"type": "TOOL_CALL_ARGS", "toolCallId": "1", "delta": "1}"},
            {"type": "TOOL_CALL_RESULT", "toolCallId": "1", "content": f"{evil}\n{'x' * 500}"},
            {"type": "RUN_ERROR", "code": "bad", "message": f"{evil}sorry"},
        )
    ]
    assert not talk("One")
    shown = capsys.readouterr()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown.out + shown.err)
    tool = next(line for line in shown.out.splitlines() if "→" in line)
    assert '{"a": 1}' in tool
    assert len(tool) < 200


def test_a_stack_that_has_gone_is_said(fake: FakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(fake.app) as url:
        pass
    with open_http() as http:
        conversation = Conversation(url, SignedIn({}, tokens(0)), http)
        assert not converse(conversation, iter(["One"]), interactive=False)
    assert "cannot be reached" in capsys.readouterr().err


def test_words_are_shown_as_they_come(fake: FakeStack) -> None:
    seen = threading.Event()
    in_time: list[bool] = []

    async def frames() -> AsyncIterator[str]:
        yield f"data: {json.dumps(said('First'))}\n\n"
        in_time.append(await asyncio.to_thread(seen.wait, 5))
        yield f"data: {json.dumps(FINISHED)}\n\n"

    fake.answers = [lambda _: StreamingResponse(frames())]
    with serve(fake.app) as url, open_http() as http:
        events = Conversation(url, SignedIn({}, tokens(0)), http).ask("One")
        assert next(events) == said("First")
        seen.set()
        assert list(events) == [FINISHED]
    assert in_time == [True]
