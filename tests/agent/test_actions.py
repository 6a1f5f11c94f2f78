"""What a person does with conversations: stop, list, get, rename, delete, rate, edit."""

import time
from typing import Any

import pytest
from wire_support import frames, parse, said, was_cancelled


def begin(pieces: Any, words: int = 3) -> bytes:
    """What arrives until the answer has said something."""
    head = b""
    while head.count(b"TEXT_MESSAGE_CONTENT") < words:
        head += next(pieces)
    return head


def test_a_stopped_run_keeps_what_it_said(run_agent) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="10") as client:
        body = {"prompt": "My name is Ada. Count to 10000", "threadId": "t", "runId": "r"}
        with client.stream(body) as answer:
            pieces = answer.iter_raw()
            head = begin(pieces)
            asked = time.monotonic()
            assert client.act("stop", threadId="t", runId="r") == {"runId": "r", "state": "stopped"}
            assert time.monotonic() - asked < 0.5
            events = parse(head + b"".join(pieces))
        assert was_cancelled(events)
        [run] = client.act("get", threadId="t")["runs"]
        assert (run["state"], "error" in run) == ("stopped", False)
        assert run["messages"][1]["content"] == said(events)
        assert "Ada" in client.say("What is my name?", "t")


def test_stop_answers_the_state_of_a_run_that_has_ended(run_agent, store_dead_run) -> None:
    store_dead_run("t", "dead", "hello", "Hel")
    with run_agent() as client:
        assert client.act("stop", threadId="t", runId="dead")["state"] == "interrupted"
        client.ask("hello", "t", runId="r")
        assert client.act("stop", threadId="t", runId="r")["state"] == "finished"
        assert client.act("stop", threadId="t", runId="x") == "not_found"
    with run_agent() as client:
        assert client.act("stop", threadId="t", runId="r") == {"runId": "r", "state": "finished"}


def test_a_conversation_is_given_as_it_streamed(client) -> None:
    events = client.ask("What is 25 * 4?", "t", runId="r", timeZone="Europe/Zurich")
    got = client.act("get", threadId="t")
    assert (got["threadId"], got["title"]) == ("t", "What is 25 * 4?")
    assert got["createdAt"] <= got["updatedAt"]
    [run] = got["runs"]
    assert (run["runId"], run["state"]) == ("r", "finished")
    assert run["usage"]["totalTokens"] == events[-1].usage[0].total_tokens
    roles = [message["role"] for message in run["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"]
    streamed = {e.message_id for e in events if hasattr(e, "message_id")}
    assert {message["id"] for message in run["messages"][1:]} == streamed
    assert run["messages"][2]["content"] == "Result: 100"


def test_a_live_run_is_given_as_far_as_it_is(run_agent) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="10") as client:
        body = {"prompt": "Count to 10000", "threadId": "t", "runId": "r"}
        with client.stream(body) as answer:
            begin(answer.iter_raw())
            [run] = client.act("get", threadId="t")["runs"]
            assert run["state"] == "running"
            assert "endedAt" not in run
            assert run["messages"][1]["content"].startswith("1, 2, 3")
            client.act("stop", threadId="t", runId="r")


def test_conversations_are_listed_and_named(client) -> None:
    client.ask("My name is Ada\nand more", "one")
    client.ask("thanks", "two")
    assert [t["threadId"] for t in client.act("list")["threads"]] == ["two", "one"]
    renamed = client.act("rename", threadId="one", title="All about Ada")
    assert (renamed["threadId"], renamed["title"]) == ("one", "All about Ada")
    titles = {t["threadId"]: t["title"] for t in client.act("list")["threads"]}
    assert titles == {"one": "All about Ada", "two": "thanks"}
    client.ask("hello", "one")
    assert client.act("get", threadId="one")["title"] == "All about Ada"


def test_a_deleted_conversation_is_gone(client, wire) -> None:
    body = {"prompt": "My name is Ada", "threadId": "t", "runId": "r"}
    client.post(body)
    assert client.act("delete", threadId="t") == {"threadId": "t", "deleted": True}
    assert client.act("delete", threadId="t") == {"threadId": "t", "deleted": True}
    assert client.act("get", threadId="t") == "not_found"
    assert client.act("list") == {"threads": []}
    gone = wire(client.post({"action": "resume", "threadId": "t", "runId": "r", "after": 0}))
    assert gone[0].code == "not_found", "not from memory either"
    assert "not told me" in client.say("What is my name?", "t")


def test_deleting_ends_the_run_under_way(run_agent, until) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="10") as client:
        with client.stream({"prompt": "Count to 10000", "threadId": "t"}) as answer:
            pieces = answer.iter_raw()
            head = begin(pieces)
            assert client.act("delete", threadId="t")["deleted"]
            assert was_cancelled(parse(head + b"".join(pieces)))
        until(lambda: client.ping() == "Healthy")
        assert client.act("list") == {"threads": []}


def test_an_answer_is_rated_and_the_rating_taken_back(client) -> None:
    client.ask("hello", "t", runId="r")
    for rating in ("up", "down", None):
        rated = client.act("rate", threadId="t", runId="r", rating=rating)
        assert rated == {"runId": "r", "rating": rating}
        assert client.act("get", threadId="t")["runs"][0].get("rating") == rating
    assert client.act("rate", threadId="t", runId="x", rating="up") == "not_found"


@pytest.mark.parametrize("action", ["get", "rename", "rate"])
def test_what_is_not_there_is_not_found(client, action: str) -> None:
    fields = {"threadId": "t", "title": "x", "runId": "r", "rating": "up"}
    assert client.act(action, **fields) == "not_found"


def test_an_edited_message_takes_the_place_of_all_that_followed(client) -> None:
    client.ask("My name is Ada", "t", runId="a")
    client.ask("My name is Bob", "t", runId="b")
    client.ask("My name is Cid", "t", runId="c")
    client.ask("My name is Dan", "t", runId="d", replaces="b")
    got = client.act("get", threadId="t")
    assert [run["runId"] for run in got["runs"]] == ["a", "d"]
    assert client.say("What is my name?", "t").startswith("Your name is Dan")
    client.ask("What is my name?", "t", runId="e", replaces="d")
    [*_, last] = client.act("get", threadId="t")["runs"]
    assert last["messages"][1]["content"].startswith("Your name is Ada")


def test_replacing_what_is_not_there_changes_nothing(client) -> None:
    client.ask("My name is Ada", "t", runId="a")
    assert "Ada" in said(client.ask("What is my name?", "t", runId="b", replaces="x"))
    assert len(client.act("get", threadId="t")["runs"]) == 2


def test_a_failed_run_keeps_the_message_and_can_be_asked_again(run_agent) -> None:
    nowhere = {"SLUICE_MODEL": "ollama", "SLUICE_MODEL_URL": "http://127.0.0.1:9"}
    with run_agent(**nowhere) as client:
        failed = client.ask("My name is Ada", "t", runId="r")
        assert failed[-1].code == "model_unavailable"
        [run] = client.act("get", threadId="t")["runs"]
    assert (run["state"], run["error"]["code"]) == ("failed", "model_unavailable")
    assert run["messages"][0]["content"] == "My name is Ada"
    with run_agent() as client:
        assert "not told me" in client.say("What is my name?", "t"), "it was never answered"
        client.ask("My name is Ada", "t", runId="r2", replaces="r")
        assert len(client.act("get", threadId="t")["runs"]) == 1


def test_what_was_cut_from_a_stream_is_in_the_conversation(client) -> None:
    with client.stream({"prompt": "hello", "threadId": "t", "runId": "r"}) as answer:
        whole = frames(b"".join(answer.iter_raw()))
    text = "".join(e.delta for e in parse(b"\n\n".join(whole)) if hasattr(e, "delta"))
    assert client.act("get", threadId="t")["runs"][0]["messages"][1]["content"] == text
