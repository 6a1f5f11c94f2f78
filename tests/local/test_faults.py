"""Faults on purpose: each strikes the answer it is meant for, where it says, and only once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from support import serve

from local.faults import PATH, Faults
from local.runtime.app import SESSION_HEADER

FRAMES = [f'id: {number}\ndata: {{"n": {number}}}\n\n' for number in range(1, 6)]
WHOLE = ":\n\n" + "".join(FRAMES)
TURN = {"prompt": "Hello"}


@dataclass
class Api:
    """An API that answers five events, in pieces that are not those of the frames."""

    client: httpx.Client
    killed: list[str]
    asked: list[bytes] = field(default_factory=list)

    def queue(self, *faults: dict[str, Any]) -> httpx.Response:
        return self.client.post(PATH, json={"faults": faults})

    def left(self) -> Any:
        return self.client.get(PATH).json()

    def read(self, body: dict[str, Any] | None = None) -> tuple[str, bool]:
        """What arrives of an answer, and whether it came to its end."""
        arrived = b""
        try:
            with self.client.stream("POST", "/chat", json=body or TURN) as answer:
                assert answer.status_code == 200
                for piece in answer.iter_raw():
                    arrived += piece
        except httpx.RemoteProtocolError:
            return arrived.decode(), False
        return arrived.decode(), True


@pytest.fixture
def api() -> Iterator[Api]:
    killed: list[str] = []
    asked: list[bytes] = []

    async def chat(request: Request) -> StreamingResponse:
        asked.append(await request.body())
        pieces = [WHOLE[at : at + 7].encode() for at in range(0, len(WHOLE), 7)]

        async def body() -> Any:
            for piece in pieces:
                yield piece

        return StreamingResponse(body(), headers={SESSION_HEADER: "s" * 33})

    app = Faults(killed.append).around(Starlette(routes=[Route("/chat", chat, methods=["POST"])]))
    with serve(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        yield Api(client, killed, asked)


def test_without_a_fault_an_answer_is_as_it_is(api: Api) -> None:
    assert api.read() == (WHOLE, True)


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_a_cut_after_events_leaves_just_those(api: Api, count: int) -> None:
    api.queue({"do": "cut", "events": count})
    arrived, ended = api.read()
    assert not ended
    assert arrived == ("" if count == 0 else ":\n\n" + "".join(FRAMES[:count]))
    assert api.read() == (WHOLE, True), "it struck twice"


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 60])
def test_a_cut_after_bytes_leaves_just_those(api: Api, count: int) -> None:
    api.queue({"do": "cut", "bytes": count})
    assert api.read() == (WHOLE[:count], False)


def test_a_cut_without_a_place_comes_before_any_answer(api: Api) -> None:
    api.queue({"do": "cut"})
    with pytest.raises(httpx.TransportError):
        api.client.post("/chat", json=TURN)
    assert len(api.asked) == 1, "the agent had the request"
    assert api.read() == (WHOLE, True)


@pytest.mark.parametrize("reaches", [False, True])
@pytest.mark.parametrize("status", [401, 424, 429, 500, 502, 503, 504])
def test_a_refusal_is_readable_by_the_page(api: Api, status: int, reaches: bool) -> None:
    api.queue({"do": "refuse", "status": status, "reaches": reaches})
    answer = api.client.post("/chat", json=TURN)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(api.asked) == reaches


def test_a_409_is_that_of_a_session_that_is_just_starting(api: Api) -> None:
    api.queue({"do": "refuse", "status": 409})
    answer = api.client.post("/chat", json=TURN)
    assert answer.headers["x-amzn-ErrorType"] == "RetryableConflictException"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json() == {"message": "Session operation in progress"}
    assert api.client.post("/chat", json=TURN).status_code == 200


def test_text_is_put_between_two_events(api: Api) -> None:
    api.queue({"do": "insert", "events": 2}, {"do": "insert", "events": 0, "text": "more"})
    arrived, ended = api.read()
    assert ended
    begin, rest = ":\n\n" + "".join(FRAMES[:2]), "".join(FRAMES[2:])
    assert arrived.startswith(begin + 'data: {"type"')
    assert arrived.endswith(rest)
    assert api.read() == ("more" + WHOLE, True)


def test_a_split_answer_comes_byte_by_byte_and_whole(api: Api) -> None:
    api.queue({"do": "split", "events": 1})
    assert api.read() == (WHOLE, True)


def test_a_pause_changes_nothing_but_the_time(api: Api) -> None:
    api.queue({"do": "pause", "seconds": 0.01})
    assert api.read() == (WHOLE, True)


def test_a_held_answer_goes_on_when_it_is_let_go(api: Api) -> None:
    api.queue({"do": "hold", "events": 2}, {"do": "cut"})
    begin = ":\n\n" + "".join(FRAMES[:2])
    with api.client.stream("POST", "/chat", json=TURN) as answer:
        pieces = answer.iter_text()
        arrived = next(pieces)
        while len(arrived) < len(begin):
            arrived += next(pieces)
        assert arrived == begin
        assert api.left() == {"waiting": 1, "missed": 0, "held": 1}
        assert api.client.delete(PATH).json()["waiting"] == 0
        assert arrived + "".join(pieces) == WHOLE
    assert api.left() == {"waiting": 0, "missed": 0, "held": 0}


def test_an_answer_that_is_over_before_its_fault_is_counted(api: Api) -> None:
    api.queue({"do": "cut", "said": "never said"})
    assert api.read() == (WHOLE, True)
    assert api.left() == {"waiting": 0, "missed": 1, "held": 0}


@pytest.mark.anyio
async def test_what_is_let_go_of_before_it_stands_still_goes_on() -> None:
    begun, ready = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await ready.wait()
        await Response(WHOLE)(scope, receive, send)

    transport = httpx.ASGITransport(Faults(lambda _: None).around(slow))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        await client.post(PATH, json={"faults": [{"do": "hold"}]})
        asked = asyncio.create_task(client.post("/chat", json=TURN))
        await begun.wait()
        await client.delete(PATH)
        ready.set()
        answer = await asyncio.wait_for(asked, 10)
    assert answer.text == WHOLE


def test_the_agent_of_the_answers_session_is_killed(api: Api) -> None:
    api.queue({"do": "kill", "events": 2})
    api.read()
    assert api.killed == ["s" * 33]


def test_a_fault_waits_for_the_request_that_it_is_meant_for(api: Api) -> None:
    api.queue(
        {"do": "cut", "events": 1, "on": "resume"},
        {"do": "cut", "events": 2, "on": "message"},
        {"do": "cut", "events": 3},
    )
    lengths = [len(FRAMES[0]) * count + 3 for count in (1, 2, 3)]
    assert len(api.read({"messages": []})[0]) == lengths[1]
    assert len(api.read({"action": "list"})[0]) == lengths[2]
    assert api.read({"action": "list"})[1]
    assert len(api.read({"action": "resume"})[0]) == lengths[0]
    assert api.asked[0] == b'{"messages":[]}', "the agent has the body all the same"


def test_a_fault_may_wait_for_any_stream(api: Api) -> None:
    api.queue(*[{"do": "cut", "events": 1, "on": "stream"}] * 2)
    assert api.read({"action": "get"})[1]
    assert not api.read({"prompt": "Hello"})[1]
    assert not api.read({"action": "resume"})[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "explode"},
        {"do": "cut", "when": 3},
        {"do": "insert"},
        {"do": "refuse", "events": 3},
        "cut",
    ],
)
def test_what_is_no_fault_is_said(api: Api, wrong: Any) -> None:
    assert api.queue(wrong).status_code == 400
    assert api.left()["waiting"] == 0


def test_another_web_page_cannot_ask_for_faults(api: Api) -> None:
    """What a page may post to another origin without asking is a form or text."""
    body = '{"faults": [{"do": "cut"}]}'
    answer = api.client.post(PATH, content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert api.left()["waiting"] == 0
