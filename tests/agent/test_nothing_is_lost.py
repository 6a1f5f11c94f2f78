"""Whatever happens to connections and processes, the stored conversation is the undisturbed one."""

import contextlib
import random
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from agent_process import AgentProcess, start_agent
from wire_support import frames, make_token, parse

HEADERS = {"Authorization": f"Bearer {make_token()}"}
MESSAGES = ["My name is Ada", "What is 25 * 4?", "Count to 250", "What is my name?", "Count to 200"]


class Person:
    """Someone with one thread and a client that loses its connections and its agents."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, seed: int = 0, **environ: str):
        self._stack, self._folder, self._environ = stack, folder, environ
        self._chance = random.Random(seed)  # noqa: S311
        self._http = stack.enter_context(httpx.Client(timeout=20, trust_env=False))
        self.cuts = 0
        self.first_event_after_kill = 0.0
        self.agent: AgentProcess
        self.start()

    def start(self) -> None:
        self.agent = self._stack.enter_context(start_agent(self._folder, **self._environ))

    def post(self, body: dict[str, Any]) -> httpx.Response:
        return self._http.post(f"{self.agent.url}/invocations", json=body, headers=HEADERS)

    def stream(self, body: dict[str, Any]) -> contextlib.AbstractContextManager[httpx.Response]:
        url = f"{self.agent.url}/invocations"
        return self._http.stream("POST", url, json=body, headers=HEADERS)

    def conversation(self) -> list[Any]:
        """The stored conversation without its ids and times."""
        got = self.post({"action": "get", "threadId": "t"}).json()
        return [
            (run["state"], run.get("error"), [_without_ids(m) for m in run["messages"]])
            for run in got["runs"]
        ]

    def read(self, body: dict[str, Any], most: int | None) -> list[bytes]:
        """The whole frames among the first bytes of an answer; the connection is then cut."""
        received = b""
        with contextlib.suppress(httpx.TransportError), self.stream(body) as answer:
            for piece in answer.iter_raw(32):
                received += piece
                if most is not None and len(received) > most:
                    self.cuts += 1
                    break
        return frames(received)

    def say(self, text: str, *, cut: bool = False, kill_after: int | None = None) -> None:
        """Send a message and read its answer to the end, as the page does.

        The connection is cut again and again, and the agent killed once after so many events.
        """
        arrived: list[bytes] = []
        run, replaces, killed = _new_id(), None, 0.0
        while True:
            body: dict[str, Any] = {"prompt": text, "threadId": "t", "runId": run}
            body |= {"replaces": replaces} if replaces else {}
            if arrived:
                body = {"action": "resume", "threadId": "t", "runId": run, "after": len(arrived)}
            most = self._chance.randint(0, 450) if cut or kill_after is not None else None
            got = self.read(body, most)
            if killed and got:
                self.first_event_after_kill = time.monotonic() - killed
                killed = 0.0
            if got and got[0].startswith(b"id: 1\n"):
                arrived = []
            arrived += got
            assert [f.partition(b"\n")[0] for f in arrived] == [
                f"id: {n}".encode() for n in range(1, len(arrived) + 1)
            ]
            last = arrived[-1] if arrived else b""
            if b'"interrupted"' in last:
                arrived, run, replaces = [], _new_id(), run
            elif b'"not_found"' in last:
                arrived = []
            elif b'"RUN_FINISHED"' in last:
                return
            elif b'"RUN_ERROR"' in last:
                raise AssertionError(last)
            elif kill_after is not None and len(arrived) >= kill_after:
                kill_after = None
                self.agent.kill()
                killed = time.monotonic()
                self.start()


def undisturbed(stack: contextlib.ExitStack, folder: Path) -> list[Any]:
    person = Person(stack, folder / "undisturbed")
    for text in MESSAGES:
        person.say(text)
    return person.conversation()


def _new_id() -> str:
    return str(uuid.uuid4())


def _without_ids(message: dict[str, Any]) -> Any:
    calls = [call["function"] for call in message.get("toolCalls", [])]
    return message["role"], message["content"], message.get("error"), calls


@pytest.mark.slow
def test_a_hundred_cuts_kills_and_two_tabs_leave_the_undisturbed_conversation(tmp_path) -> None:
    """F1, F2 and F10 at once."""
    with contextlib.ExitStack() as stack:
        expected = undisturbed(stack, tmp_path)
        person = Person(stack, tmp_path / "disturbed", seed=4, SLUICE_OFFLINE_DELAY_MS="5")
        first, second, third, fourth, fifth = MESSAGES
        person.say(first, cut=True)
        person.say(second, kill_after=12)
        person.say(third, cut=True, kill_after=40)
        person.say(fourth)
        # A long one, so that it is still under way when the others come.
        _say_in_two_tabs(person, fifth)
        assert person.cuts >= 100
        assert person.conversation() == expected
        # And for whoever opens it next.
        person.agent.kill()
        person.start()
        assert person.conversation() == expected


def _say_in_two_tabs(person: Person, text: str) -> None:
    """Both send the same run at once, as a page does whose connection was cut and came back; a
    third sends another message meanwhile."""
    body = {"prompt": text, "threadId": "t", "runId": _new_id()}
    answers: list[bytes] = []
    with person.stream(body) as answer:
        pieces = answer.iter_raw()
        head = next(pieces)
        joined = threading.Thread(target=lambda: answers.append(person.post(body).content))
        joined.start()
        other = person.post({"prompt": "Count to 3", "threadId": "t"})
        assert parse(other.content)[0].code == "thread_busy"
        whole = head + b"".join(pieces)
    joined.join(10)
    assert answers == [whole]


def _suffer_a_kill(folder: Path, expected: list[Any], seed: int) -> None:
    """Kill the agent at some event of a run, and ask again in the place of what broke off."""
    with contextlib.ExitStack() as stack:
        person = Person(stack, folder / str(seed), seed, SLUICE_OFFLINE_DELAY_MS="3")
        person.say(MESSAGES[0])
        person.say(MESSAGES[1], kill_after=1 + 7 * seed % 34)
        assert person.first_event_after_kill < 5, "the next request is served within 5 s"
        assert person.conversation() == expected[:2], "no turn is stored twice"


@pytest.fixture
def expected(tmp_path) -> list[Any]:
    with contextlib.ExitStack() as stack:
        return undisturbed(stack, tmp_path)


def test_f2_an_agent_that_is_killed_loses_no_turn(tmp_path, expected) -> None:
    for seed in range(3):
        _suffer_a_kill(tmp_path, expected, seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f2_an_agent_that_is_killed_fifty_times_loses_no_turn(tmp_path, expected) -> None:
    for seed in range(50):
        _suffer_a_kill(tmp_path, expected, seed)
