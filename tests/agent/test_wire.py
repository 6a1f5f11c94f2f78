"""The wire of docs/wire.md, over real HTTP, judged by ag-ui-protocol's own models."""

import threading
from typing import Any

from wire_support import said

from local.model import MODEL_ID


def types(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def user(content: Any) -> dict[str, Any]:
    return {"id": "m1", "role": "user", "content": content}


def run_input(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"threadId": "thread-1", "runId": "run-1", "messages": list(messages)} | more


def test_the_tutorial_prompt_calls_the_calculator_and_tells_the_result_in_pieces(client) -> None:
    events = client.ask("What is 25 * 4? Show your work.")

    assert types(events)[0] == "RUN_STARTED"
    call = next(e for e in events if e.type.value == "TOOL_CALL_START")
    arguments = [e.delta for e in events if e.type.value == "TOOL_CALL_ARGS"]
    result = next(e for e in events if e.type.value == "TOOL_CALL_RESULT")
    assert call.tool_call_name == "calculator"
    assert "".join(arguments) == '{"expression": "25 * 4"}'
    assert result.tool_call_id == call.tool_call_id
    assert result.content == "Result: 100"
    after = events[events.index(result) :]
    assert "25 * 4 = 100" in "".join(getattr(e, "delta", "") for e in after)
    assert types(after).count("TEXT_MESSAGE_CONTENT") > 1


def test_the_tool_call_belongs_to_the_message_whose_text_announced_it(client) -> None:
    events = client.ask("2 + 2")
    start = next(e for e in events if e.type.value == "TEXT_MESSAGE_START")
    call = next(e for e in events if e.type.value == "TOOL_CALL_START")
    assert call.parent_message_id == start.message_id


def test_a_prompt_without_ids_is_told_its_new_ones(client, wire) -> None:
    started = wire(client.post({"prompt": "hello"}))[0]
    assert len(started.thread_id) == len(started.run_id) == 36
    assert started.protocol_version == "1.0"


def test_run_finished_tells_the_tokens_of_this_run_alone(client) -> None:
    first = client.ask("hello")[-1].usage[0]
    second = client.ask("hello")[-1].usage[0]
    assert first.input_tokens + first.output_tokens == first.total_tokens > 0
    assert second.output_tokens < first.output_tokens, "the second answer has no signature"


def test_of_run_agent_input_the_last_user_message_is_the_turn(client, wire) -> None:
    body = run_input(
        user("My lucky number is 12"),
        {"id": "m2", "role": "assistant", "content": "Fine."},
        user("What is my lucky number?"),
        tools=[],
        context=[],
        state={},
        forwardedProps={},
    )
    events = wire(client.post(body))
    assert events[0].thread_id == "thread-1"
    assert events[0].run_id == "run-1"
    assert "have not told me" in said(events), "the client's copy of the history is not used"


def test_text_parts_are_read_as_one_message(client, wire) -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "6 * 7?"}]
    results = [e for e in wire(client.post(run_input(user(parts)))) if hasattr(e, "tool_call_id")]
    assert results[-1].content == "Result: 42"


def test_warm_names_the_model_and_the_tools_once_they_are_ready(client) -> None:
    answer = client.post({"action": "warm"})
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["status"] == "warm"
    assert body["model"] == MODEL_ID
    names = [tool["name"] for tool in body["tools"]]
    assert names == ["calculator", "current_time"], "T5: no tool fetches"
    assert all(tool["description"] for tool in body["tools"])
    assert body["limits"]["prompt"] == 32_000


def test_answers_are_not_to_be_cached(client) -> None:
    for body in ({"prompt": "hello"}, {"action": "warm"}, {"prompt": 1}):
        assert client.post(body).headers["cache-control"] == "no-store"


def test_a_comment_goes_out_when_nothing_else_does(run_agent, wire) -> None:
    with run_agent(heartbeat_seconds=0.01, SLUICE_OFFLINE_DELAY_MS="50") as client:
        answer = client.post({"prompt": "thanks"})
    assert answer.content.count(b"\n\n:\n\n") >= 3
    wire(answer)


def test_a_second_run_on_a_busy_thread_is_refused_and_the_first_unharmed(run_agent, wire) -> None:
    body = {"prompt": "Count to 60", "threadId": "t"}
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5") as client, client.stream(body) as first:
        pieces = first.iter_bytes()
        head = next(pieces)
        refused = wire(client.post({"prompt": "hello", "threadId": "t"}))
        assert (refused[0].code, len(refused)) == ("thread_busy", 1)
        elsewhere = wire(client.post({"prompt": "thanks", "threadId": "t"}, "bob"))
        assert elsewhere[-1].type.value == "RUN_FINISHED"
        events = wire(head + b"".join(pieces))
    assert events[-1].type.value == "RUN_FINISHED"


def test_ping_is_busy_while_a_run_is_under_way(run_agent, until) -> None:
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5") as client:
        assert client.ping() == "Healthy"
        with client.stream({"prompt": "Count to 60"}) as answer:
            next(answer.iter_bytes())
            assert client.ping() == "HealthyBusy"
        until(lambda: client.ping() == "Healthy")


def test_a_repeated_run_id_joins_the_run_and_sees_all_of_it(run_agent, wire) -> None:
    body = {"prompt": "Count to 60", "threadId": "t", "runId": "r"}
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5") as client:
        answers: list[bytes] = []
        with client.stream(body) as first:
            pieces = first.iter_bytes()
            head = next(pieces)
            joined = threading.Thread(target=lambda: answers.append(client.post(body).content))
            joined.start()
            whole = head + b"".join(pieces)
        joined.join(20)
        assert answers == [whole]
        assert "60" in str(wire(whole))
        assert len(client.act("get", threadId="t")["runs"]) == 1
