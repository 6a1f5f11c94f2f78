"""Conversations outlive the process, and no fault of their store stops an answer (F9)."""

from typing import Any

import pytest
from store_fake import threads_only
from wire_support import said


def test_a_follow_up_works_on_the_last_result(client) -> None:
    client.ask("What is 25 * 4?")
    assert "100 / 10 = 10" in client.say("Now divide that by 10")
    assert "10 + 5 = 15" in client.say("Add 5")


def test_a_thread_survives_the_process(run_agent) -> None:
    with run_agent() as client:
        client.ask("My lucky number is 12")
        client.ask("What is 25 * 4?")
    with run_agent() as client:
        assert client.say("What is my lucky number?") == "Your lucky number is 12."
        assert "100 / 10 = 10" in client.say("Now divide that by 10")
        assert "not told me" in client.say("What is my lucky number?", "another-thread")


def test_the_start_of_a_run_is_stored_before_its_end(run_agent, folder, until) -> None:
    """What a process that dies leaves behind."""
    body = {"prompt": "My name is Ada. Count to 10000", "threadId": "t"}
    with run_agent(SLUICE_OFFLINE_DELAY_MS="10") as client, client.stream(body):
        until(lambda: any(b"running" in f.read_bytes() for f in folder.rglob("threads/*.json")))
        client.act("delete", threadId="t")


def notices(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.type.value == "CUSTOM"]


def test_f9_an_answer_that_cannot_be_saved_arrives_says_so_and_is_saved_later(
    run_agent, faulty
) -> None:
    with run_agent() as client:
        faulty.fails = threads_only("write")
        events = client.ask("My name is Ada", "t", runId="a")
        assert (notices(events), events[-1].type.value) == (["storage_unavailable"], "RUN_FINISHED")
        assert "Ada" in client.say("What is my name?", "t"), "it is remembered all the same"
        assert client.act("get", threadId="t")["runs"][0]["runId"] == "a"
        faulty.fails = lambda *_: False
        assert notices(client.ask("thanks", "t")) == []
    with run_agent() as client:
        runs = client.act("get", threadId="t")["runs"]
        assert [run["state"] for run in runs] == ["finished"] * 3, "the next run repaired it"


def test_f9_a_store_that_is_full(run_agent, tmp_path) -> None:
    """A folder that cannot be written, as one on a full disk."""
    (tmp_path / "file").write_text("not a folder")
    with run_agent(SLUICE_CONVERSATIONS=str(tmp_path / "file" / "below")) as client:
        events = client.ask("What is 25 * 4?")
    assert "storage_unavailable" in notices(events)
    assert any(getattr(event, "content", "") == "Result: 100" for event in events)
    assert events[-1].type.value == "RUN_FINISHED"


def test_f9_a_thread_that_cannot_be_read_is_said_and_saved_when_it_can(run_agent, faulty) -> None:
    with run_agent() as client:
        client.ask("My name is Ada", "t", runId="a")
        faulty.fails = threads_only("read")
        events = client.ask("What is my name?", "t", runId="b")
        assert "not told me" in said(events), "it does not know the earlier messages"
        assert set(notices(events)) == {"storage_unavailable"}
        assert client.act("get", threadId="t") == "internal_error"
        faulty.fails = lambda *_: False
        assert [run["runId"] for run in client.act("get", threadId="t")["runs"]] == ["a", "b"]


@pytest.mark.parametrize("damage", [b"{", b"{}", b"[]", b'{"format": 99}', b""])
def test_f9_a_damaged_thread_is_said_and_never_written_over(client, folder, damage: bytes) -> None:
    client.ask("hello", "t")
    [path] = folder.rglob("threads/*.json")
    path.write_bytes(damage)
    events = client.ask("thanks", "t")
    assert "storage_unavailable" in notices(events)
    assert events[-1].type.value == "RUN_FINISHED"
    assert path.read_bytes() == damage


def test_f9_a_slow_read_delays_the_own_first_word_alone(run_agent, faulty, until) -> None:
    with run_agent() as client:
        client.ask("hello", "other")
        faulty.calls.clear()
        faulty.hangs = threads_only("read")
        with client.stream({"prompt": "hello", "threadId": "t"}) as answer:
            pieces = answer.iter_raw()
            assert b"RUN_STARTED" in next(pieces)
            until(lambda: any(threads_only("read")(*call) for call in list(faulty.calls)))
            assert client.ping() == "HealthyBusy"
            faulty.hangs = lambda *_: False
            rest = b"".join(pieces)
    assert b"storage_unavailable" in rest
    assert b"RUN_FINISHED" in rest


def test_f9_a_slow_write_delays_no_word(run_agent, faulty) -> None:
    """The first save hangs: the answer streams to its end, and only the terminal event waits."""
    with run_agent() as client:
        faulty.hangs = threads_only("write")
        with client.stream({"prompt": "thanks", "threadId": "t"}) as answer:
            pieces, head = answer.iter_raw(), b""
            while b"TEXT_MESSAGE_END" not in head:
                head += next(pieces)
            assert b"RUN_FINISHED" not in head
            faulty.hangs = lambda *_: False
            rest = b"".join(pieces)
        assert b"storage_unavailable" not in rest, "the last save succeeded"
        assert b"RUN_FINISHED" in rest
        assert client.act("get", threadId="t")["runs"][0]["state"] == "finished"


def test_f9_accounts_that_cannot_be_kept_stop_nothing(run_agent, faulty) -> None:
    faulty.fails = lambda _operation, key: key.endswith("account.json")
    with run_agent() as client:
        events = client.ask("hello", "t")
    assert (notices(events), events[-1].type.value) == ([], "RUN_FINISHED")


def test_a_full_thread_refuses_the_next_message(run_agent, monkeypatch) -> None:
    monkeypatch.setattr("sluice.threads.thread_store.MAX_BYTES", 3_000)
    with run_agent() as client:
        client.ask("hello", "t", runId="a")
        refused = client.ask("x" * 2_900, "t", runId="b")
        assert refused[-1].code == "thread_full"
        assert [run["runId"] for run in client.act("get", threadId="t")["runs"]] == ["a"]
        assert client.ask("thanks", "t")[-1].type.value == "RUN_FINISHED"


def test_a_long_conversation_is_answered_and_told_to_be_trimmed(run_agent) -> None:
    with run_agent(SLUICE_MAX_CONTEXT="1000") as client:
        for number in range(6):
            events = client.ask(f"My number is {number}. " + "x" * 900, "t")
        assert notices(events) == ["context_trimmed"]
        assert "5" in client.say("What is my number?", "t")
        assert len(client.act("get", threadId="t")["runs"]) == 7
