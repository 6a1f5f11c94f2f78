"""The official @ag-ui/client talks to the whole stack and understands every word."""

import json
from collections.abc import Iterator

import pytest
from agui_client import play_client
from e2e_stack import ROOT, RunningStack, run_stack

COLOUR = {
    "name": "pick_colour",
    "description": "Lets the person pick a colour.",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack with an agent that asks before it refunds."""
    environment = {"SLUICE_AGENT": str(ROOT / "examples" / "approval.py")}
    with run_stack(tmp_path_factory.mktemp("shop"), environment=environment) as running:
        yield running


def test_the_official_client_keeps_text_tool_calls_and_results(stack: RunningStack) -> None:
    client = play_client(
        stack.chat_url,
        stack.tokens()["id_token"],
        {"say": "What is 25 * 4? Show your work."},
        {"say": "Now divide that by 10"},
    )
    assert client["failures"] == []
    assert client["seen"].count("RUN_STARTED") == client["seen"].count("RUN_FINISHED") == 2

    messages = client["messages"]
    calls = [call for message in messages for call in message.get("toolCalls", [])]
    results = [message for message in messages if message["role"] == "tool"]
    assert [json.loads(call["function"]["arguments"])["expression"] for call in calls] == [
        "25 * 4",
        "100 / 10",
    ]
    assert [result["toolCallId"] for result in results] == [call["id"] for call in calls]
    assert "100" in results[0]["content"]
    said = [m["content"] for m in messages if m["role"] == "assistant" and m.get("content")]
    assert "100" in said[-1]
    assert "10" in said[-1]


def test_the_official_client_runs_tools_of_its_own(stack: RunningStack) -> None:
    client = play_client(
        stack.chat_url,
        stack.tokens()["id_token"],
        {"say": 'Use pick_colour with {"title": "Which?"}', "tools": [COLOUR]},
        {"give": "turquoise", "tools": [COLOUR]},
        {"say": "Hello"},
    )
    assert client["failures"] == []
    roles = [message["role"] for message in client["messages"]]
    assert roles.count("tool") == 1, "its own, and no copy of it"
    assert [outcome["type"] for outcome in client["outcomes"]] == ["success"] * 3
    said = [m.get("content") or "" for m in client["messages"] if m["role"] == "assistant"]
    assert any("turquoise" in each for each in said)


@pytest.mark.parametrize(("approved", "told"), [(True, "Refunded 12.50"), (False, "not allow")])
def test_the_official_client_answers_what_a_person_is_asked(
    shop: RunningStack, approved: bool, told: str
) -> None:
    client = play_client(
        shop.chat_url,
        shop.tokens()["id_token"],
        {"say": 'Use refund with {"order": "A1", "amount": 12.5}'},
        {"reply": {"approved": approved}},
        {"say": "Hello"},
    )
    assert client["failures"] == []
    assert [outcome["type"] for outcome in client["outcomes"]] == [
        "interrupt",
        "success",
        "success",
    ]
    (result,) = [message for message in client["messages"] if message["role"] == "tool"]
    assert told in result["content"]
