"""Strands' dicts become AG-UI events that open, fill and close in order."""

from typing import Any

from image_samples import PNG
from sluice.agent_runner.translation import Translation
from wire_support import EVENTS

START = {"event": {"messageStart": {"role": "assistant"}}}
STOP = {"event": {"contentBlockStop": {}}}


def delta(**content: Any) -> dict[str, Any]:
    return {"event": {"contentBlockDelta": {"delta": content}}}


def call(call_id: str = "c1") -> dict[str, Any]:
    use = {"toolUseId": call_id, "name": "calculator"}
    return {"event": {"contentBlockStart": {"start": {"toolUse": use}}}}


def translate(*items: dict[str, Any]) -> list[Any]:
    translation = Translation()
    found = [event for item in items for event in translation.translate(item)]
    return [EVENTS.validate_python(event) for event in [*found, *translation.close()]]


def types(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def test_text_is_opened_by_its_first_piece_and_closed_with_its_block() -> None:
    events = translate(START, delta(text="Hel"), delta(text=""), delta(text="lo"), STOP)
    assert types(events) == [
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
    ]
    assert len({event.message_id for event in events}) == 1


def test_a_second_text_in_a_message_is_a_message_of_its_own() -> None:
    events = translate(START, delta(text="a"), STOP, call(), STOP, delta(text="b"), STOP)
    starts = [e.message_id for e in events if e.type.value == "TEXT_MESSAGE_START"]
    assert len(set(starts)) == 2


def test_reasoning_is_told_apart_from_the_answer() -> None:
    events = translate(
        START,
        delta(reasoningContent={"text": "hm"}),
        delta(reasoningContent={"signature": "s"}),
        delta(text="a"),
        STOP,
    )
    assert types(events) == [
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_ENCRYPTED_VALUE",
        "REASONING_MESSAGE_END",
        "REASONING_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
    ]
    assert events[3].entity_id == events[0].message_id


def test_a_call_that_only_the_finished_message_names_is_told_whole() -> None:
    use = {"toolUseId": "c1", "name": "calculator", "input": {"expression": "1"}}
    events = translate({"message": {"role": "assistant", "content": [{"toolUse": use}]}})
    assert types(events) == ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"]
    assert events[1].delta == '{"expression": "1"}'


def test_a_call_that_was_streamed_is_not_told_twice() -> None:
    use = {"toolUseId": "c1", "name": "calculator", "input": {}}
    message = {"message": {"role": "assistant", "content": [{"toolUse": use}]}}
    events = translate(START, call(), delta(toolUse={"input": "{}"}), STOP, message)
    assert types(events) == ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"]


def test_a_call_of_a_later_message_may_have_the_id_of_an_earlier_one() -> None:
    use = {"toolUseId": "call_0", "name": "calculator", "input": {"expression": "1"}}
    message = {"message": {"role": "assistant", "content": [{"toolUse": use}]}}
    events = translate(START, call("call_0"), STOP, message, START, message, START, message)
    assert types(events).count("TOOL_CALL_START") == 3


def test_a_structured_result_is_told_as_json() -> None:
    result = {
        "toolUseId": "c1",
        "status": "success",
        "content": [{"json": {"a": 1}}, {"text": "b"}],
    }
    events = translate({"message": {"role": "user", "content": [{"toolResult": result}]}})
    assert events[0].content == '{"a": 1}\nb'


def test_an_image_is_told_as_a_part_that_names_its_file() -> None:
    kept: list[bytes] = []

    def keep(data: bytes) -> str | None:
        kept.append(data)
        return f"name-{len(kept)}" if len(kept) < 3 else None

    image = {"image": {"format": "png", "source": {"bytes": PNG}}}
    content = [{"text": "One:"}, image, {"text": "Two:"}, image, image]
    result = {"toolUseId": "c1", "status": "success", "content": content}
    (event,) = Translation(keep_file=keep).translate(
        {"message": {"role": "user", "content": [{"toolResult": result}]}}
    )
    EVENTS.validate_python(event)
    texts = [part.get("text") for part in event["content"]]
    no_room = "[image/png, 70 bytes: this conversation has no room for it]"
    assert texts == ["One:", None, "Two:", None, no_room]
    assert event["content"][3] == {
        "type": "image",
        "source": {"type": "file", "value": "name-2", "mimeType": "image/png"},
        "metadata": {"size": len(PNG)},
    }


def test_images_that_are_not_kept_leave_a_text() -> None:
    image = {"image": {"format": "png", "source": {"bytes": PNG}}}
    result = {"toolUseId": "c1", "status": "success", "content": [{"text": "One:"}, image]}
    (event,) = translate({"message": {"role": "user", "content": [{"toolResult": result}]}})
    assert event.content.startswith("One:\n[image/png, 70 bytes: ")


def test_a_failed_result_says_so() -> None:
    result = {"toolUseId": "c1", "status": "error", "content": [{"text": "too long"}]}
    events = translate({"message": {"role": "user", "content": [{"toolResult": result}]}})
    assert events[0].metadata == {"status": "error"}


def test_a_stream_that_breaks_off_or_begins_again_leaves_nothing_open() -> None:
    events = translate(START, delta(text="a"), START, delta(text="b"), call("c2"))
    assert types(events).count("TEXT_MESSAGE_START") == types(events).count("TEXT_MESSAGE_END") == 2
    assert types(events)[-2:] == ["TOOL_CALL_START", "TOOL_CALL_END"]


def test_what_strands_yields_besides_never_leaves() -> None:
    secrets = [
        {"init_event_loop": True, "system_prompt": "secret"},
        {"data": "a", "delta": {"text": "a"}, "messages": ["secret"]},
        {"type": "tool_use_stream", "current_tool_use": {}},
        {"event": {"metadata": {"usage": {}}}},
    ]
    assert translate(*secrets) == []
