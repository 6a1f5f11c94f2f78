"""T1: a thread belongs to the `sub` of the verified token, and to nobody else."""

import base64
import json

import pytest
from sluice.conversations import key
from sluice.owner import read_owner
from sluice.refusal import Refusal
from wire_support import said

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
    with pytest.raises(Refusal) as refused:
        read_owner(REFUSED[name])
    assert refused.value.code == "unauthorized"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_owner_is_the_sub_of_the_id_token(scheme: str) -> None:
    assert read_owner([f"{scheme} {token(GOOD)}"]) == "alice"


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


@pytest.mark.parametrize(
    ("owner", "thread"),
    [("../x", "t"), ("a", "../../etc/passwd"), ("a/b", "c"), (".", ".."), ("a", "x" * 256)],
)
def test_t1_no_id_leaves_its_prefix(owner: str, thread: str) -> None:
    parts = key(owner, thread).split("/")
    assert [len(part) for part in parts] == [64, 64, len("history.json")]
    assert all(set(part) <= set("0123456789abcdef") for part in parts[:2])


def test_t1_ids_that_run_together_are_kept_apart() -> None:
    pairs = [("ab", "c"), ("a", "bc"), ("a/b", "c"), ("a", "b/c"), ("A", "bc")]
    assert len({key(*pair) for pair in pairs}) == len(pairs)
