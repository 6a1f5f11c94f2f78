"""What Ollama's servers really send, read into chunks that everything above can trust."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from model_events import HALF, calls, deltas, stop_reason
from sluice.agent_runner.model_errors import explain
from sluice.models.errors import AnswerCutError, ServerError, StatusError
from sluice.models.ollama import OllamaModel
from sluice.settings import Settings
from strands.types.exceptions import ContextWindowOverflowException

SETTINGS = Settings.read({"SLUICE_CONVERSATIONS": "c", "SLUICE_MODEL": "ollama"})
QUESTION: Any = [{"role": "user", "content": [{"text": "Hello"}]}]
DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 1}


def say(content: Any, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content, **more}, "done": False}


def call(arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function": {"name": "calculator", "arguments": arguments, **more}}


def stream(*lines: Any) -> httpx2.Response:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return httpx2.Response(200, text=text)


def ask(response: httpx2.Response, asked: list[Any] | None = None, messages: Any = None) -> Any:
    def handle(request: httpx2.Request) -> httpx2.Response:
        if asked is not None:
            asked.append(json.loads(request.content))
        return response

    model = OllamaModel(
        "http://h", "m", 9, httpx2.Timeout(1), transport=httpx2.MockTransport(handle)
    )

    async def all_events() -> list[Any]:
        return [event async for event in model.stream(messages or QUESTION, None, "Be brief.")]

    return asyncio.run(all_events())


WHOLE = {
    "lines that are none": ["", "[]", '"x"', "<!-- -->", say("Hello "), say("there."), DONE],
    "null and missing fields": [
        {"message": None},
        {"message": {"content": None, "thinking": None, "tool_calls": None}},
        {"model": "m"},
        say("Hello there."),
        DONE,
    ],
    "counts that are missing or null": [
        say("Hello there."),
        {"done": True, "done_reason": "stop", "eval_count": None},
    ],
    "no reason": [say("Hello there."), {"done": True}],
    "a reason that nobody knows": [say("Hello there."), {"done": True, "done_reason": "EOS"}],
    "an error after the end": [say("Hello there."), DONE, {"error": "late"}],
    "the words with the end": [DONE | say("Hello there.") | {"done": True}],
}


@pytest.mark.parametrize("lines", WHOLE.values(), ids=WHOLE)
def test_an_answer_is_whole_whatever_stands_around_it(lines) -> None:
    events = ask(stream(*lines))
    assert deltas(events, "text") == "Hello there."
    assert stop_reason(events) == "end_turn"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([say("", tool_calls=[call({"a": 1}), call({"a": 1})])], ['{"a": 1}', '{"a": 1}']),
        (
            [
                say("", tool_calls=[call({"a": 1}, index=0)]),
                say("", tool_calls=[call({}, index=0)]),
            ],
            ['{"a": 1}', "{}"],
        ),
        ([say("", tool_calls=[call('{"a": 1}')])], ['{"a": 1}']),
        ([say("", tool_calls=[call({"a": HALF})])], ['{"a": "\\ud83d"}']),
        ([say("", tool_calls=[{"id": "x", **call({})}, {"id": "x", **call({})}])], ["{}", "{}"]),
        ([say("", tool_calls=[None, {"function": None} | call({})])], ["{}"]),
    ],
)
def test_each_call_is_one_with_an_id_of_its_own(lines, found) -> None:
    events = ask(stream(*lines, DONE))
    assert [arguments for _, arguments in calls(events)] == found
    assert len({call_id for call_id, _ in calls(events)}) == len(found)
    assert stop_reason(events) == "tool_use"


@pytest.mark.parametrize(
    "lines",
    [
        [say("", thinking="It is "), say("", thinking="early."), say("Yes.")],
        [say("<think>It is early.</think>\n\nYes.")],
        [say(letter) for letter in "<think>It is early.</think> Yes."],
    ],
)
def test_reasoning_is_kept_out_of_the_answer(lines) -> None:
    events = ask(stream(*lines, DONE))
    assert deltas(events, "reasoning") == "It is early."
    assert deltas(events, "text") == "Yes."


def test_the_halves_of_a_pair_meet_and_a_lone_one_is_replaced() -> None:
    events = ask(stream(say(HALF), say(f"\ude00 {HALF}"), DONE))
    assert deltas(events, "text") == "\U0001f600 \ufffd"


@pytest.mark.parametrize(
    ("reason", "told"),
    [("length", "max_tokens"), ("load", "end_turn"), ("unload", "end_turn"), ("stop", "end_turn")],
)
def test_an_answer_without_a_word_ends_for_its_reason(reason, told) -> None:
    assert stop_reason(ask(stream(say(""), {"done": True, "done_reason": reason}))) == told


OVERFLOW = (
    '{"error":{"code":400,"message":"request (9 tokens) exceeds the available context size"}}'
)


@pytest.mark.parametrize(
    ("response", "raised", "code"),
    [
        (stream(say("You go left at the")), AnswerCutError, "answer_cut"),
        (stream(say("You go"), '{"message": {"content": " le'), AnswerCutError, "answer_cut"),
        (stream(), ServerError, "model_unavailable"),
        (stream("<html>", "<body>Sign in"), ServerError, "model_unavailable"),
        (stream(say("You"), {"error": "runner died"}), ServerError, "model_unavailable"),
        (stream({"error": {"message": "no"}}), ServerError, "model_unavailable"),
        (httpx2.Response(404, json={"error": "no model"}), StatusError, "model_unavailable"),
        (httpx2.Response(401, json={"error": "no"}), StatusError, "model_access_denied"),
        (httpx2.Response(503, html="<html>Busy"), StatusError, "model_unavailable"),
        (httpx2.Response(429, json={"error": "slow"}), StatusError, "model_throttled"),
        (
            httpx2.Response(400, json={"error": "the input length exceeds the context length"}),
            ContextWindowOverflowException,
            "prompt_too_long",
        ),
        (
            httpx2.Response(400, json={"error": OVERFLOW}),
            ContextWindowOverflowException,
            "prompt_too_long",
        ),
        (
            stream({"error": "the prompt is longer than the context length"}),
            ContextWindowOverflowException,
            "prompt_too_long",
        ),
        (
            httpx2.Response(402, json={"error": "you have used up your weekly usage"}),
            StatusError,
            "quota_used_up",
        ),
    ],
)
def test_what_is_no_whole_answer_is_told_with_its_code(response, raised, code) -> None:
    with pytest.raises(raised) as failed:
        ask(response)
    refusal = explain(failed.value, SETTINGS)
    assert refusal is not None
    assert refusal.code == code


def test_a_prompt_that_is_too_long_names_what_makes_ollama_read_more() -> None:
    refusal = explain(ContextWindowOverflowException("x"), SETTINGS)
    assert refusal is not None
    assert "OLLAMA_CONTEXT_LENGTH" in refusal.message


def test_a_request_holds_images_in_base64_and_asks_not_to_be_cut_short() -> None:
    asked: list[Any] = []
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    result = {"toolUseId": "x", "content": [{"text": "Drawn."}, image, {"json": {"n": 1}}]}
    use = {"toolUseId": "x", "name": "d", "input": {}}
    messages = [
        {"role": "user", "content": [{"text": "Look:"}, image]},
        {"role": "assistant", "content": [{"toolUse": use}]},
        {"role": "user", "content": [{"toolResult": result}]},
    ]
    ask(stream(say("Yes."), DONE), asked, messages)
    assert asked == [
        {
            "model": "m",
            "stream": True,
            "truncate": False,
            "options": {"num_predict": 9},
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Look:", "images": ["iVBORw=="]},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"function": {"name": "d", "arguments": {}}}],
                },
                {
                    "role": "tool",
                    "tool_name": "d",
                    "content": 'Drawn.\n{"n": 1}',
                    "images": ["iVBORw=="],
                },
            ],
        }
    ]
