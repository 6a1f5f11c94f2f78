"""The local Bedrock, asked as every program asks Bedrock: by boto3."""

import asyncio
import base64
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from checkout import ROOT
from pydantic import BaseModel
from strands import Agent
from strands_tools import calculator
from support import serve

from local.bedrock import Bedrock, event_stream
from local.bedrock.errors import IN_STREAM, MODEL, STATUSES
from local.bedrock.failures import FORGET_SECONDS, Failure, Failures
from local.bedrock.sample import sample
from local.model import ModelChoice

MODEL_ID = "us.anthropic.claude-test-1"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"
CALCULATOR = {
    "toolSpec": {
        "name": "calculator",
        "inputSchema": {"json": {"type": "object", "properties": {"expression": {}}}},
    }
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def url(log: list[str]) -> Iterator[str]:
    with serve(Bedrock(log.append)) as url:
        yield url


@pytest.fixture(scope="module")
def make_client() -> Callable[..., Any]:
    def make(url: str, attempts: int = 1) -> Any:
        retries = {"mode": "standard", "total_max_attempts": attempts}
        return boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="key",
            config=Config(retries=retries, read_timeout=10),
        )

    return make


@pytest.fixture(scope="module")
def client(url: str, make_client: Callable[..., Any]) -> Iterator[Any]:
    client = make_client(url)
    yield client
    client.close()


def person(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def asked(*messages: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    given = [person(each) if isinstance(each, str) else each for each in messages]
    return {"modelId": MODEL_ID, "messages": given} | more


def stream(client: Any, *messages: str | dict[str, Any], **more: Any) -> list[Any]:
    return list(listen(client, *messages, **more))


def listen(client: Any, *messages: str | dict[str, Any], **more: Any) -> Iterator[Any]:
    """The events one by one; the connection is closed with them, which botocore leaves undone when
    a stream ends with an error."""
    with contextlib.closing(client.converse_stream(**asked(*messages, **more))["stream"]) as events:
        yield from events


def text_of(events: list[Any]) -> str:
    deltas = [
        event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event
    ]
    return "".join(delta.get("text", "") for delta in deltas)


def test_an_answer_streams_as_bedrocks_does(client: Any) -> None:
    first, *deltas, stop, end, report = stream(client, "Hello")
    assert first == {"messageStart": {"role": "assistant"}}
    assert all(delta["contentBlockDelta"]["contentBlockIndex"] == 0 for delta in deltas)
    assert text_of(deltas).startswith("Hello!")
    assert stop == {"contentBlockStop": {"contentBlockIndex": 0}}
    assert end == {"messageStop": {"stopReason": "end_turn"}}
    usage = report["metadata"]["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0
    assert report["metadata"]["metrics"]["latencyMs"] >= 0


@pytest.mark.parametrize("model_id", [MODEL_ID, ARN, "offline"])
def test_any_model_answers(client: Any, model_id: str) -> None:
    answer = client.converse(modelId=model_id, messages=[person("Hello")])
    assert "Hello!" in answer["output"]["message"]["content"][0]["text"]


def test_a_tool_is_called_in_pieces_and_its_result_is_read(client: Any) -> None:
    tools = {"tools": [CALCULATOR, {"cachePoint": {"type": "default"}}]}
    events = stream(client, "What is 25 * 4?", toolConfig=tools)
    start = next(event["contentBlockStart"] for event in events if "contentBlockStart" in event)
    assert start["contentBlockIndex"] == 1
    use = start["start"]["toolUse"]
    pieces = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in events
        if event.get("contentBlockDelta", {}).get("contentBlockIndex") == 1
    ]
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == {"expression": "25 * 4"}
    assert {"messageStop": {"stopReason": "tool_use"}} in events

    call = {"role": "assistant", "content": [{"toolUse": use | {"input": {"expression": "25*4"}}}]}
    result = {"toolUseId": use["toolUseId"], "content": [{"text": "Result: 100"}]}
    answered = {"role": "user", "content": [{"toolResult": result}]}
    assert "= 100" in text_of(stream(client, "25*4", call, answered, toolConfig=tools))


def test_converse_answers_the_same_at_once(client: Any) -> None:
    answer = client.converse(
        **asked(
            "Think about 25 * 4",
            toolConfig={"tools": [CALCULATOR]},
            additionalModelRequestFields=THINKING,
        )
    )
    reasoning, text, call = answer["output"]["message"]["content"]
    assert reasoning["reasoningContent"]["reasoningText"]["signature"]
    assert text == {"text": "Let me calculate that."}
    assert call["toolUse"]["input"] == {"expression": "25 * 4"}
    assert answer["stopReason"] == "tool_use"
    assert answer["usage"]["outputTokens"] > 0
    assert answer["metrics"]["latencyMs"] >= 0


def test_it_reasons_when_it_may_and_wants_its_reasoning_back_unchanged(client: Any) -> None:
    tools = {"tools": [CALCULATOR]}
    question = "Think about 25 * 4"
    silent = client.converse(**asked(question, toolConfig=tools))
    assert "reasoningContent" not in silent["output"]["message"]["content"][0]

    more = {"toolConfig": tools, "additionalModelRequestFields": THINKING}
    said = client.converse(**asked(question, **more))["output"]["message"]
    result = {"toolUseId": said["content"][-1]["toolUse"]["toolUseId"], "content": [{"text": "1"}]}
    back = {"role": "user", "content": [{"toolResult": result}]}
    assert client.converse(**asked(question, said, back, **more))
    said["content"][0]["reasoningContent"]["reasoningText"]["text"] += "!"
    with pytest.raises(ClientError, match="Invalid `signature`"):
        client.converse(**asked(question, said, back, **more))


def test_reasoning_streams_before_its_signature(client: Any) -> None:
    events = stream(client, "Think about the sea", additionalModelRequestFields=THINKING)
    thought = [
        event["contentBlockDelta"]["delta"]["reasoningContent"]
        for event in events
        if event.get("contentBlockDelta", {}).get("contentBlockIndex") == 0
    ]
    assert len(thought) > 2
    assert all("text" in piece for piece in thought[:-1])
    assert base64.b64decode(thought[-1]["signature"], validate=True)


def test_t6_it_writes_no_more_tokens_than_it_may(client: Any) -> None:
    events = stream(client, "Count to 5000", inferenceConfig={"maxTokens": 10})
    assert events[-2] == {"messageStop": {"stopReason": "max_tokens"}}
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 10
    assert len(text_of(events)) == 40


def test_a_call_that_is_cut_off_has_no_arguments(client: Any) -> None:
    answer = client.converse(
        **asked("25 * 4", toolConfig={"tools": [CALCULATOR]}, inferenceConfig={"maxTokens": 7})
    )
    assert answer["stopReason"] == "max_tokens"
    assert answer["output"]["message"]["content"][-1]["toolUse"]["input"] == {}


@pytest.mark.parametrize(("stops", "said"), [([", 8", ", 5"], "1, 2, 3, 4"), (["2, 3"], "1, ")])
def test_a_stop_sequence_ends_it_and_is_not_said(client: Any, stops: list[str], said: str) -> None:
    events = stream(client, "Count to 9", inferenceConfig={"stopSequences": stops})
    assert text_of(events) == said
    assert events[-2] == {"messageStop": {"stopReason": "stop_sequence"}}


def test_a_stop_sequence_that_does_not_come_changes_nothing(client: Any) -> None:
    events = stream(client, "Count to 9", inferenceConfig={"stopSequences": ["sea"]})
    assert text_of(events).startswith("1, 2, 3, 4, 5, 6, 7, 8, 9")
    assert events[-2] == {"messageStop": {"stopReason": "end_turn"}}


def test_a_system_prompt_and_cache_points_are_taken(client: Any) -> None:
    point = {"cachePoint": {"type": "default"}}
    question = {"role": "user", "content": [{"text": "Hello"}, point]}
    without = client.converse(**asked("Hello"))["usage"]["inputTokens"]
    usage = client.converse(**asked(question, system=[{"text": "Be brief. " * 8}, point]))["usage"]
    assert usage["inputTokens"] > without
    assert usage["cacheReadInputTokens"] == usage["cacheWriteInputTokens"] == 0


def test_a_guardrail_is_taken_and_the_log_says_once_that_it_does_nothing(
    client: Any, log: list[str]
) -> None:
    guardrail = {"guardrailIdentifier": "abc123", "guardrailVersion": "1"}
    for _ in range(2):
        assert stream(client, "Hello", guardrailConfig=guardrail)
    assert sum("guardrail abc123 is not played" in line for line in log) == 1


def test_pictures_and_documents_are_received(client: Any) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"12345"}}}
    document = {"document": {"name": "A plan", "format": "txt", "source": {"bytes": b"123"}}}
    said = {"role": "user", "content": [image, document, {"text": "Hello"}]}
    assert "(png, 5 bytes)" in text_of(stream(client, said))


@pytest.mark.parametrize("choice", [{"any": {}}, {"tool": {"name": "make_point"}}])
def test_a_tool_that_has_to_be_called_is_called_with_what_fits(
    client: Any, choice: dict[str, Any]
) -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": "integer", "minimum": 3}, "name": {"type": "string"}},
        "required": ["x", "name"],
    }
    spec = {"toolSpec": {"name": "make_point", "inputSchema": {"json": schema}}}
    answer = client.converse(
        **asked("Hello", toolConfig={"tools": [spec, CALCULATOR], "toolChoice": choice})
    )
    (call,) = answer["output"]["message"]["content"]
    assert call["toolUse"]["name"] == "make_point"
    assert call["toolUse"]["input"] == {"x": 3, "name": "offline"}


def test_an_answer_fits_the_schema_that_it_is_asked_for(client: Any) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"jsonSchema": {"name": "answer", "schema": json.dumps(schema)}}
    config = {"textFormat": {"type": "json_schema", "structure": form}}
    answer = client.converse(**asked("Hello", outputConfig=config))
    assert json.loads(answer["output"]["message"]["content"][0]["text"]) == {"ok": False}


SAMPLES: list[tuple[Any, Any]] = [
    ({"const": 5}, 5),
    ({"enum": ["b", "a"]}, "b"),
    ({"type": ["null", "string"]}, None),
    ({"type": "string", "format": "date"}, "2026-01-01"),
    ({"type": "string", "minLength": 9}, "offline.."),
    ({"type": "string", "maxLength": 3}, "off"),
    ({"type": "number", "exclusiveMinimum": 1}, 2),
    ({"type": "number", "maximum": -2}, -2),
    ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"type": "integer"}]}}}, 0),
    ({"$ref": "#/$defs/Nowhere"}, None),
    ({"properties": {"a": {}}}, {}),
    (True, None),
]


@pytest.mark.parametrize(("schema", "value"), SAMPLES)
def test_a_sample_fits_its_schema(schema: Any, value: Any) -> None:
    assert sample(schema) == value


def test_a_sample_of_a_schema_without_end_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert sample(node)


@pytest.mark.parametrize("name", STATUSES)
def test_every_documented_error_comes_when_it_is_asked_for(client: Any, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        stream(client, f"Fail with {name}")
    assert caught.value.response["Error"]["Code"] == name
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[name]
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("name", IN_STREAM)
def test_every_error_of_a_stream_comes_after_its_first_words(client: Any, name: str) -> None:
    said = []
    with pytest.raises(EventStreamError) as caught:
        said.extend(listen(client, f"Fail with {name} in the middle"))
    assert text_of(said)
    assert caught.value.response["Error"]["Code"] == IN_STREAM[name]


def test_an_error_of_streams_is_converses_own(client: Any) -> None:
    with pytest.raises(ClientError, match="ModelErrorException"):
        client.converse(**asked("Fail with ModelStreamErrorException"))


def test_it_fails_as_often_as_it_is_asked_to(client: Any) -> None:
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(ClientError, match="ThrottlingException"):
                stream(client, "Fail twice")
        assert text_of(stream(client, "Fail twice")).startswith("Now it works.")
    with pytest.raises(EventStreamError):
        stream(client, "Fail once in the middle")
    assert text_of(stream(client, "Fail once in the middle")).startswith("Now it works.")


def test_the_attempts_of_one_call_fail_together(url: str, make_client: Callable[..., Any]) -> None:
    """Else botocore would hide a failure from who is to see it."""
    client = make_client(url, attempts=2)
    with pytest.raises(ClientError) as caught:
        stream(client, "Fail once with InternalServerException")
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1
    assert stream(client, "Fail once with InternalServerException")
    client.close()


def test_a_count_that_nobody_went_on_with_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    failures, failure = Failures(), Failure("ThrottlingException", 1)
    assert failures.is_due(failure, [], "a")
    now[0] += FORGET_SECONDS + 1
    assert failures.is_due(failure, [], "b")
    assert not failures.is_due(failure, [], "c")


def test_two_conversations_are_counted_apart() -> None:
    failures, failure = Failures(), Failure("ThrottlingException", 1)
    assert failures.is_due(failure, ["one"], "a")
    assert failures.is_due(failure, ["two"], "b")
    assert not failures.is_due(failure, ["one"], "c")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as http:
        yield http


SIGNED = (
    "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, "MissingAuthenticationTokenException"),
        (SIGNED.format("s3"), "InvalidSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=any", "InvalidSignatureException"),
        ("Basic YTpi", "InvalidSignatureException"),
        (SIGNED.format("bedrock"), None),
        ("Bearer bedrock-api-key-abc", None),
    ],
)
def test_a_request_is_signed_for_bedrock_by_whomever(
    url: str, http: httpx.Client, authorization: str | None, error: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    body = {"messages": [person("Hello")]}
    answer = http.post(f"{url}/model/any.model/converse", json=body, headers=headers)
    assert answer.headers.get("x-amzn-errortype") == error
    assert answer.status_code == (403 if error else 200)


def test_what_is_not_played_says_so(client: Any) -> None:
    with pytest.raises(ClientError, match="does not play InvokeModel: it answers Converse") as told:
        client.invoke_model(modelId="cohere.embed-v4:0", body=b"{}")
    assert told.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="does not play CountTokens"):
        client.count_tokens(modelId=MODEL_ID, input={"invokeModel": {"body": b"{}"}})
    with pytest.raises(ClientError, match="does not play ListAsyncInvokes"):
        client.list_async_invokes()


@pytest.mark.parametrize(
    ("method", "path", "content", "error"),
    [
        ("GET", "/model/a/converse", b"", "UnknownOperationException"),
        ("POST", "/", b"", "UnknownOperationException"),
        ("POST", "/model/a/converse/", b"", "UnknownOperationException"),
        ("POST", "/model/a/converse", b"{", "SerializationException"),
        ("POST", "/model/a/converse", b"[]", "SerializationException"),
        ("POST", "/model/a/converse", b"[" * 100_000, "SerializationException"),
        ("POST", "/model/a/converse", b"\xff", "SerializationException"),
    ],
)
def test_what_is_no_request_is_refused_in_awss_form(
    url: str, http: httpx.Client, method: str, path: str, content: bytes, error: str
) -> None:
    headers = {"Authorization": SIGNED.format("bedrock")}
    answer = http.request(method, url + path, content=content, headers=headers)
    assert answer.headers["x-amzn-errortype"] == error
    assert answer.json().keys() == {"message"}


def test_no_words_of_a_person_are_in_the_log(client: Any, log: list[str]) -> None:
    with pytest.raises(ClientError):
        client.converse(**asked("canary", {"role": "assistant", "content": [{"text": "canary"}]}))
    assert log
    assert not any("canary" in line for line in log)


def test_the_event_stream_is_the_one_botocore_parses() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event_stream.event("messageStop", {"stopReason": "end_turn"}))
    buffer.add_data(event_stream.exception("throttlingException", "slow down, caf\u00e9"))
    event, error = buffer
    assert event.headers == {
        ":event-type": "messageStop",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert json.loads(event.payload) == {"stopReason": "end_turn"}
    assert error.headers[":exception-type"] == "throttlingException"
    assert json.loads(error.payload) == {"message": "slow down, caf\u00e9"}


def test_what_botocore_declares_is_there() -> None:
    members = MODEL.operation_model("ConverseStream").output_shape.members["stream"].members
    assert set(IN_STREAM.values()) <= set(members)


@pytest.mark.anyio
async def test_it_is_silent_before_its_first_byte_and_ends_when_its_client_goes() -> None:
    """The request is cancelled in its silence, and nothing is sent."""
    gone, sent = asyncio.Event(), []
    body = json.dumps({"messages": [person("Be silent for 60 seconds")]}).encode()
    messages = [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/model/any/converse-stream",
        "headers": [(b"authorization", b"Bearer key")],
    }
    answering = asyncio.ensure_future(Bedrock(print)(scope, receive, send))
    done, _ = await asyncio.wait((answering,), timeout=0.05)
    assert not done
    gone.set()
    await answering
    assert sent == []


def test_pieces_come_one_by_one_where_there_is_a_pause(make_client: Callable[..., Any]) -> None:
    with serve(Bedrock(print, delay=0.02)) as url:
        client = make_client(url)
        pieces = listen(client, "Count to 3")
        assert next(pieces) == {"messageStart": {"role": "assistant"}}
        assert len(list(pieces)) > 3
        client.close()


def test_many_are_answered_at_once(client: Any) -> None:
    barrier = threading.Barrier(5)

    def ask(number: int) -> str:
        barrier.wait(5)
        return text_of(stream(client, f"Count to {number}"))

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(ask, range(1000, 1005)))
    assert all(f", {1000 + n}\n" in answer for n, answer in enumerate(answers))


def test_a_strands_agent_runs_as_it_is_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its default model, as the tutorial's has it, and with an answer of a form."""

    class Person(BaseModel):
        name: str
        tags: list[str]

    for name, value in ModelChoice.of(None, "bedrock", url).environment.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    agent = Agent(tools=[calculator], callback_handler=None)
    assert "25 * 4 = 100" in str(agent("What is 25 * 4?"))
    formed = Agent(structured_output_model=Person, callback_handler=None)("Ada")
    assert formed.structured_output == Person(name="offline", tags=[])
    agent.model.client.close()


def test_it_runs_by_itself_for_any_program(make_client: Callable[..., Any]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "local.bedrock"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            client = make_client(process.stdout.readline().strip())
            assert client.converse(**asked("Hello"))["stopReason"] == "end_turn"
            client.close()
        finally:
            process.terminate()
