"""Every provider through the whole agent, against a server that speaks its service's wire."""

import asyncio
import io
import json
import logging
import threading
from typing import Any

import pytest
import sluice.models.bedrock
import sluice.models.patience
import sluice.models.provider
from model_servers import (
    CALL_ID,
    DIALECTS,
    KEY,
    MODEL_IDS,
    Bedrock,
    Refused,
    Reply,
    Tokens,
)
from sluice.settings import Settings
from sluice.telemetry.logs import ContentFreeFormatter
from stock_agent import SYSTEM_PROMPT
from support import free_socket
from urllib3.exceptions import ProtocolError
from wire_support import said

QUESTION = "What is 25 * 4?"
CALL = Reply(text=("Let ", "me see."), call={"expression": "25 * 4"}, tokens=Tokens(20, 7, 100, 30))
ANSWER = Reply(text=("It ", "is ", "100."), tokens=Tokens(40, 9, 130))
every_provider = pytest.mark.parametrize("provider", DIALECTS)


pytest_plugins = ("provided",)


def types(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def only(events: list[Any], kind: str) -> Any:
    """The one event of a kind."""
    [found] = [event for event in events if event.type.value == kind]
    return found


@every_provider
def test_a_model_calls_the_calculator_and_tells_its_result(provide, provider) -> None:
    with provide(provider, CALL, ANSWER) as (client, _):
        events = client.ask(QUESTION)

    call = only(events, "TOOL_CALL_START")
    arguments = [e for e in events if e.type.value == "TOOL_CALL_ARGS"]
    result = only(events, "TOOL_CALL_RESULT")
    assert call.tool_call_name == "calculator"
    assert {e.tool_call_id for e in (*arguments, result)} == {call.tool_call_id}
    assert json.loads("".join(e.delta for e in arguments)) == {"expression": "25 * 4"}
    assert result.content == "Result: 100"
    words = [e.delta for e in events if e.type.value == "TEXT_MESSAGE_CONTENT"]
    assert "".join(words) == "".join([*CALL.text, *ANSWER.text])
    assert words[0] == CALL.text[0], "the first piece is told as it came"
    assert call.parent_message_id == events[1].message_id
    starts = [e.message_id for e in events if e.type.value == "TEXT_MESSAGE_START"]
    assert len(set(starts)) == 2
    assert types(events)[-1] == "RUN_FINISHED"


USED = {
    # Bedrock counts cached tokens beside the input: 20 + 100 + 30, and 40 + 130.
    "bedrock": {"input": 320, "output": 16, "total": 336, "read": 230, "written": 30},
    "openai": {"input": 60, "output": 16, "total": 76, "read": 230, "written": 0},
    "ollama": {"input": 60, "output": 16, "total": 76, "read": 0, "written": 0},
}


@every_provider
def test_a_run_tells_the_tokens_of_all_its_calls(provide, provider) -> None:
    with provide(provider, CALL, ANSWER) as (client, _):
        [usage] = client.ask(QUESTION)[-1].usage
    assert (usage.provider, usage.model) == (provider, MODEL_IDS[provider])
    assert USED[provider] == {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "total": usage.total_tokens,
        "read": usage.cached_input_tokens,
        "written": usage.cache_write_input_tokens,
    }


# The conversation as the third call of the model must find it: in the service's own format.
HISTORY = {
    "bedrock": [
        {"role": "user", "content": [{"text": QUESTION}]},
        {
            "role": "assistant",
            "content": [
                {"text": "Let me see."},
                {
                    "toolUse": {
                        "toolUseId": CALL_ID,
                        "name": "calculator",
                        "input": {"expression": "25 * 4"},
                    }
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": CALL_ID,
                        "content": [{"text": "Result: 100"}],
                        "status": "success",
                    }
                }
            ],
        },
        {"role": "assistant", "content": [{"text": "It is 100."}]},
        {"role": "user", "content": [{"text": "thanks"}, {"cachePoint": {"type": "default"}}]},
    ],
    "openai": [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "Let me see."}],
            "tool_calls": [
                {
                    "id": CALL_ID,
                    "type": "function",
                    "function": {"name": "calculator", "arguments": '{"expression": "25 * 4"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": CALL_ID, "content": "Result: 100"},
        {"role": "assistant", "content": [{"type": "text", "text": "It is 100."}]},
        {"role": "user", "content": [{"type": "text", "text": "thanks"}]},
    ],
    "ollama": [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": QUESTION},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"function": {"name": "calculator", "arguments": {"expression": "25 * 4"}}}
            ],
        },
        {"role": "tool", "tool_name": "calculator", "content": "Result: 100"},
        {"role": "assistant", "content": "It is 100."},
        {"role": "user", "content": "thanks"},
    ],
}


@every_provider
def test_the_next_turn_sends_the_calls_and_results_before_it(provide, provider) -> None:
    with provide(provider, CALL, ANSWER, Reply(text=("Welcome.",))) as (client, server):
        client.ask(QUESTION)
        assert client.say("thanks") == "Welcome."
    assert server.asked[2].body["messages"] == HISTORY[provider]


@every_provider
def test_the_first_words_arrive_before_the_server_has_said_its_last(
    provide, provider, wire
) -> None:
    hold = threading.Event()
    with (
        provide(provider, Reply(text=("Hello", " you."), hold=hold)) as (client, _),
        client.stream({"prompt": "hello"}) as answer,
    ):
        body = b""
        pieces = answer.iter_bytes()
        while b"TEXT_MESSAGE_CONTENT" not in body:
            body += next(pieces)
        assert not hold.is_set()
        hold.set()
        assert said(wire(body + b"".join(pieces))) == "Hello you."


PROPERTIES = {"expression", "mode", "wrt", "point", "order"}


def sent_to_bedrock(request) -> tuple[str, str, Any]:
    # A colon would be percent-encoded; the ids of inference profiles have none.
    model = request.path.split("/")[2]
    [spec, *_] = request.body["toolConfig"]["tools"]
    return model, request.body["system"][0]["text"], spec["toolSpec"]["inputSchema"]["json"]


def sent_to_a_server(request) -> tuple[str, str, Any]:
    [tool, *_] = request.body["tools"]
    assert (tool["type"], tool["function"]["name"]) == ("function", "calculator")
    system = request.body["messages"][0]["content"]
    return request.body["model"], system, tool["function"]["parameters"]


@every_provider
def test_a_request_names_the_model_the_tool_and_the_system_prompt(provide, provider) -> None:
    with provide(provider, ANSWER) as (client, server):
        client.ask(QUESTION)
    [request] = server.asked
    read = sent_to_bedrock if provider == "bedrock" else sent_to_a_server
    model, system, schema = read(request)
    assert (model, system) == (MODEL_IDS[provider], SYSTEM_PROMPT)
    assert set(schema["properties"]) == PROPERTIES
    assert schema["required"] == ["expression"]
    authorization = request.headers["authorization"]
    if provider == "bedrock":
        assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIATEST/")
        assert "/us-east-1/bedrock/aws4_request" in authorization
    else:
        assert authorization == f"Bearer {KEY}"
        assert request.body["stream"] is True


@pytest.mark.parametrize(("provider", "sent"), [("openai", "Bearer none"), ("ollama", None)])
def test_a_server_without_a_key_needs_none(provide, provider, sent) -> None:
    with provide(provider, ANSWER, SLUICE_MODEL_KEY="") as (client, server):
        assert client.say(QUESTION) == "It is 100."
    assert server.asked[0].headers.get("authorization") == sent


@pytest.mark.usefixtures("released")
@every_provider
def test_t8_neither_prompt_nor_key_nor_the_servers_words_are_logged(provide, provider) -> None:
    canary = "CANARY-77ab"
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ContentFreeFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        script = (Reply(text=(canary,)), Reply(text=(canary,), fault=canary))
        with provide(provider, *script) as (client, _):
            assert client.say(f"My secret is {canary}") == canary
            client.ask(f"My secret is {canary}")
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    logged = written.getvalue()
    assert "the model failed: answer_cut" in logged
    assert canary not in logged
    assert KEY not in logged


FIXES = {
    "model_access_denied": {
        "bedrock": "allow bedrock:InvokeModelWithResponseStream",
        "openai": "check SLUICE_MODEL_KEY",
        "ollama": "check SLUICE_MODEL_KEY",
    },
    "model_unavailable": {
        "bedrock": "check SLUICE_MODEL_ID, SLUICE_MODEL_REGION, SLUICE_MAX_TOKENS",
        "openai": "set SLUICE_MODEL_ID to a model that the server has and that can call tools",
        "ollama": "run `ollama pull llama-test`, or set SLUICE_MODEL_ID to a model that",
    },
}
REFUSED = {
    "bedrock": {
        "model_access_denied": Refused(403, "AccessDeniedException"),
        "model_unavailable": Refused(404, "ResourceNotFoundException"),
    },
    "openai": {
        "model_access_denied": Refused(401, "invalid_request_error", "Incorrect API key"),
        "model_unavailable": Refused(404, "invalid_request_error", "The model does not exist"),
    },
    "ollama": {
        "model_access_denied": Refused(401, "", "unauthorized"),
        "model_unavailable": Refused(404, "", "model 'llama-test' not found"),
    },
}


@every_provider
@pytest.mark.parametrize("code", FIXES)
def test_a_wrong_key_and_an_unknown_model_name_the_mend(provide, provider, code) -> None:
    refused = REFUSED[provider][code]
    with provide(provider, refused) as (client, server):
        events = client.ask(QUESTION)
    assert types(events) == ["RUN_STARTED", "RUN_ERROR"]
    assert events[-1].code == code
    assert FIXES[code][provider] in events[-1].message
    assert refused.message not in events[-1].message
    assert len(server.asked) == 1, "what cannot succeed is not tried again"


@every_provider
def test_a_server_that_is_not_running_is_told_with_its_setting(run_on, provider) -> None:
    with free_socket() as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with run_on(url, provider) as client:
        error = client.ask(QUESTION)[-1]
    assert error.code == "model_unavailable"
    setting = "SLUICE_MODEL_REGION" if provider == "bedrock" else "SLUICE_MODEL_URL"
    assert "cannot be reached" in error.message
    assert setting in error.message
    assert provider == "bedrock" or url in error.message


@pytest.mark.usefixtures("released")
@every_provider
def test_a_server_that_falls_silent_is_given_up(provide, provider, monkeypatch) -> None:
    for name in ("BEDROCK_SECONDS", "SERVER_SECONDS"):
        monkeypatch.setattr(sluice.models.provider, name, 0.2)
    hold = threading.Event()
    with provide(provider, Reply(text=("Hello",), hold=hold)) as (client, _):
        events = client.ask(QUESTION)
        hold.set()
    assert said(events) == "Hello"
    assert events[-1].code == "answer_cut"


@pytest.mark.parametrize("breaks", [True, False])
def test_bedrocks_usage_that_does_not_come_leaves_the_answer_whole(monkeypatch, breaks) -> None:
    monkeypatch.setattr(sluice.models.patience, "USAGE_SECONDS", 0.01)

    async def events() -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"messageStop": {"stopReason": "end_turn"}}
        if breaks:
            raise ProtocolError("the connection broke")
        await asyncio.Event().wait()

    assert asyncio.run(checked(events())) == "end_turn"


@pytest.mark.parametrize(
    ("calls", "reason", "told"),
    [
        (True, "tool_use", "tool_use"),
        (True, "end_turn", "tool_use"),
        (True, "max_tokens", "max_tokens"),
        (False, "tool_use", "end_turn"),
        (False, "content_filtered", "content_filtered"),
    ],
)
def test_bedrocks_answer_ends_for_a_call_exactly_when_it_has_one(calls, reason, told) -> None:
    async def events() -> Any:
        if calls:
            yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "x", "name": "f"}}}}
        yield {"messageStop": {"stopReason": reason}}

    assert asyncio.run(checked(events())) == told


async def checked(events: Any) -> str:
    """The stop reason of an answer."""
    read = [event async for event in sluice.models.bedrock._checked(events)]
    return read[-1]["messageStop"]["stopReason"]


FAULTS = {
    "bedrock": [
        "modelStreamErrorException",
        "internalServerException",
        "serviceUnavailableException",
        "validationException",
    ],
    "openai": ["server_error"],
    "ollama": ["an error was encountered while running the model"],
}


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("provider", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults]
)
def test_a_failure_in_mid_answer_keeps_what_was_said(provide, provider, fault) -> None:
    with provide(provider, Reply(text=("Half", " an"), fault=fault), ANSWER) as (client, server):
        events = client.ask(QUESTION)
        assert client.say("again") == "It is 100."
    assert said(events) == "Half an"
    assert types(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert events[-1].code == "answer_cut"
    assert fault not in events[-1].message
    assert len(server.asked) == 2, "what has begun to speak is not asked again unasked"
    assert "Half an" in json.dumps(server.asked[1].body), "the model knows what it had said"


@pytest.mark.usefixtures("released")
@every_provider
def test_a_connection_that_breaks_in_mid_answer_keeps_what_was_said(provide, provider) -> None:
    with provide(provider, Reply(text=("Half", " an"), cut=True)) as (client, _):
        events = client.ask(QUESTION)
    assert said(events) == "Half an"
    assert types(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert events[-1].code == "answer_cut"


@every_provider
def test_an_answer_at_the_output_limit_is_told_as_too_long(provide, provider) -> None:
    with provide(provider, Reply(text=("Once", " upon"), stop="length")) as (client, _):
        events = client.ask("Tell a story")
    assert said(events) == "Once upon"
    assert events[-1].code == "answer_too_long"


BUSY = {
    "bedrock": Refused(429, "ThrottlingException", "Too many requests"),
    "openai": Refused(429, "rate_limit_error", "Rate limit reached"),
    "ollama": Refused(429, "", "too many requests"),
}
# A run asks 4 times, and Bedrock's client 2 times each.
TRIES = {"bedrock": 8, "openai": 4, "ollama": 4}


@every_provider
def test_f7_a_busy_model_is_asked_again_and_each_wait_is_told(provide, provider) -> None:
    with provide(provider, *[BUSY[provider]] * TRIES[provider]) as (client, server):
        events = client.ask(QUESTION)
    assert types(events) == ["RUN_STARTED", "CUSTOM", "CUSTOM", "CUSTOM", "RUN_ERROR"]
    assert {event.name for event in events[1:-1]} == {"model_retry"}
    said = f"{MODEL_IDS[provider]} is busy; it is asked again in 0 s."
    assert events[1].value == {"message": said, "seconds": 0.0}
    assert events[-1].code == "model_throttled"
    assert len(server.asked) == TRIES[provider]


FAILING = {
    "bedrock": Refused(503, "ServiceUnavailableException"),
    "openai": Refused(500, "server_error"),
    "ollama": Refused(500, "", "llama runner process has terminated"),
}


@every_provider
@pytest.mark.parametrize("refused", [BUSY, FAILING])
def test_a_model_that_was_busy_or_failed_for_a_moment_answers(provide, provider, refused) -> None:
    with provide(provider, refused[provider], ANSWER) as (client, server):
        assert client.say(QUESTION) == "It is 100."
    assert len(server.asked) == 2


@pytest.mark.usefixtures("released")
def test_bedrock_throttled_in_mid_answer_is_kept_and_sent_with_the_whole_answer_alone(
    provide,
) -> None:
    half = Reply(text=("It ",), fault="throttlingException")
    with provide("bedrock", ANSWER, half, ANSWER, ANSWER) as (client, server):
        client.ask("What is 10 * 10?")
        events = client.ask(QUESTION)
        client.ask("thanks")
        stored = client.act("get", threadId="thread-1")
    snapshot = only(events, "MESSAGES_SNAPSHOT")
    assert [m.content for m in snapshot.messages] == ["What is 10 * 10?", "It is 100.", QUESTION]
    assert types(events)[-1] == "RUN_FINISHED"
    assert [m["content"] for m in stored["runs"][1]["messages"]] == [QUESTION, "It is 100."]
    sent = [m["content"][0]["text"] for m in server.asked[-1].body["messages"]]
    assert sent == ["What is 10 * 10?", "It is 100.", QUESTION, "It is 100.", "thanks"]


@every_provider
def test_reasoning_is_told_apart_from_the_answer(provide, provider) -> None:
    thought = Reply(reasoning=("Simple ", "sum."), text=("100",))
    with provide(provider, thought) as (client, _):
        events = client.ask(QUESTION)
    reasoning = [e.delta for e in events if e.type.value == "REASONING_MESSAGE_CONTENT"]
    assert reasoning == ["Simple ", "sum."]
    assert said(events) == "100"
    assert types(events).index("REASONING_END") < types(events).index("TEXT_MESSAGE_START")


def test_a_server_that_reasons_and_then_calls_a_tool_is_answered(provide) -> None:
    thought = Reply(reasoning=("Simple ", "sum."), call={"expression": "25 * 4"})
    with provide("openai", thought, ANSWER) as (client, server):
        events = client.ask(QUESTION)
    assert said(events) == "It is 100."
    assert server.asked[1].body["messages"][-1]["content"] == "Result: 100"


def test_ollama_gets_its_reasoning_back_within_a_run(provide) -> None:
    thought = Reply(reasoning=("Simple ", "sum."), call={"expression": "25 * 4"})
    with provide("ollama", thought, ANSWER) as (client, server):
        client.ask(QUESTION)
    assert server.asked[1].body["messages"][2]["thinking"] == "Simple sum."


def test_bedrock_gets_its_reasoning_back_with_the_signature(provide) -> None:
    thought = Reply(reasoning=("Simple ", "sum."), call={"expression": "25 * 4"})
    with provide("bedrock", thought, ANSWER) as (client, server):
        client.ask(QUESTION)
    reasoning = {"text": "Simple sum.", "signature": Bedrock.SIGNATURE}
    first = server.asked[1].body["messages"][1]["content"][0]
    assert first == {"reasoningContent": {"reasoningText": reasoning}}


def test_bedrock_is_told_what_to_cache(provide) -> None:
    point = {"cachePoint": {"type": "default"}}
    with provide("bedrock", CALL, ANSWER) as (client, server):
        client.ask(QUESTION)
    for request in server.asked:
        # What is cached is a prefix of tools, system and messages: this point covers the tools.
        assert request.body["system"] == [{"text": SYSTEM_PROMPT}, point]
        contents = [message["content"] for message in request.body["messages"]]
        assert contents[-1][-1] == point, "each call reads what the one before it wrote"
        assert json.dumps(contents).count("cachePoint") == 1


LIMITS = {
    "bedrock": lambda body: body["inferenceConfig"]["maxTokens"],
    "openai": lambda body: body["max_tokens"],
    "ollama": lambda body: body["options"]["num_predict"],
}


@every_provider
def test_t6_a_model_is_told_how_much_it_may_write(provide, provider) -> None:
    with provide(provider, ANSWER, SLUICE_MAX_TOKENS="1234") as (client, server):
        client.ask(QUESTION)
    assert LIMITS[provider](server.asked[0].body) == 1234


def test_t6_openai_itself_is_told_by_the_name_that_its_newer_models_take() -> None:
    openai = {"SLUICE_MODEL": "openai", "SLUICE_MODEL_ID": "m", "SLUICE_CONVERSATIONS": "c"}
    model = sluice.models.provider.make_model(Settings.read(openai))
    assert model.get_config()["params"] == {"max_completion_tokens": 16_000}


THINKING = {
    "global.anthropic.claude-sonnet-4-6": {"type": "enabled", "budget_tokens": 2000},
    "eu.anthropic.claude-sonnet-4-20250514-v1:0": {"type": "enabled", "budget_tokens": 2000},
    "anthropic.claude-opus-4-7": {"type": "adaptive", "display": "summarized"},
}


@pytest.mark.parametrize("model", THINKING)
def test_claude_is_asked_to_reason_in_the_way_it_takes(provide, model) -> None:
    thinking = {"SLUICE_THINKING": "2000", "SLUICE_MODEL_ID": model}
    with provide("bedrock", ANSWER, **thinking) as (client, server):
        client.ask(QUESTION)
    assert server.asked[0].body["additionalModelRequestFields"] == {"thinking": THINKING[model]}


def test_without_a_budget_nothing_is_said_of_reasoning(provide) -> None:
    with provide("bedrock", ANSWER) as (client, server):
        client.ask(QUESTION)
    assert "additionalModelRequestFields" not in server.asked[0].body


@pytest.mark.parametrize(
    ("thinking", "model", "fix"),
    [
        ("16000", MODEL_IDS["bedrock"], "less than SLUICE_MAX_TOKENS, which is 16000"),
        ("1000", MODEL_IDS["bedrock"], "to 1024 or more"),
        ("2000", "amazon.nova-pro-v1:0", "set it to 0"),
    ],
)
def test_reasoning_that_bedrock_would_reject_is_refused_with_the_mend(
    provide, thinking, model, fix
) -> None:
    with provide("bedrock", SLUICE_THINKING=thinking, SLUICE_MODEL_ID=model) as (client, server):
        error = client.ask(QUESTION)[-1]
    assert error.code == "model_unavailable"
    assert fix in error.message
    assert not server.asked
