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
from sluice.models.errors import AnswerCutError, ServerError
from sluice.models.openai_compatible import OpenAICompatibleModel
from sluice.models.text_stream import Surrogates, ThinkTags
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

DONE = "[DONE]"
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def say(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **more}}]}


def call(arguments: Any, index: Any = 0, **more: Any) -> dict[str, Any]:
    function = {"name": "calculator", "arguments": arguments}
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
    ],
)
def test_reasoning_is_kept_out_of_the_answer(chunks) -> None:
    events = ask(stream(*chunks, STOP))
    assert deltas(events, "reasoning") == "It is early."
    assert deltas(events, "text") == "Yes."


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


def test_a_filter_that_cuts_an_answer_is_told() -> None:
    assert stop_reason(ask(stream(say("Half a"), end("content_filter")))) == "content_filtered"


def test_a_limit_is_sent_under_the_name_that_the_server_takes_from_then_on() -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    refused = httpx.Response(400, json={"error": {"message": said}})
    server = Server(refused, stream(say("Hi"), STOP), stream(say("Hi"), STOP))

    async def twice() -> list[Any]:
        first, second = server.model(), None
        events = await _ask(first)
        # The client of the first is closed with its call.
        second = server.model()
        second.update_config(params=first.get_config()["params"])
        return [*events, *await _ask(second)]

    assert deltas(asyncio.run(twice()), "text") == "HiHi"
    limits = [{k: v for k, v in body.items() if k.startswith("max")} for body in server.asked]
    assert limits == [{"max_tokens": 9}, {"max_completion_tokens": 9}, {"max_completion_tokens": 9}]


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
