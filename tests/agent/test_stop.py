"""A run that is stopped ends at once, on every provider, also while its model is silent."""

import gc
import json
import sys
import threading
import time
from typing import Any

import pytest
from model_servers import DIALECTS, Reply, Tokens
from urllib3.response import HTTPResponse
from wire_support import parse, said, was_cancelled

pytest_plugins = ("provided",)

SECONDS = 5
# Half a second is the aim, and a quarter is usual; a machine that runs tests is busy.
ENOUGH = 1.5
CALL = Reply(text=("Let me see.",), call={"expression": "25 * 4"}, tokens=Tokens(20, 7))
ANSWER = Reply(text=("It is 100.",))
THREAD = {"threadId": "thread-1", "runId": "run-1"}
every_provider = pytest.mark.parametrize("provider", DIALECTS)


def stop_while_held(
    client: Any, server: Any, hold: threading.Event, heard: str = "RUN_STARTED"
) -> tuple[list[Any], float]:
    """Stop a run whose model holds something back, once a part of the stream was heard.

    Returns its events, and how many seconds the stop took.
    """
    with client.stream({"prompt": "Tell me"} | THREAD) as answer:
        body, pieces = b"", answer.iter_bytes()
        while heard.encode() not in body:
            body += next(pieces)
        assert server.holding.wait(SECONDS), "the model was not asked"
        began = time.monotonic()
        assert client.act("stop", **THREAD) == {"runId": "run-1", "state": "stopped"}
        seconds = time.monotonic() - began
        body += b"".join(pieces)
    try:
        assert server.left.wait(SECONDS), "the connection to the model is still open"
    finally:
        hold.set()
    return parse(body), seconds


@pytest.mark.usefixtures("released")
@every_provider
def test_a_model_that_falls_silent_in_mid_answer_is_left(provide, provider) -> None:
    hold = threading.Event()
    half = Reply(text=("Half", " an"), hold=hold)
    with provide(provider, half, ANSWER) as (client, server):
        events, seconds = stop_while_held(client, server, hold, '" an"')
        assert client.say("What did you say?") == "It is 100."
    assert said(events) == "Half an"
    assert [event.type.value for event in events][-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert was_cancelled(events)
    assert seconds < ENOUGH
    sent = json.dumps(server.asked[1].body["messages"])
    assert "Half an" in sent, "what was said stays in the conversation"


@pytest.mark.usefixtures("released")
@every_provider
def test_a_model_that_does_not_even_begin_is_left(provide, provider) -> None:
    hold = threading.Event()
    with provide(provider, Reply(hold=hold, silent=True), ANSWER) as (client, server):
        events, seconds = stop_while_held(client, server, hold)
        assert client.say("And now?") == "It is 100."
    assert [event.type.value for event in events] == ["RUN_STARTED", "RUN_FINISHED"]
    assert seconds < ENOUGH
    assert len(server.asked) == 2, "what was left is not asked again"


@pytest.mark.usefixtures("released")
@every_provider
def test_a_stop_after_a_tool_leaves_no_call_without_its_result(provide, provider) -> None:
    hold = threading.Event()
    with provide(provider, CALL, Reply(text=("It",), hold=hold), ANSWER) as (client, server):
        events, _ = stop_while_held(client, server, hold, '"It"')
        assert client.say("Well?") == "It is 100."
        [stopped, _] = client.act("get", threadId="thread-1")["runs"]
    assert said(events) == "Let me see.It"
    sent = json.dumps(server.asked[2].body["messages"])
    assert sent.count("Result: 100") == 1
    assert stopped["state"] == "stopped"
    # The first call was reported: 20 and 7. The second was cut off, and is estimated.
    assert stopped["usage"]["outputTokens"] == 7 + 1
    assert stopped["usage"]["inputTokens"] > 20


@pytest.mark.usefixtures("released")
def test_a_stopped_bedrock_run_leaves_no_thread_behind(provide, until) -> None:
    hold = threading.Event()
    before = {thread for thread in threading.enumerate() if _reads_bedrock(thread)}
    with provide("bedrock", Reply(hold=hold, silent=True)) as (client, server):
        stop_while_held(client, server, hold)
        until(lambda: not {t for t in threading.enumerate() if _reads_bedrock(t)} - before)


def _reads_bedrock(thread: threading.Thread) -> bool:
    """Whether a thread is in the middle of Strands' reading of Bedrock's answer."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "_stream":
            return True
        frame = frame.f_back
    return False


def test_a_run_is_stopped_while_it_waits_to_ask_again(run_agent) -> None:
    with run_agent() as client, client.stream({"prompt": "Fail"} | THREAD) as answer:
        body, pieces = b"", answer.iter_bytes()
        while b"model_retry" not in body:
            body += next(pieces)
        assert client.act("stop", **THREAD)["state"] == "stopped"
        events = parse(body + b"".join(pieces))
    assert [event.type.value for event in events] == ["RUN_STARTED", "CUSTOM", "RUN_FINISHED"]
    assert was_cancelled(events)


def test_the_offline_model_is_stopped_between_two_words(run_agent) -> None:
    prompt = {"prompt": "Count to 5000"} | THREAD
    with (
        run_agent(SLUICE_OFFLINE_DELAY_MS="1") as client,
        client.stream(prompt) as answer,
    ):
        body, pieces = b"", answer.iter_bytes()
        while b"TEXT_MESSAGE_CONTENT" not in body:
            body += next(pieces)
        assert client.act("stop", **THREAD)["state"] == "stopped"
        events = parse(body + b"".join(pieces))
    assert said(events).startswith("1, 2")
    assert "5000" not in said(events)
    assert was_cancelled(events)


def test_an_answer_that_broke_off_leaves_no_response_open(provide) -> None:
    def still_open() -> set[int]:
        responses = [each for each in gc.get_objects() if isinstance(each, HTTPResponse)]
        return {id(each) for each in responses if not each.closed}

    before = still_open()
    broken = Reply(text=("Half",), fault="modelStreamErrorException")
    with provide("bedrock", broken) as (client, _):
        events = client.ask("Go", "thread-1")
        assert not still_open() - before
    assert events[-1].code == "answer_cut"
