"""What one run may cost and take, and what becomes of a run that reaches a limit."""

from typing import Any

import pytest
import sluice.agent_runner.retry
from checkout import ROOT
from model_servers import Refused, Reply
from scripted import Scripted, say
from sluice.settings import Settings
from wire_support import parse, said

pytest_plugins = ("provided", "agent_files")

SETTINGS = Settings.read({"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "c"})


def types(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def notices(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.type.value == "CUSTOM"]


def test_t6_an_endless_tool_loop_stops_at_the_limit_of_turns(run_agent) -> None:
    with run_agent(SLUICE_MAX_TURNS="3") as client:
        events = client.ask("Calculate for ever")
        assert "100" in client.say("What is 25 * 4?"), "the conversation goes on"
        run = client.act("get", threadId="thread-1")["runs"][0]
    assert types(events).count("TOOL_CALL_START") == types(events).count("TOOL_CALL_RESULT") == 3
    assert events[-1].code == "run_limit"
    assert "after 3 model calls (SLUICE_MAX_TURNS)" in events[-1].message
    assert (run["state"], run["error"]["code"]) == ("failed", "run_limit")
    assert run["usage"]["totalTokens"] > 0
    results = [message for message in run["messages"] if message["role"] == "tool"]
    assert [result["content"] for result in results] == ["Result: 1", "Result: 2", "Result: 3"]


def test_t6_an_endless_tool_loop_stops_at_the_limit_of_tokens(run_agent) -> None:
    with run_agent(SLUICE_MAX_TOKENS="30") as client:
        events = client.ask("Calculate for ever")
    assert 1 < types(events).count("TOOL_CALL_RESULT") < 10
    assert events[-1].code == "answer_too_long"
    assert "after 30 tokens (SLUICE_MAX_TOKENS)" in events[-1].message


def test_t6_a_long_answer_stops_at_the_limit_of_tokens(run_agent) -> None:
    with run_agent(SLUICE_MAX_TOKENS="100") as client:
        events = client.ask("Write 50 kB")
    assert 400 <= len(said(events)) < 500
    assert types(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert events[-1].code == "answer_too_long"
    assert "100 tokens (SLUICE_MAX_TOKENS)" in events[-1].message


def test_t6_a_model_that_keeps_to_no_limit_is_ended_in_mid_answer(run_file: Any) -> None:
    """Not only before its next call: it has said ten times what it was allowed to."""
    start, piece, *end = say("word " * 100)
    model = Scripted([start, *[piece] * 50, *end])
    with run_file(ROOT / "tests" / "stock_agent.py", model, SLUICE_MAX_TOKENS="100") as client:
        events = client.ask("Tell me")
        assert events[-1].code == "answer_too_long"
        kept = client.act("get", threadId="thread-1")["runs"][0]["messages"][-1]["content"]
    # Pieces that have arrived together are one.
    assert 1_000 <= len(kept) < 10_000


def test_f7_a_silent_model_has_heartbeats_and_then_a_deadline(run_agent) -> None:
    with run_agent(heartbeat_seconds=0.1, SLUICE_MAX_SECONDS="1") as client:
        body = client.post({"prompt": "Be silent for 60 seconds"}).content
    assert body.count(b"\n\n:\n\n") + body.count(b":\n\n:") >= 3
    error = parse(body)[-1]
    assert error.code == "run_limit"
    assert "after 1 seconds (SLUICE_MAX_SECONDS)" in error.message


@pytest.mark.slow
def test_f7_a_busy_model_is_told_and_the_deadline_ends_the_waiting(run_agent, monkeypatch) -> None:
    monkeypatch.setattr(sluice.agent_runner.retry, "DELAYS", [0.0, 60.0])
    with run_agent(SLUICE_MAX_SECONDS="5") as client:
        events = client.ask("Fail")
    assert [event.value["seconds"] for event in events[1:-1]] == [0, 60]
    assert events[-1].code == "run_limit"


def test_f7_all_waits_together_are_far_below_the_deadline() -> None:
    assert sum(sluice.agent_runner.retry.DELAYS) * 10 < SETTINGS.max_seconds


def test_a_failing_model_that_recovers_answers(run_agent, monkeypatch) -> None:
    monkeypatch.setattr(sluice.agent_runner.retry, "DELAYS", [0.0, 0.0, 0.0])
    with run_agent() as client:
        events = client.ask("Fail twice")
    assert notices(events) == ["model_retry", "model_retry"]
    assert said(events).startswith("Now it works.")
    assert types(events)[-1] == "RUN_FINISHED"


def test_bedrock_failing_is_told_as_a_failure(provide) -> None:
    failing = Refused(424, "ModelErrorException")
    with provide("bedrock", failing, failing, Reply(text=("Yes",))) as (client, _):
        events = client.ask("Well?")
    retry = events[1]
    assert (retry.name, retry.value["message"]) == (
        "model_retry",
        "global.anthropic.claude-test-1 failed; it is asked again in 0 s.",
    )
