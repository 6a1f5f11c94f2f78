"""T9: bodies that are too large, malformed, deep or of the wrong type are refused by name."""

import json

import pytest
from sluice.body import BodyGuard
from starlette.types import Message, Receive, Scope, Send


def messages(*content: object) -> dict[str, object]:
    given = [{"id": "m", "role": "user", "content": part} for part in content]
    return {"threadId": "t", "runId": "r", "messages": given}


REFUSED = {
    "nothing": (b"", "not JSON"),
    "not JSON": (b'{"prompt": ', "not JSON"),
    "not UTF-8": (b'{"prompt": "\xff"}', "not JSON"),
    "too deep": (b"[" * 60_000, "nested too deeply"),
    "a number of 60,000 digits": (b'{"prompt": ' + b"9" * 60_000 + b"}", "not JSON"),
    "larger than 64 KiB": (b'{"prompt": "' + b"x" * 65_536 + b'"}', "larger than 64 KiB"),
    "null": (b"null", "must be a JSON object, not null"),
    "a list": (b"[]", "must be a JSON object, not a list"),
    "a string": (b'"hello"', "must be a JSON object, not a string"),
    "a number": (b"7", "must be a JSON object, not a number"),
    "an empty object": (b"{}", "it has none of them"),
    "two kinds at once": (b'{"prompt": "a", "action": "warm"}', "it has `action` and `prompt`"),
    "prompt null": (b'{"prompt": null}', "`prompt` must be a string, not null"),
    "prompt a list": (b'{"prompt": ["a"]}', "`prompt` must be a string, not a list"),
    "prompt a boolean": (b'{"prompt": true}', "`prompt` must be a string, not a boolean"),
    "prompt empty": (b'{"prompt": ""}', "`prompt` is empty"),
    "prompt blank": (b'{"prompt": " \\n\\t"}', "`prompt` is empty"),
    "prompt half a pair": (b'{"prompt": "\\ud800"}', "`prompt` holds half of a surrogate pair"),
    "thread id a number": (b'{"prompt": "a", "threadId": 1}', "`threadId` must be a string"),
    "thread id empty": (b'{"prompt": "a", "threadId": ""}', "`threadId` must be 1 to 256"),
    "thread id with a space": (b'{"prompt": "a", "threadId": "a b"}', "`threadId` must be 1"),
    "thread id with a newline": (b'{"prompt": "a", "threadId": "a\\n"}', "`threadId` must be 1"),
    "thread id not ASCII": ('{"prompt": "a", "threadId": "é"}'.encode(), "`threadId` must be 1"),
    "thread id too long": (
        json.dumps({"prompt": "a", "threadId": "t" * 257}).encode(),
        "`threadId` must be 1 to 256",
    ),
    "run id an object": (
        b'{"prompt": "a", "runId": {}}',
        "`runId` must be a string, not an object",
    ),
    "no ids": (b'{"messages": []}', "`threadId` must be a string, not null"),
    "messages null": (
        b'{"threadId": "t", "runId": "r", "messages": null}',
        "`messages` must be a list, not null",
    ),
    "no messages": (json.dumps(messages()).encode(), "whose `role` is `user`"),
    "a message null": (
        b'{"threadId": "t", "runId": "r", "messages": [null]}',
        "`messages[0]` must be an object, not null",
    ),
    "content a number": (
        json.dumps(messages("a", 5)).encode(),
        "`messages[1].content` must be a string, not a number",
    ),
    "content blank": (json.dumps(messages(" ")).encode(), "`messages[0].content` is empty"),
    "an image": (
        json.dumps(messages([{"type": "image", "source": {}}])).encode(),
        "`messages[0].content[0].type` must be `text`",
    ),
    "a part null": (
        json.dumps(messages([None])).encode(),
        "`messages[0].content[0]` must be an object, not null",
    ),
    "a text part without text": (
        json.dumps(messages([{"type": "text"}])).encode(),
        "`messages[0].content[0].text` must be a string, not null",
    ),
    "an unknown action": (b'{"action": "fly"}', "`action` must be one of warm, resume"),
    "an action null": (b'{"action": null}', "`action` must be a string, not null"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_t9_a_bad_body_is_refused_by_name(client, wire, name: str) -> None:
    body, said = REFUSED[name]
    answer = client.post(body)
    events = wire(answer)
    assert answer.status_code == 200, "any other status would reach the person as 424"
    assert (events[0].code, len(events)) == ("bad_request", 1)
    assert said in events[0].message


def test_a_body_of_exactly_64_kib_is_read(run_agent, wire) -> None:
    body = b'{"prompt": "hello' + b" " * (65_536 - 19) + b'"}'
    assert len(body) == 65_536
    with run_agent(SLUICE_MAX_PROMPT="70000") as client:
        assert wire(client.post(body))[-1].type.value == "RUN_FINISHED"


@pytest.mark.anyio
async def test_a_body_without_an_end_is_read_no_further_than_the_cap() -> None:
    read = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal read
        read += 1024
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    async def unreached(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the SDK must not see it")

    scope = {"type": "http", "path": "/invocations", "method": "POST"}
    await BodyGuard(unreached)(scope, receive, send)
    assert b"larger than 64 KiB" in sent[1]["body"]
    assert read <= 65_536 + 1024


def test_a_long_prompt_is_told_both_lengths(run_agent, wire) -> None:
    with run_agent(SLUICE_MAX_PROMPT="10") as client:
        assert wire(client.post({"prompt": "x" * 10}))[-1].type.value == "RUN_FINISHED"
        refused = wire(client.post({"prompt": "x" * 11}))[0]
    assert refused.code == "prompt_too_long"
    assert "11 characters" in refused.message
    assert "at most 10" in refused.message
