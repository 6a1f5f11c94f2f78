"""A thread belongs to the `sub` of the verified token, and to nobody else (T1, T10); what a person
may use is limited in the agent itself (T2, T6); and nothing of it all is logged (T8).
"""

import base64
import json
import threading
from typing import Any

import httpx
import pytest
from agent_process import start_agent
from sluice.auth.owner import read_person
from sluice.service_error import ServiceError
from wire_support import make_token, parse, said

CANARY = "CANARY-7f3a"


def token(payload: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{encoded}.c2ln"


GOOD = {"sub": "alice", "token_use": "id"}

REFUSED = {
    "no header": [],
    "T10 two headers": [f"Bearer {token(GOOD)}", f"Bearer {token(GOOD)}"],
    "another scheme": [f"Basic {token(GOOD)}"],
    "no token": ["Bearer "],
    "not a JWT": ["Bearer abc"],
    "not base64": ["Bearer a.!!!.c"],
    "not JSON": ["Bearer a.YWJj.c"],
    "not an object": [f"Bearer {token([1])}"],
    "nested too deeply": ["Bearer a." + base64.b64encode(b"[" * 30_000).decode() + ".c"],
    "T3 an access token": [f"Bearer {token(GOOD | {'token_use': 'access'})}"],
    "no token_use": [f"Bearer {token({'sub': 'alice'})}"],
    "no sub": [f"Bearer {token({'token_use': 'id'})}"],
    "an empty sub": [f"Bearer {token(GOOD | {'sub': ''})}"],
    "a sub of another type": [f"Bearer {token(GOOD | {'sub': ['alice']})}"],
    "a sub that is too long": [f"Bearer {token(GOOD | {'sub': 'a' * 257})}"],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_names_nobody_is_refused(name: str) -> None:
    with pytest.raises(ServiceError) as refused:
        read_person(REFUSED[name])
    assert refused.value.code == "unauthorized"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_owner_is_the_sub_of_the_id_token(scheme: str) -> None:
    person = read_person([f"{scheme} {token(GOOD)}"])
    assert (person.owner, person.token) == ("alice", token(GOOD))
    assert token(GOOD) not in repr(person)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer abc"}])
def test_a_request_without_an_owner_starts_nothing(client, wire, headers, folder) -> None:
    answer = client.http.post(f"{client.url}/invocations", json={"prompt": "a"}, headers=headers)
    events = wire(answer)
    assert (events[0].code, len(events)) == ("unauthorized", 1)
    assert not folder.exists()


def test_t10_a_second_authorization_header_is_refused(client, wire) -> None:
    headers = [("Authorization", f"Bearer {token(GOOD)}"), ("authorization", "Bearer x")]
    answer = client.http.post(f"{client.url}/invocations", json={"prompt": "a"}, headers=headers)
    assert wire(answer)[0].code == "unauthorized"


def test_t1_anothers_thread_id_opens_an_empty_thread(client, wire) -> None:
    client.ask(f"My secret is {CANARY}", "shared-id", "alice")

    answer = client.post({"prompt": "What is my secret?", "threadId": "shared-id"}, "bob")

    assert CANARY.encode() not in answer.content
    assert "You have not told me your secret" in said(wire(answer))
    assert CANARY in client.say("What is my secret?", "shared-id", "alice")


def test_no_field_of_the_body_names_an_owner(client) -> None:
    client.ask(f"My secret is {CANARY}", "t", "alice")
    body = {"prompt": "What is my secret?", "threadId": "t", "owner": "alice", "sub": "alice"}
    assert CANARY.encode() not in client.post(body, "bob").content


ACTIONS: dict[str, dict[str, Any]] = {
    "message": {"prompt": "What is my secret?", "threadId": "shared", "runId": "b-run"},
    "the same run": {"prompt": "What is my secret?", "threadId": "shared", "runId": "a-run"},
    "an edit": {"prompt": "Hi", "threadId": "shared", "runId": "b-run", "replaces": "a-run"},
    "resume": {"action": "resume", "threadId": "shared", "runId": "a-run", "after": 0},
    "stop": {"action": "stop", "threadId": "shared", "runId": "a-run"},
    "list": {"action": "list"},
    "search": {"action": "search", "query": "secret"},
    "get": {"action": "get", "threadId": "shared"},
    "rename": {"action": "rename", "threadId": "shared", "title": "mine"},
    "delete": {"action": "delete", "threadId": "shared"},
    "rate": {"action": "rate", "threadId": "shared", "runId": "a-run", "rating": "down"},
}


@pytest.mark.parametrize("name", ACTIONS)
def test_t1_nothing_that_another_asks_for_with_her_ids_shows_or_changes_hers(
    run_agent, name: str
) -> None:
    """T1: B has A's ids, while A's run is under way and when it has ended."""
    with run_agent(SLUICE_OFFLINE_DELAY_MS="3") as client:
        body = {"prompt": f"My secret is {CANARY}", "threadId": "shared", "runId": "a-run"}
        with client.stream(body) as answer:
            pieces = answer.iter_raw()
            head = next(pieces)
            live = client.post(ACTIONS[name], "bob")
            events = parse(head + b"".join(pieces))
        assert events[-1].type.value == "RUN_FINISHED", "B cannot stop it"
        before = client.act("get", threadId="shared")
        ended = client.post(ACTIONS[name], "bob")
        assert CANARY.encode() not in live.content + ended.content
        assert client.act("get", threadId="shared") == before
    with run_agent() as client:
        assert CANARY.encode() not in client.post(ACTIONS[name], "bob").content
        assert client.act("get", threadId="shared") == before


@pytest.mark.parametrize("name", ["resume", "stop", "get", "rename", "rate"])
def test_t1_what_is_hers_is_not_found_and_asks_no_model(run_agent, monkeypatch, name: str) -> None:
    with run_agent() as client:
        client.ask("hello", "shared", runId="a-run")
        runner = client.app.state.service._loader._runner.result()
        monkeypatch.setattr(runner, "answer", None)
        assert b"not_found" in client.post(ACTIONS[name], "bob").content


def test_t2_t6_one_run_too_many_is_refused_and_the_next_is_not(run_agent) -> None:
    """T6, asked straight at the runtime (T2): no gateway counts."""
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5", SLUICE_MAX_CONCURRENT_RUNS_PER_USER="2") as client:
        ready, done = threading.Barrier(3), threading.Event()

        def hold(thread: str) -> None:
            with client.stream({"prompt": "Count to 10000", "threadId": thread}) as answer:
                pieces = answer.iter_raw()
                head = b""
                while b"CONTENT" not in head:
                    head += next(pieces)
                ready.wait(10)
                done.wait(10)

        holders = [threading.Thread(target=hold, args=(name,)) for name in ("one", "two")]
        for holder in holders:
            holder.start()
        ready.wait(10)
        refused = client.ask("hello", "three", runId="r")
        assert refused[-1].code == "too_many_runs"
        assert "2" in refused[-1].message
        assert client.act("get", threadId="three") == "not_found", "it is not stored"
        assert client.ask("hello", "theirs", "bob")[-1].type.value == "RUN_FINISHED"
        done.set()
        for holder in holders:
            holder.join(10)
        client.act("delete", threadId="one")
        again = client.ask("hello", "three", runId="r")
        assert again[-1].type.value == "RUN_FINISHED", "a refusal is not kept under its id"
        client.act("delete", threadId="two")


def test_t2_t6_the_tokens_of_a_day_outlive_the_process(run_agent) -> None:
    limit = {"SLUICE_DAILY_TOKENS_PER_USER": "1"}
    with run_agent(**limit) as client:
        assert client.ask("hello")[-1].type.value == "RUN_FINISHED"
    with run_agent(**limit) as client:
        assert client.ask("hello")[-1].code == "daily_limit"
        assert client.ask("hello", owner="bob")[-1].type.value == "RUN_FINISHED"


def test_t2_t6_the_limits_of_a_run_hold_at_the_runtime(run_agent) -> None:
    with run_agent(SLUICE_MAX_TURNS="2", SLUICE_MAX_PROMPT="100") as client:
        assert client.ask("Calculate for ever")[-1].code == "run_limit"
        assert client.ask("x" * 101)[-1].code == "prompt_too_long"


def test_t8_no_log_line_holds_a_prompt_a_title_a_token_or_an_answer(folder, tmp_path) -> None:
    """T8, of every action, those that are refused too."""
    log = tmp_path / "log"
    secret = make_token(CANARY)
    with start_agent(folder, log) as agent, httpx.Client(timeout=20, trust_env=False) as http:
        for token, kept in ((secret, "t"), (CANARY, "t")):
            for body in (
                {"prompt": f"My secret is {CANARY}", "threadId": kept, "runId": "r"},
                {"prompt": f"{CANARY} 1/0 +", "threadId": kept, "timeZone": CANARY},
                *(fields | {"threadId": kept, "title": CANARY} for fields in ACTIONS.values()),
                {"action": CANARY},
                {"action": "resume", "threadId": kept, "runId": "r", "after": CANARY},
            ):
                http.post(
                    f"{agent.url}/invocations",
                    json=body,
                    headers={"Authorization": f"Bearer {token}"},
                )
        agent.child.terminate()
        assert agent.child.wait(10) == 0
    logged = log.read_text()
    assert '"message": "run ended"' in logged
    assert '"message": "request refused"' in logged
    assert CANARY not in logged
    assert secret not in logged
    assert all(json.loads(line)["level"] for line in logged.splitlines())
