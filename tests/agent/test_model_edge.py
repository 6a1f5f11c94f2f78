"""What OpenAI-compatible servers really send, read into chunks that everything above can trust."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import httpx
import openai
import pytest
import sluice.models.patience
from model_events import HALF, calls, deltas, stop_reason
from sluice.agent_runner.model_errors import meaning_of
from sluice.models.errors import AnswerCutError, ServerError
from sluice.models.openai_compatible import OpenAICompatibleModel
from sluice.models.text_stream import Surrogates, ThinkTags
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

DONE = "[DONE]"
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def say(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **more}}]}


def call(arguments: Any, index: Any = 0, name: str | None = "f", **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    calls = [{"index": index, "function": function, **more}]
    return {"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}


def end(reason: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


class Server:
    """Answers each request with the next of its responses, and keeps what it was asked."""

    def __init__(self, *responses: httpx.Response) -> None:
        self._responses = list(responses)
        self.asked: list[dict[str, Any]] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        return self._responses.pop(0)

    def model(self) -> OpenAICompatibleModel:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        client = {"api_key": "k", "base_url": "http://h/v1", "http_client": http, "max_retries": 0}
        return OpenAICompatibleModel(client_args=client, model_id="m", params={"max_tokens": 9})


def stream(*chunks: Any) -> httpx.Response:
    said = "".join(f"data: {c if isinstance(c, str) else json.dumps(c)}\n\n" for c in chunks)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=said)


def ask(*responses: httpx.Response) -> list[Any]:
    return asyncio.run(_ask(Server(*responses).model()))


async def _ask(model: OpenAICompatibleModel) -> list[Any]:
    return [e async for e in model.stream([{"role": "user", "content": [{"text": "Hello"}]}])]


WHOLE = {
    "chunks without choices, and choices without a delta": [
        {"choices": [], "prompt_filter_results": []},
        say("Hello "),
        {"choices": [{"index": 0, "finish_reason": None}]},
        {"choices": [None]},
        {"choices": None},
        say("there."),
        STOP,
    ],
    "a null delta and null content": [
        {"choices": [{"delta": None}]},
        say(None),
        say("Hello there."),
        STOP,
    ],
    "content as a list of parts": [
        say([{"type": "text", "text": "Hello "}, {"type": "image"}, "there."]),
        STOP,
    ],
    "counts that are null": [
        say("Hello there."),
        STOP,
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": None}},
    ],
    "an error and broken JSON after the end": [say("Hello there."), STOP, "{", {"error": "late"}],
    "no reason, but [DONE]": [say("Hello there."), DONE],
    "a reason that nobody knows": [say("Hello there."), end("EOS")],
    "tool_calls without a call": [say("Hello there."), end("tool_calls")],
    "news without choices": [{"message": "in a queue"}, say("Hello there."), STOP],
    "an error of another form after the end": [say("Hello there."), STOP, {"detail": "late"}],
    "comments and other fields": [": comment", say("Hello there."), STOP, DONE],
    "a whole answer in one": [
        {"choices": [{"message": {"content": "Hello there."}, "finish_reason": "stop"}]}
    ],
}


@pytest.mark.parametrize("chunks", WHOLE.values(), ids=WHOLE)
def test_an_answer_is_whole_whatever_stands_around_it(chunks) -> None:
    events = ask(stream(*chunks))
    assert deltas(events, "text") == "Hello there."
    assert stop_reason(events) == "end_turn"


def test_a_whole_answer_that_is_no_stream_is_read_too() -> None:
    body = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "length"}]}
    events = ask(httpx.Response(200, json=body))
    assert deltas(events, "text") == "Hello"
    assert stop_reason(events) == "max_tokens"


def test_counts_that_are_given_are_kept_and_others_left_out() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": None, "total_tokens": "x"}
    events = ask(stream(say("Hi"), STOP, {"choices": [], "usage": usage}))
    assert events[-1]["metadata"]["usage"] == {
        "inputTokens": 3,
        "outputTokens": 0,
        "totalTokens": 0,
    }


@pytest.mark.parametrize(
    ("chunks", "ids"),
    [
        ([call('{"a": 1}', id="x"), call('{"b": 2}', id="y")], ["x", "y"]),
        ([call('{"a":', id="x"), call(" 1}"), call('{"b": 2}', 1, id="y")], ["x", "y"]),
        ([call('{"a":', id="x"), call(" 1}", id="x"), call('{"b": 2}', None, id="y")], ["x", "y"]),
        ([call({"a": 1}, id="x"), call({"b": 2}, 1, id="y")], ["x", "y"]),
        ([call('{"a": 1}'), call('{"b": 2}', 1, id="")], None),
        # One index and no ids, or no index, or one id for two.
        ([call('{"a": 1}'), call('{"b": 2}')], None),
        ([call('{"a": 1}'), call("", name="g"), call('{"b": 2}', name=None)], None),
        ([call('{"a":', None), call(" 1}", None, None), call('{"b": 2}', None)], None),
        ([call('{"a":', None), call(" 1}", "0", None), call('{"b": 2}', "1")], None),
        ([call('{"a": 1}', "0", id=7), call('{"b": 2}', "1", id=8)], ["7", "8"]),
        # The name with every piece, and a whole call that comes twice.
        ([call('{"a":'), call(" 1}"), call("", name="f"), call('{"b": 2}', 1)], None),
        ([*[call('{"a": 1}', id="x")] * 2, call('{"b": 2}', 1, id="y")], ["x", "y"]),
        # A string of JSON in JSON.
        ([call('"{\\"a\\":', id="x"), call(' 1}"'), call('{"b": 2}', 1, id="y")], ["x", "y"]),
    ],
)
def test_calls_are_told_apart_by_id_or_index(chunks, ids) -> None:
    events = ask(stream(*chunks, STOP))
    found = calls(events)
    assert [json.loads(arguments) for _, arguments in found] == [{"a": 1}, {"b": 2}]
    assert len({name for name, _ in found}) == 2
    assert all(name for name, _ in found)
    assert ids is None or [name for name, _ in found] == ids
    assert stop_reason(events) == "tool_use"


@pytest.mark.parametrize(
    "chunks",
    [
        [say("", reasoning_content="It is "), say("", reasoning_content="early."), say("Yes.")],
        [say(None, reasoning="It is early."), say("Yes.")],
        [
            say([{"type": "thinking", "thinking": [{"type": "text", "text": "It is early."}]}]),
            say("Yes."),
        ],
        [say("<think>It is early.</think>\n\nYes.")],
        [say(letter) for letter in "\n<thinking>It is early.</thinking> Yes."],
        [say(letter) for letter in "<Reasoning>It is early.</reasoning> Yes."],
        [say("[THINK]It is early."), say("[/THINK]"), say("Yes.")],
        [say("", reasoning="It is early.", reasoning_content="It is early."), say("Yes.")],
        [say("", thinking="It is early."), say("Yes.")],
    ],
)
def test_reasoning_is_kept_out_of_the_answer(chunks) -> None:
    events = ask(stream(*chunks, STOP))
    assert deltas(events, "reasoning") == "It is early."
    assert deltas(events, "text") == "Yes."


@pytest.mark.parametrize("arguments", [None, "", "null", [], "[]", '""', '"{}"'])
def test_a_call_without_arguments_has_none(arguments) -> None:
    assert calls(ask(stream(call(arguments, id="x"), STOP))) in ([("x", "")], [("x", "{}")])


def test_the_pieces_of_two_calls_may_alternate_and_words_may_follow_a_call() -> None:
    pieces = [call('{"a":', 0, id="x"), call('{"b":', 1, id="y"), say("Both."), call(" 1}", 0)]
    events = ask(stream(*pieces, call(" 2}", 1), STOP))
    assert calls(events) == [("x", '{"a": 1}'), ("y", '{"b": 2}')]
    assert deltas(events, "text") == "Both."


def test_a_call_is_told_while_it_comes() -> None:
    events = ask(stream(say("Let me see."), call('{"a":', id="x"), call(" 1}"), STOP))
    inputs = [
        e["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for e in events
        if "toolUse" in e.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert inputs == ['{"a":', " 1}"]


def split(text: str, cuts: tuple[int, ...]) -> list[str]:
    return [text[a:b] for a, b in pairwise((0, *cuts, len(text)))]


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>a < b </thin</think>c</think>", "a < b </thin", "c</think>"),
        ("  <think>open", "open", ""),
        ("<thin air", "", "<thin air"),
        ("Say <think>this</think>", "", "Say <think>this</think>"),
        (" \n", "", " \n"),
    ],
)
def test_tags_are_found_wherever_a_text_is_cut(text, reasoning, answer) -> None:
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            tags = ThinkTags()
            told = [each for piece in split(text, (first, second)) for each in tags.feed(piece)]
            told += tags.close()
            assert "".join(t for kind, t in told if kind == "reasoning") == reasoning
            assert "".join(t for kind, t in told if kind == "text") == answer


def test_the_halves_of_a_pair_meet_and_a_lone_one_is_replaced() -> None:
    events = ask(stream(say(f"There: {HALF}"), say(f"\ude00 and {HALF}"), say("!"), STOP))
    assert deltas(events, "text") == "There: \U0001f600 and \ufffd!"
    halves = Surrogates()
    assert halves.feed(HALF) + halves.close() == "\ufffd"


@pytest.mark.parametrize(
    ("chunks", "raised"),
    [
        ([say("You go left at the")], AnswerCutError),
        ([say("You go left at the"), end("error")], AnswerCutError),
        ([say("You go left at the"), end("abort"), DONE], AnswerCutError),
        ([end("insufficient_system_resource"), DONE], ServerError),
        ([say("You"), {"object": "error", "message": "no", "code": 500}, DONE], ServerError),
        ([say("You"), {"choices": [{"error": {"code": 502}, "delta": {}}]}, DONE], ServerError),
        ([{"detail": "The context length is 8192"}, DONE], ContextWindowOverflowException),
        ([{"type": "error", "message": "overloaded"}, DONE], ServerError),
        ([], ServerError),
        ([say("You"), {"error": {"message": "overloaded"}}], ServerError),
        ([{"error": {"message": "insufficient_quota"}}], ServerError),
        (
            [{"error": {"message": "maximum context length is 8192"}}],
            ContextWindowOverflowException,
        ),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure(chunks, raised) -> None:
    with pytest.raises(raised):
        ask(stream(*chunks))


def test_a_page_in_place_of_an_answer_is_a_failure() -> None:
    with pytest.raises(ServerError):
        ask(httpx.Response(200, html="<html>Sign in</html>"))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("content_filter", "content_filtered"),
        ("SAFETY", "content_filtered"),
        ("sensitive", "content_filtered"),
        ("refusal", "refusal"),
        ("model_length", "max_tokens"),
        ("MALFORMED_FUNCTION_CALL", "malformed_tool_use"),
    ],
)
def test_what_ends_an_answer_early_is_told(reason, told) -> None:
    assert stop_reason(ask(stream(say("Half a"), end(reason)))) == told


def test_words_that_refuse_are_kept_and_told_as_that() -> None:
    events = ask(stream(say(None, refusal="I cannot "), say(None, refusal="help."), STOP))
    assert deltas(events, "text") == "I cannot help."
    assert stop_reason(events) == "refusal"


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"},
        {"message": "Unsupported parameter", "param": "max_tokens"},
        {"message": "Unrecognized request argument supplied: max_tokens"},
        "max_tokens: Extra inputs are not permitted",
        [{"type": "extra_forbidden", "loc": ["body", "max_tokens"]}],
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 422])
def test_a_limit_is_sent_under_the_name_that_the_server_takes_from_then_on(error, status) -> None:
    refused = httpx.Response(status, json={"error": error})
    server = Server(refused, stream(say("Hi"), STOP), stream(say("Hi"), STOP))
    assert deltas(asyncio.run(twice(server)), "text") == "HiHi"
    limits = [{k: v for k, v in body.items() if k.startswith("max")} for body in server.asked]
    assert limits == [{"max_tokens": 9}, {"max_completion_tokens": 9}, {"max_completion_tokens": 9}]


async def twice(server: Server) -> list[Any]:
    """Ask the same model two times, each with a client of its own."""
    model = server.model()
    arguments = model.client_args
    events = []
    for _ in range(2):
        http = httpx.AsyncClient(transport=httpx.MockTransport(server.handle))
        model.client_args = {**arguments, "http_client": http}
        question: Any = [{"role": "user", "content": [{"text": "Hello"}]}]
        events += [e async for e in model.stream(question, None, "Be brief.")]
    return events


@pytest.mark.parametrize(
    ("status", "message", "left_out"),
    [
        (400, "Unrecognized request argument supplied: stream_options", "stream_options"),
        (422, "body.stream_options: Extra inputs are not permitted", "stream_options"),
        (400, "System role not supported", "system"),
        (500, "Jinja Exception: System role not supported", "system"),
        (400, "'messages[0].role' does not support 'system' with this model.", "system"),
    ],
)
def test_what_a_server_says_that_it_does_not_take_is_left_out_from_then_on(
    status, message, left_out
) -> None:
    refused = httpx.Response(status, json={"error": {"message": message}})
    server = Server(refused, stream(say("Hi"), STOP), stream(say("Hi"), STOP))
    assert deltas(asyncio.run(twice(server)), "text") == "HiHi"
    first, *later = server.asked
    assert "stream_options" in first
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    for body in later:
        assert left_out not in body
        if left_out == "system":
            [question] = body["messages"]
            assert [part["text"] for part in question["content"]] == ["Be brief.", "Hello"]


def test_each_thing_that_is_refused_is_left_out_and_a_server_that_takes_nothing_is_told() -> None:
    said = ["Use 'max_completion_tokens'", "stream_options: not supported", "Unknown model"]
    refused = [httpx.Response(400, json={"error": {"message": text}}) for text in said]
    server = Server(*refused)
    with pytest.raises(openai.BadRequestError, match="Unknown model"):
        asyncio.run(_ask(server.model()))
    assert "stream_options" not in server.asked[2]
    server = Server(*[httpx.Response(400, json={"error": "max_tokens, not supported"})] * 9)
    with pytest.raises(openai.BadRequestError):
        asyncio.run(_ask(server.model()))
    assert len(server.asked) == 2, "its other name is no name of what was refused"


ROOM = {
    "This model's maximum context length is 4,096 tokens. However, you requested 5020 tokens (20 "
    "in the messages, 5000 in the completion). Please reduce the length of the messages.": 4076,
    "This endpoint's maximum context length is 4096 tokens. However, you requested about 5520 "
    "tokens (20 of text input, 500 of tool input, 5000 in the output).": 3576,
    "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context "
    "length is 4096 tokens and your request has 20 input tokens (5000 > 4096 - 20).": 4076,
    "This model's maximum context length is 4096 tokens. However, you requested 5000 output tokens "
    "and your prompt contains at least 20 input tokens.": 4076,
    "max_tokens is too large: 5000. This model supports at most 4096 completion tokens.": 4096,
    "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens`": 4096,
    "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]": 4096,
    "input length and `max_tokens` exceed context limit: 20 + 5000 > 4096, decrease them": 4076,
    "max_tokens: 5000 > 4096, which is the maximum allowed number of output tokens": 4096,
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 20 `inputs` tokens and 5000": 4076,
}


@pytest.mark.parametrize(("message", "room"), ROOM.items())
def test_a_limit_that_does_not_fit_is_made_smaller_and_not_taken_for_a_long_input(
    message, room
) -> None:
    refused = httpx.Response(400, json={"error": {"message": message}})
    server = Server(refused, stream(say("Hi"), STOP))
    model = server.model()
    model.update_config(params={"max_tokens": 5000})
    assert deltas(asyncio.run(_ask(model)), "text") == "Hi"
    assert [body["max_tokens"] for body in server.asked] == [5000, room]


def test_an_input_that_leaves_no_room_is_told_as_too_long() -> None:
    message = "maximum context length is 4096 tokens and your request has 4090 input tokens"
    said = f"'max_tokens' or 'max_completion_tokens' is too large: 9. This model's {message}"
    with pytest.raises(ContextWindowOverflowException):
        ask(httpx.Response(400, json={"error": {"message": said}}))


OVERFLOWS = {
    "llama.cpp": "the request exceeds the available context size. try increasing the context size",
    "llama.cpp's batch": "input is too large to process. increase the physical batch size",
    "vLLM": "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    "LM Studio": "Trying to keep the first 9 tokens when context the overflows. However, the model "
    "is loaded with context length of only 4 tokens",
    "SGLang": "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "TGI": "Input validation error: `inputs` must have less than 1024 tokens. Given: 1245",
    "LiteLLM": "litellm.ContextWindowExceededError: no more",
    "Gemini": "The input token count (9) exceeds the maximum number of tokens allowed (8).",
    "Groq": "Please reduce the length of the messages or completion.",
    "xAI": "This model's maximum prompt length is 8 but the request contains 9 tokens.",
    "Moonshot": "Invalid request: Your request exceeded model token limit: 8192",
    "Zhipu": "Prompt exceeds max length",
    "DashScope": "Range of input length should be [1, 30720]",
    "Anthropic": "prompt is too long: 9 tokens > 8 maximum",
}


@pytest.mark.parametrize("message", OVERFLOWS.values(), ids=OVERFLOWS)
@pytest.mark.parametrize("status", [400, 500])
def test_each_servers_words_for_a_long_input_are_known(status, message) -> None:
    with pytest.raises(ContextWindowOverflowException):
        ask(httpx.Response(status, json={"error": {"message": message}}))


QUOTAS = [
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    (429, {"error": {"type": "insufficient_quota", "message": "No."}}),
    (429, {"error": {"type": "exceeded_current_quota_error", "message": "suspended"}}),
    (429, {"error": {"code": "1113", "message": "\u4f59\u989d\u4e0d\u8db3"}}),
    (429, [{"error": {"code": 429, "message": "monthly spending limit"}}]),
    (403, {"code": "The caller may not", "error": "Your team has used all available credits"}),
    (403, {"error": {"code": "insufficient_quota", "message": "x"}}),
    (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}),
    (402, {"detail": "no"}),
    (402, "<html>Payment Required"),
    (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
    (400, {"error": {"message": "Budget has been exceeded! Max budget: 1", "code": "400"}}),
    (412, {"error": "Account suspended: monthly spending limit reached"}),
]


@pytest.mark.parametrize(("status", "body"), QUOTAS)
def test_a_quota_that_is_used_up_is_no_busy_server_and_no_wrong_key(status, body) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        ask(httpx.Response(status, content=body if isinstance(body, str) else json.dumps(body)))
    assert meaning_of(failed.value) == "quota"


@pytest.mark.parametrize(
    ("status", "message", "raised"),
    [
        (400, "the request exceeds the available context size", ContextWindowOverflowException),
        (400, "This model's maximum context length is 8192", ContextWindowOverflowException),
        (
            500,
            "trying to keep the first 9 tokens when context length is 4",
            ContextWindowOverflowException,
        ),
        (429, "Rate limit reached", ModelThrottledException),
        (429, "insufficient_quota", openai.RateLimitError),
        (400, "Unknown model", openai.BadRequestError),
    ],
)
def test_a_servers_refusal_is_read_by_its_words(status, message, raised) -> None:
    with pytest.raises(raised):
        ask(httpx.Response(status, json={"error": {"message": message}}))


class Held(httpx.AsyncByteStream):
    """A body that never ends; with an error, it breaks off in its place."""

    def __init__(self, said: bytes, error: Exception | None = None) -> None:
        self._said, self._error = said, error
        self.is_closed = False

    async def __aiter__(self):
        yield self._said
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.is_closed = True


USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}


@pytest.mark.parametrize("error", [None, httpx.ReadError("reset"), httpx.ReadTimeout("slow")])
def test_what_does_not_come_after_a_whole_answer_is_not_waited_for(monkeypatch, error) -> None:
    monkeypatch.setattr(sluice.models.patience, "USAGE_SECONDS", 0.01)
    body = Held(stream(say("Hello"), STOP).content, error)
    events = ask(httpx.Response(200, stream=body))
    assert deltas(events, "text") == "Hello"
    assert stop_reason(events) == "end_turn"
    assert "metadata" not in events[-1]
    assert body.is_closed


def test_an_answer_ends_with_its_usage_though_the_connection_stays_open() -> None:
    body = Held(stream(say("Hello"), STOP, USAGE).content)
    events = ask(httpx.Response(200, stream=body))
    assert events[-1]["metadata"]["usage"]["totalTokens"] == 4
    assert body.is_closed
