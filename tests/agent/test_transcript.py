"""A run's events become messages, and the messages become events that tell the same."""

from typing import Any

import pytest
from ag_ui.core import Message
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sluice.agui import events
from sluice.agui.events import Event
from sluice.runs.transcript import Transcript, replay
from sluice.service_error import Code, ServiceError
from sluice.threads.thread import StoredRun
from wire_support import parse

MESSAGES: TypeAdapter[Any] = TypeAdapter(Message)
QUESTION = {"id": "q", "role": "user", "content": "What is 25 * 4?"}
LIMIT = {"code": "run_limit", "message": "The run took its time."}
USAGE = {"provider": "bedrock", "inputTokens": 3, "outputTokens": 2, "totalTokens": 5}

LIVE = [
    events.run_started("t", "r", None),
    *events.reasoning_start("m0"),
    events.reasoning_content("m0", "Mul"),
    events.reasoning_content("m0", "tiply."),
    *events.reasoning_end("m0"),
    events.text_start("m1"),
    events.text_content("m1", "Let me "),
    events.text_content("m1", "see."),
    events.text_end("m1"),
    events.tool_call_start("c1", "calculator", "m1"),
    events.tool_call_args("c1", '{"expression": '),
    events.tool_call_args("c1", '"25 * 4"}'),
    events.tool_call_end("c1"),
    events.tool_call_start("c2", "clock", "m1"),
    events.tool_call_end("c2"),
    events.tool_call_result("m2", "c1", "Result: 100", failed=False),
    events.tool_call_result("m3", "c2", "no clock here", failed=True),
    events.notice("model_retry", "The model is busy.", seconds=2),
    events.text_start("m4"),
    events.text_content("m4", "It is 100."),
    events.text_end("m4"),
    events.run_finished("t", "r", USAGE),
]


def function(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tell(stream: Any, first: Any = QUESTION) -> tuple[Any, ...]:
    """The messages of a stream, judged by ag-ui-protocol."""
    transcript = Transcript(first)
    for event in stream:
        transcript.add(event)
    for message in transcript.messages:
        assert not MESSAGES.validate_python(message).model_extra
    return transcript.messages


def again(messages: tuple[Any, ...], state: Any = "finished", error: Any = None) -> list[Event]:
    """A stored run's replay, judged by ag-ui-protocol."""
    stored_run = StoredRun(
        "r", state, "2026-11-22T19:00:00.000Z", messages, error=error, usage=USAGE
    )
    replayed = list(replay(stored_run, "t"))
    frames = [events.encode_frame(number, event) for number, event in enumerate(replayed, 1)]
    assert parse(b"".join(frames))[0].run_id == "r"
    return replayed


def test_events_become_messages_in_the_order_in_which_they_began() -> None:
    assert tell(LIVE) == (
        QUESTION,
        {"id": "m0", "role": "reasoning", "content": "Multiply."},
        {
            "id": "m1",
            "role": "assistant",
            "content": "Let me see.",
            "toolCalls": [
                function("c1", "calculator", '{"expression": "25 * 4"}'),
                function("c2", "clock", ""),
            ],
        },
        {"id": "m2", "role": "tool", "content": "Result: 100", "toolCallId": "c1"},
        {
            "id": "m3",
            "role": "tool",
            "content": "no clock here",
            "toolCallId": "c2",
            "error": "no clock here",
        },
        {"id": "m4", "role": "assistant", "content": "It is 100."},
    )


def test_a_look_in_mid_message_sees_half_of_it_and_is_not_changed_by_the_rest() -> None:
    transcript = Transcript(QUESTION)
    looks = []
    for event in LIVE:
        transcript.add(event)
        looks.append(transcript.messages)
    assert looks[0] == (QUESTION,)
    assert looks[8][-1] == {"id": "m1", "role": "assistant", "content": "Let me "}
    assert looks[12][-1]["toolCalls"] == [function("c1", "calculator", '{"expression": ')]
    assert looks[-1] == tell(LIVE), "looking must not lose a piece"


def test_a_call_without_a_parent_is_a_message_of_its_own() -> None:
    start = {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "clock"}
    (_, message) = tell([start])
    assert message == {
        "id": "c1",
        "role": "assistant",
        "content": "",
        "toolCalls": [function("c1", "clock", "")],
    }


def test_a_call_id_that_repeats_is_another_call() -> None:
    stream = [
        event
        for parent, arguments in (("m1", '{"a": 1}'), ("m2", '{"a": 2}'))
        for event in (
            events.tool_call_start("c", "clock", parent),
            events.tool_call_args("c", arguments),
        )
    ]
    calls = [message["toolCalls"] for message in tell(stream)[1:]]
    assert calls == [[function("c", "clock", '{"a": 1}')], [function("c", "clock", '{"a": 2}')]]


def test_half_of_a_surrogate_pair_is_kept_as_it_was_streamed() -> None:
    """A model may emit one; neither storage nor the next model call can carry it."""
    stream = [events.text_start("m"), events.text_content("m", "a\ud800b")]
    assert tell(stream)[1]["content"] == "a?b"
    (_, result) = tell([events.tool_call_result("m", "c", "\udfff", failed=False)])
    assert result["content"] == "?"


def test_a_replay_is_each_message_whole_and_ends_with_the_usage() -> None:
    replayed = again(tell(LIVE))
    assert replayed[0] == LIVE[0]
    assert replayed[-1] == LIVE[-1]
    texts = [event["delta"] for event in replayed if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert texts == ["Let me see.", "It is 100."]
    assert tell(replayed) == tell(LIVE)


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_replay_of_a_run_that_broke_off_ends_with_its_error(state: str) -> None:
    replayed = again(tell(LIVE), state, LIMIT)
    assert replayed[-1] == events.run_error(
        ServiceError("run_limit", LIMIT["message"]), stored=True
    )


def test_a_replay_of_a_run_that_its_person_stopped_is_no_failure() -> None:
    """Also of one that an earlier version stored with an error."""
    for error in (None, LIMIT):
        ended = again(tell(LIVE), "stopped", error)[-1]
        assert (ended["type"], ended["outcome"]) == ("RUN_FINISHED", {"type": "cancelled"})


@pytest.mark.parametrize(
    ("code", "stored", "retry"),
    [
        ("too_many_runs", False, "resend"),
        ("model_throttled", True, "replace"),
        ("thread_full", False, "none"),
        ("not_found", False, "none"),
    ],
)
def test_an_error_says_how_to_ask_again(code: Code, stored: bool, retry: str) -> None:
    assert events.run_error(ServiceError(code, "No."), stored=stored)["metadata"] == {
        "retry": retry
    }


def test_a_replay_ends_even_where_the_error_is_missing() -> None:
    assert again(tell(LIVE), "failed")[-1]["type"] == "RUN_ERROR"


def test_a_run_that_is_stored_as_running_is_never_replayed() -> None:
    with pytest.raises(ValueError, match="no end"):
        again(tell(LIVE), "running")


IDS = st.sampled_from(["a", "b", "c"])
# With halves of surrogate pairs, which Hypothesis leaves out unless it is asked for them.
PIECES = st.text(st.characters(exclude_categories=[]), max_size=3)
STREAMS = st.lists(
    st.one_of(
        st.builds(events.text_start, IDS),
        st.builds(events.text_content, IDS, PIECES),
        st.builds(events.text_end, IDS),
        IDS.map(lambda i: events.reasoning_start(i)[1]),
        st.builds(events.reasoning_content, IDS, PIECES),
        st.builds(events.tool_call_start, IDS, IDS, IDS),
        st.builds(events.tool_call_args, IDS, PIECES),
        st.builds(events.tool_call_end, IDS),
        st.builds(events.tool_call_result, IDS, IDS, PIECES, st.booleans()),
    ),
    max_size=20,
)


@given(STREAMS, st.integers(min_value=0, max_value=20))
def test_whatever_was_streamed_its_replay_tells_the_same_messages(stream, look) -> None:
    transcript = Transcript(QUESTION)
    for number, event in enumerate(stream):
        transcript.add(event)
        if number == look:
            _ = transcript.messages
    assert transcript.messages == tell(stream)
    assert tell(again(transcript.messages)) == transcript.messages
