"""Every documented answer, through sign-in, gateway, runtime and agent."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from ag_ui.core import Event as AgUiEvent
from e2e_stack import ROOT, RunningStack, events_of, text_of
from pydantic import TypeAdapter

from local.pool import PoolStore

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
EVENT: TypeAdapter[Any] = TypeAdapter(AgUiEvent)

# events/NAME.json -> the status, and words that the answer has to hold.
ANSWERS: dict[str, tuple[int, str]] = {
    "action-unknown": (400, "action"),
    "after-negative": (400, "after"),
    "context-wrong-type": (200, "context[0].value"),
    "empty": (400, "properties"),
    "file-unknown": (200, '"code":"not_found"'),
    "get-unknown": (200, '"code":"not_found"'),
    "messages-wrong-type": (400, "messages"),
    "no-question": (200, '"code":"bad_request"'),
    "no-user-message": (200, '"code":"bad_request"'),
    "prompt": (200, "RUN_FINISHED"),
    "prompt-empty": (400, "prompt"),
    "prompt-in-thread": (200, "3f0a9c1e-5b7d-4c2a-9e8f-1a2b3c4d5e6f"),
    "prompt-too-long": (400, "prompt"),
    "prompt-wrong-type": (400, "prompt"),
    "query-empty": (200, '"code":"bad_request"'),
    "rating-unknown": (200, '"code":"bad_request"'),
    "run-agent-input": (200, "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"),
    "title-empty": (200, '"code":"bad_request"'),
    "warm": (200, '"warm"'),
    "zone-wrong-type": (400, "timeZone"),
}

# The same for what is asked of one conversation, one after the other.
CONVERSATION = (
    ("run-agent-input", "RUN_FINISHED"),
    ("list", "7c1d2e3f-4a5b-4c6d-8e9f-0a1b2c3d4e5f"),
    ("get", '"state":"finished"'),
    ("search", '{"threadId":"7c1d2e3f-4a5b-4c6d-8e9f-0a1b2c3d4e5f","excerpt":"'),
    ("rate", '"rating":"up"'),
    ("rename", '"title":"Counting"'),
    ("resume", "RUN_FINISHED"),
    ("stop", '"state":"finished"'),
    ("prompt-replacing", "RUN_FINISHED"),
    ("delete", '"deleted":true'),
    ("get", '"code":"not_found"'),
)


def test_every_sample_request_has_its_answer_here() -> None:
    samples = {path.stem for path in (ROOT / "events").iterdir()}
    assert samples == {*ANSWERS, *(name for name, _ in CONVERSATION)}


@pytest.fixture(scope="module")
def session() -> dict[str, str]:
    """One session for whoever does not care which: each new one costs a process of the agent."""
    return {SESSION: str(uuid.uuid4())}


def post_sample(
    name: str, stack: RunningStack, token: str, session: dict[str, str]
) -> httpx.Response:
    answer = httpx.post(
        stack.chat_url,
        content=(ROOT / "events" / f"{name}.json").read_bytes(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **session,
        },
        timeout=30,
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer


@pytest.mark.parametrize("name", ANSWERS)
def test_a_sample_request_gets_its_documented_answer(
    name: str, stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    status, words = ANSWERS[name]
    answer = post_sample(name, stack, token, session)
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_the_sample_requests_of_a_conversation_get_their_documented_answers(
    stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    for name, words in CONVERSATION:
        answer = post_sample(name, stack, token, session)
        assert answer.status_code == 200, (name, answer.text)
        assert words in answer.text, name


def test_the_tutorials_question_is_calculated_and_answered_in_pieces(
    stack: RunningStack, token: str
) -> None:
    """Without a session of its own, as the tutorial's curl asks."""
    events = stack.ask({"prompt": "What is 25 * 4? Show your work."}, token)
    types = [event["type"] for event in events]
    assert types[0] == "RUN_STARTED"
    assert types[-1] == "RUN_FINISHED"
    call = next(event for event in events if event["type"] == "TOOL_CALL_START")
    result = next(event for event in events if event["type"] == "TOOL_CALL_RESULT")
    assert call["toolCallName"] == "calculator"
    assert call["toolCallId"] == result["toolCallId"]
    assert "100" in result["content"]
    assert "100" in text_of(events)
    assert types.count("TEXT_MESSAGE_CONTENT") > 2


def test_every_event_is_one_of_ag_ui(
    stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    for prompt in ("What is 25 * 4?", "Show me a markdown page", "What can you do?"):
        for event in stack.ask({"prompt": prompt}, token, **session):
            EVENT.validate_python(event)


def test_a_thread_remembers(stack: RunningStack, token: str) -> None:
    thread = str(uuid.uuid4())
    for prompt, words in [
        ("What is 25 * 4?", "100"),
        ("Now divide that by 10", "10"),
        ("My lucky number is 12", ""),
        ("What is my lucky number?", "12"),
    ]:
        events = stack.ask({"threadId": thread, "prompt": prompt}, token, **{SESSION: thread})
        assert words in text_of(events)


def test_a_thread_remembers_in_another_session_too(
    stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    """A session is a process, a conversation is not: it lives in storage."""
    thread = str(uuid.uuid4())
    stack.ask({"threadId": thread, "prompt": "My lucky number is 12"}, token, **session)
    events = stack.ask({"threadId": thread, "prompt": "What is my lucky number?"}, token)
    assert "12" in text_of(events)


def test_another_persons_thread_is_an_empty_one_t1(stack: RunningStack, token: str) -> None:
    PoolStore(stack.state / "pool").ensure_user("other@example.com", "Other-1234")
    other = stack.tokens("other@example.com", "Other-1234")["id_token"]
    thread = str(uuid.uuid4())
    session = {SESSION: thread}
    stack.ask({"threadId": thread, "prompt": "My lucky number is 8128"}, token, **session)
    ask = {"threadId": thread, "prompt": "What is my lucky number?"}
    assert "8128" not in text_of(stack.ask(ask, other, **session))
    assert "8128" in text_of(stack.ask(ask, token, **session))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_only_an_id_token_opens_the_gate_t3(kind: str, stack: RunningStack) -> None:
    wrong = stack.tokens().get(kind, "")
    answer = httpx.post(
        stack.chat_url, json={"prompt": "Hello"}, headers={"Authorization": f"Bearer {wrong}"}
    )
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"


def test_no_token_is_a_401_that_browsers_can_read(stack: RunningStack) -> None:
    answer = httpx.post(stack.chat_url, json={"prompt": "Hello"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_runtime_cannot_be_called_around_the_gate_without_a_token_t2(
    stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    url = stack.outputs["RuntimeUrl"]
    assert httpx.post(url, json={"prompt": "Hello"}).status_code == 401
    signed = {"Authorization": f"Bearer {token}", **session}
    answer = httpx.post(url, json={"prompt": 42}, headers=signed)
    assert events_of(answer.text)[-1]["code"] == "bad_request"


def test_no_prompt_and_no_token_is_in_the_log_t8(
    stack: RunningStack, token: str, session: dict[str, str]
) -> None:
    canary = "canary-6d1f"
    stack.ask({"prompt": f"Repeat after me: {canary}"}, token, **session)
    before = len(stack.lines)
    httpx.post(stack.chat_url, json={"prompt": [canary]}, headers={"Authorization": token})
    stack.wait_for("BAD_REQUEST_BODY", after=before)
    log = "\n".join(stack.lines)
    assert canary not in log
    assert token not in log
    assert token.rpartition(".")[2] not in log


def test_everything_listens_on_this_machine_only(stack: RunningStack) -> None:
    """/proc/net/tcp lists every listening address, as hexadecimal."""
    ports = {int(url.split(":")[2].split("/")[0]) for url in _origins(stack)}
    listening = [
        line.split()[1].split(":")
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    addresses = {address for address, port in listening if int(port, 16) in ports}
    assert addresses == {"0100007F"}


def test_outputs_stand_in_a_file_while_the_stack_runs(stack: RunningStack) -> None:
    written = json.loads((stack.state / "outputs.json").read_text())
    assert set(written) == {
        "SpaUrl",
        "ApiUrl",
        "Issuer",
        "UserPoolId",
        "UserPoolClientId",
        "LoginUrl",
        "RuntimeArn",
        "RuntimeId",
        "RuntimeUrl",
        "SpaBucket",
        "ConversationsBucket",
        "DistributionId",
    }


def test_the_page_learns_its_addresses_from_config_json(stack: RunningStack) -> None:
    config = httpx.get(f"{stack.outputs['SpaUrl']}/config.json")
    assert config.json() == {
        "issuer": stack.outputs["Issuer"],
        "clientId": stack.outputs["UserPoolClientId"],
        "apiUrl": stack.outputs["ApiUrl"],
        "loginUrl": stack.outputs["LoginUrl"],
    }
    assert config.headers["cache-control"] == "no-cache"


def test_the_page_comes_with_the_templates_headers(stack: RunningStack) -> None:
    page = httpx.get(stack.outputs["SpaUrl"])
    policy = page.headers["content-security-policy"]
    assert "trusted-types 'none'" in policy
    assert f"connect-src 'self' {stack.outputs['ApiUrl'].removesuffix('/prod')} " in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-cache"
    assert httpx.get(f"{stack.outputs['SpaUrl']}/no-such-file").status_code == 403
    assert httpx.get(f"{stack.outputs['SpaUrl']}/../template.yaml").status_code == 403


def _origins(stack: RunningStack) -> list[str]:
    return [stack.outputs[name] for name in ("SpaUrl", "ApiUrl", "LoginUrl", "RuntimeUrl")]
