"""A session that is just starting answers 409: it is asked again, and then no more."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support import serve

from ops.doctor.live_stack import LiveStack
from ops.oauth import SignedIn
from ops.session_start import PAUSES, VARIATION, open_answer


class Door:
    """AgentCore's door with the statuses it answers, one for each request."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked = 0
        self.app = Starlette(routes=[Route("/chat", self._answer, methods=["POST"])])

    async def _answer(self, _: Request) -> Response:
        self.asked += 1
        return Response("whole", self.statuses.pop(0))


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ([200], 200),
        ([409, 200], 200),
        ([409, 409, 409, 409, 409, 200], 200),
        ([409, 409, 409, 409, 409, 409], 409),
        ([409, 424], 424),
        ([429], 429),
        ([503], 503),
    ],
)
def test_409_alone_is_asked_again(http: httpx.Client, statuses: list[int], told: int) -> None:
    door, pauses = Door(*statuses), []
    with serve(door.app) as url, open_answer(http, f"{url}/chat", pauses.append, json={}) as answer:
        assert answer.status_code == told
        assert answer.read() == b"whole"
    assert door.asked == len(statuses)
    assert len(pauses) == len(statuses) - 1
    for paused, seconds in zip(pauses, PAUSES, strict=False):
        assert abs(paused - seconds) <= seconds * VARIATION


def test_about_15_seconds_are_waited_in_all() -> None:
    assert 15 <= sum(PAUSES) <= 16


def test_the_doctor_asks_again(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.session_start.PAUSES", (0.0,))
    door = Door(409, 200)
    with serve(door.app) as url:
        outputs = {"ApiUrl": url, "SpaUrl": url, "LoginUrl": url, "UserPoolClientId": "client"}
        person = SignedIn(outputs, {"id_token": "e30.eyJpYXQiOjEsImV4cCI6OTk5OTk5OTk5OX0."})
        assert LiveStack(outputs, person, http, False).post({"prompt": "Hello"}).status == 200
