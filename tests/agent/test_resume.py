"""A run outlives its connections: it is resumed from any event, and told again when it is over."""

import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from wire_support import frames, make_token, said

QUESTION = "What is 25 * 4? Show your work."


def resume(run: str, after: int, thread: str = "t") -> dict[str, Any]:
    return {"action": "resume", "threadId": thread, "runId": run, "after": after}


def read_some(client: Any, body: Any, size: int) -> bytes:
    """What arrives until about `size` bytes are there; then the connection is cut."""
    received = b""
    with client.stream(body) as answer:
        for piece in answer.iter_raw(64):
            received += piece
            if len(received) >= size:
                break
    return received


def send_and_go(client: Any, body: bytes) -> None:
    """Send a request and cut the connection before anything arrives."""
    address = urlsplit(client.url)
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer {make_token()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as sock:
        sock.sendall(head.encode() + body)


@pytest.mark.slow
def test_f1_a_run_whose_client_goes_again_and_again_arrives_whole(run_agent, wire) -> None:
    """F1, 100 times: cut before, between and in the middle of events."""

    def suffer(client: Any, number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        body = {"prompt": QUESTION, "threadId": f"t{number}", "runId": "r"}
        arrived: list[bytes] = []
        if number % 4 == 0:
            send_and_go(
                client,
                f'{{"prompt": "{QUESTION}", "threadId": "t{number}", "runId": "r"}}'.encode(),
            )
        while not arrived or b'"RUN_FINISHED"' not in arrived[-1]:
            again = resume("r", len(arrived), f"t{number}") if arrived else body
            arrived += frames(read_some(client, again, chance.randint(0, 2500)))
            assert not arrived or b'"RUN_ERROR"' not in arrived[-1], arrived[-1]
        whole = client.post(body).content
        assert arrived == frames(whole), "every event once, in order"
        assert "25 * 4 = 100" in said(wire(whole))
        [run] = client.act("get", threadId=f"t{number}")["runs"]
        assert run["state"] == "finished"

    with run_agent(
        SLUICE_OFFLINE_DELAY_MS="1", SLUICE_MAX_CONCURRENT_RUNS_PER_USER="100"
    ) as client:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: suffer(client, number), range(100)))
        assert len(client.act("list")["threads"]) == 100


def test_f1_a_run_that_nobody_reads_finishes_and_is_stored(run_agent, until) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="2") as client:
        read_some(client, {"prompt": "My lucky number is 12", "threadId": "t"}, 1)
        until(lambda: client.ping() == "Healthy")
        assert "12" in client.say("What is my lucky number?", "t")


def test_several_readers_resume_one_live_run_from_where_each_is(run_agent) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="3") as client:
        body = {"prompt": "Count to 60", "threadId": "t", "runId": "r"}
        with client.stream(body) as first:
            pieces = first.iter_raw()
            head = b""
            while len(frames(head)) < 5:
                head += next(pieces)
            with ThreadPoolExecutor(3) as pool:
                tails = list(pool.map(lambda n: client.post(resume("r", n)).content, (0, 1, 5)))
            whole = frames(head + b"".join(pieces))
    assert [frames(tail) for tail in tails] == [whole, whole[1:], whole[5:]]


def test_a_resume_after_the_last_event_is_empty(client) -> None:
    count = len(client.ask("hello", "t", runId="r"))
    answer = client.post(resume("r", count))
    assert (answer.headers["content-type"], answer.content) == (
        "text/event-stream; charset=utf-8",
        b"",
    )


@pytest.mark.parametrize("after", [0, 3])
def test_a_run_of_an_earlier_process_is_told_whole_from_its_first_event(
    run_agent, wire, after: int
) -> None:
    with run_agent() as client:
        live = client.ask(QUESTION, "t", runId="r")
    with run_agent() as client:
        told = wire(client.post(resume("r", after)))
    assert (told[0], told[-1]) == (live[0], live[-1])
    assert said(told) == said(live)
    assert len(told) < len(live), "each message in one piece"
    assert [e.content for e in told if hasattr(e, "content")] == ["Result: 100"]


def test_the_parent_run_of_a_client_is_told_live_again_and_in_the_history(run_agent, wire) -> None:
    body = {"threadId": "t", "runId": "r", "parentRunId": "p", "protocolVersion": "1.0"}
    body["messages"] = [{"id": "m", "role": "user", "content": "Hello"}]
    with run_agent() as client:
        live = wire(client.post(body))
        [run] = client.act("get", threadId="t")["runs"]
    with run_agent() as client:
        told = wire(client.post(resume("r", 0)))
    assert [live[0].parent_run_id, told[0].parent_run_id, run["parentRunId"]] == ["p"] * 3


def test_a_run_id_means_one_run_for_ever(run_agent, wire) -> None:
    body = {"prompt": QUESTION, "threadId": "t", "runId": "r"}
    with run_agent() as client:
        first = client.post(body).content
        assert client.post(body).content == first, "from memory, as it was"
        stored = client.act("get", threadId="t")
    with run_agent() as client:
        assert said(wire(client.post(body))) == said(wire(first))
        assert client.act("get", threadId="t") == stored, "nothing is asked or stored twice"


@pytest.mark.parametrize(("after", "ids"), [(7, [8]), (0, [1, 2, 3, 4, 5])])
def test_f2_a_run_whose_process_died_ends_as_interrupted(
    client, store_dead_run, wire_after, after: int, ids: list[int]
) -> None:
    store_dead_run("t", "r", "My name is Ada", "Nice to m")
    events = wire_after(client.post(resume("r", after)), after if after else 0)
    assert len(events) == len(ids)
    assert events[-1].code == "interrupted"
    assert said(events) == ("" if after else "Nice to m")
    [run] = client.act("get", threadId="t")["runs"]
    assert (run["state"], run["error"]["code"]) == ("interrupted", "interrupted")
    assert run["endedAt"] > run["startedAt"]


def test_f2_a_message_closes_what_died_and_knows_what_was_said(client, store_dead_run) -> None:
    store_dead_run("t", "r", "My name is Ada", "Nice to m")
    assert "Ada" in client.say("What is my name?", "t")
    states = [run["state"] for run in client.act("get", threadId="t")["runs"]]
    assert states == ["interrupted", "finished"]


def test_f2_the_message_of_a_run_that_died_is_told_its_end(client, store_dead_run, wire) -> None:
    store_dead_run("t", "r", "hello", "Hel")
    events = wire(client.post({"prompt": "hello", "threadId": "t", "runId": "r"}))
    assert (said(events), events[-1].code) == ("Hel", "interrupted")


@pytest.mark.parametrize(("thread", "run"), [("t", "other"), ("other", "r")])
def test_a_run_that_is_not_there_is_not_found(client, wire, thread: str, run: str) -> None:
    client.ask("hello", "t", runId="r")
    [event] = wire(client.post(resume(run, 0, thread)))
    assert event.code == "not_found"


def test_f10_two_tabs_on_one_thread(run_agent, wire) -> None:
    """F10: the second is refused while the first is answered, and both can go on afterwards."""
    with run_agent(SLUICE_OFFLINE_DELAY_MS="3") as client:
        with client.stream({"prompt": "Count to 60", "threadId": "t", "runId": "a"}) as first:
            pieces = first.iter_raw()
            next(pieces)
            other = {"prompt": "My name is Ada", "threadId": "t", "runId": "b"}
            assert wire(client.post(other))[0].code == "thread_busy"
            both: list[bytes] = []
            tab = threading.Thread(target=lambda: both.append(client.post(resume("a", 0)).content))
            tab.start()
            list(pieces)
            tab.join(10)
        assert wire(both[0])[-1].type.value == "RUN_FINISHED"
        assert wire(client.post(other))[-1].type.value == "RUN_FINISHED"
        assert "Ada" in client.say("What is my name?", "t")
        assert [run["runId"] for run in client.act("get", threadId="t")["runs"]][:2] == ["a", "b"]
