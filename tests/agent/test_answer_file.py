"""agent.py with `answer`: text and AG-UI events of any framework, judged before they are sent."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from ag_ui.core import TextMessageContentEvent, TextMessageStartEvent
from scripted import Scripted, say
from sluice.agui.given import GivenError, GivenEvents
from wire_support import parse, said, was_cancelled

pytest_plugins = ("agent_files",)

type RunFile = Callable[..., Any]


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def test_text_is_one_message_and_is_stored_and_told_again(run_file: RunFile) -> None:
    file = """
async def answer(run):
    yield "You said "
    yield ""
    yield run.prompt
"""
    with run_file(file) as client:
        events = client.ask("Hello")
        (run,) = client.act("get", threadId="thread-1")["runs"]
    assert kinds(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert [m["content"] for m in run["messages"]] == ["Hello", "You said Hello"]
    assert "usage" not in run


def test_it_is_given_the_conversation_as_messages(run_file: RunFile) -> None:
    file = """
async def answer(run):
    yield " | ".join(f"{m['role']}: {m['content']}" for m in run.messages)
"""
    with run_file(file) as client:
        client.ask("One")
        assert client.say("Two") == "user: One | assistant: user: One | user: Two"


EVENTS = """
async def answer(run):
    yield "Let me look."
    yield {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "look", "rawEvent": run}
    yield {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": "{}"}
    yield {"type": "TOOL_CALL_END", "toolCallId": "c1"}
    yield {"type": "TOOL_CALL_RESULT", "messageId": "m2", "toolCallId": "c1", "content": "seen"}
    yield {"type": "STATE_SNAPSHOT", "snapshot": {"looked": None}}
    yield {"type": "CUSTOM", "name": "mine", "value": None}
    yield "I saw it."
    yield {"type": "STEP_STARTED", "stepName": "more"}
"""


def test_events_stand_between_text_and_are_stored_as_messages(run_file: RunFile) -> None:
    with run_file(EVENTS) as client:
        events = client.ask("Look")
        (run,) = client.act("get", threadId="thread-1")["runs"]
    assert [m["role"] for m in run["messages"]] == [
        "user",
        "assistant",
        "assistant",
        "tool",
        "assistant",
    ]
    assert run["messages"][2]["toolCalls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert kinds(events)[-2:] == ["STEP_FINISHED", "RUN_FINISHED"], "what is open is ended"


def test_models_of_ag_ui_are_events_too() -> None:
    given = GivenEvents()
    event = given.take(TextMessageStartEvent(message_id="m1", role="assistant"))
    assert event == {"type": "TEXT_MESSAGE_START", "messageId": "m1", "role": "assistant"}
    event = given.take(TextMessageContentEvent(message_id="m1", delta="Hi"))
    assert event == {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "Hi"}
    assert list(given.close()) == [{"type": "TEXT_MESSAGE_END", "messageId": "m1"}]


START = {"type": "TEXT_MESSAGE_START", "messageId": "m"}
BAD = {
    "a number": (7, "something of the type int is neither text nor an AG-UI event"),
    "nothing": (None, "the type NoneType is neither text"),
    "no type": ({"data": "x"}, "a dict without a `type`"),
    "own": ({"type": "RUN_FINISHED"}, "RUN_FINISHED is Sluice's own to send"),
    "snapshot": ({"type": "MESSAGES_SNAPSHOT", "messages": []}, "is Sluice's own"),
    "unknown": ({"type": "SHOUT"}, "SHOUT is not among the AG-UI events"),
    "missing": ({"type": "TEXT_MESSAGE_START"}, "TEXT_MESSAGE_START.messageId is missing"),
    "not text": ({**START, "messageId": 7}, "TEXT_MESSAGE_START.messageId must be text"),
    "wrong": ({"type": "STATE_DELTA", "delta": "x"}, "STATE_DELTA.delta must be a list"),
    "role": ({**START, "role": "user"}, "TEXT_MESSAGE_START.role must be assistant"),
    "early": (
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "x"},
        "comes before the TEXT_MESSAGE_START of its messageId",
    ),
    "not begun": ({"type": "STEP_FINISHED", "stepName": "s"}, "comes before the STEP_STARTED"),
    "no json": ({"type": "CUSTOM", "name": "n", "value": object()}, "CUSTOM is not JSON"),
    "notice": ({"type": "CUSTOM", "name": "model_retry", "value": 1}, "Sluice uses itself"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_event_that_cannot_be_sent_is_told_in_words(name: str) -> None:
    given, why = BAD[name]
    with pytest.raises(GivenError, match=why):
        GivenEvents().take(given)


def test_a_message_does_not_begin_twice() -> None:
    given = GivenEvents()
    given.take(START)
    with pytest.raises(GivenError, match="comes twice for messageId m"):
        given.take(START)


def test_a_bad_event_ends_the_run_and_its_author_reads_why(run_file: RunFile, caplog: Any) -> None:
    file = """
async def answer(run):
    yield "Half"
    yield {"type": "RUN_FINISHED"}
"""
    with run_file(file) as client:
        events = client.ask("Hello")
        assert client.say("And now?", "thread-2") == "Half", "the process goes on"
    assert kinds(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert events[-1].code == "internal_error"
    assert "answer yielded what cannot be sent: RUN_FINISHED is Sluice's own" in caplog.text


def test_an_answer_without_a_word_is_told(run_file: RunFile) -> None:
    with run_file("async def answer(run):\n    if False:\n        yield") as client:
        assert client.ask("Hello")[-1].code == "answer_empty"


def test_what_it_uses_is_counted(run_file: RunFile) -> None:
    file = """
from strands import Agent
async def answer(run):
    agent = Agent(model=run.model, callback_handler=None)
    async for event in agent.stream_async(run.prompt):
        if "data" in event:
            yield event["data"]
    run.count_tokens("theirs", sent=100, answered=10)
"""
    with run_file(file, Scripted(say("Yes"))) as client:
        events = client.ask("Hello")
    assert said(events) == "Yes"
    assert events[-1].usage[0].total_tokens == 15 + 110


def test_a_stop_cancels_what_it_awaits(run_file: RunFile) -> None:
    file = """
import asyncio, threading
begun, ended = threading.Event(), []
async def answer(run):
    yield "Half"
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(run.cancel_signal.is_set())
"""
    with run_file(file) as client:
        body = {"prompt": "Go", "threadId": "thread-1", "runId": "run-1"}
        with client.stream(body) as answer:
            chunks = answer.iter_raw()
            start = b""
            while b"Half" not in start:
                start += next(chunks)
            module = sys.modules["sluice_agent_file"]
            begun: threading.Event = module.begun
            assert begun.wait(10)
            client.act("stop", threadId="thread-1", runId="run-1")
            events = parse(start + b"".join(chunks))
    assert was_cancelled(events)
    assert said(events) == "Half"
    assert module.ended == [True]
