"""AgentCore's HTTP contract, judged by bedrock-agentcore: the same requests to its app and ours."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bedrock_agentcore import BedrockAgentCoreApp
from starlette.responses import StreamingResponse
from strands import tool
from support import serve
from wire_support import make_token

HEADERS = {"Authorization": f"Bearer {make_token()}"}


@pytest.fixture(scope="module")
def judge() -> Iterator[str]:
    """The SDK's own app with an agent that streams; it runs on a server of its own."""
    app = BedrockAgentCoreApp()

    @app.entrypoint
    def answer(_payload: Any) -> StreamingResponse:
        return StreamingResponse(iter([b"data: {}\n\n"]), media_type="text/event-stream")

    with serve(app) as url:
        yield url


def ask(url: str, method: str, path: str, **request: Any) -> httpx.Response:
    with httpx.Client(timeout=20, trust_env=False) as http:
        return http.request(method, f"{url}{path}", headers=HEADERS, **request)


def test_ping_has_the_fields_and_types_of_the_sdk(client, judge) -> None:
    ours, theirs = ask(client.url, "GET", "/ping"), ask(judge, "GET", "/ping")
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    told, expected = ours.json(), theirs.json()
    assert {k: type(v) for k, v in told.items()} == {k: type(v) for k, v in expected.items()}
    assert told["status"] == expected["status"] == "Healthy"
    assert abs(told["time_of_last_update"] - expected["time_of_last_update"]) < 60


def test_a_message_is_answered_as_the_sdk_answers_a_streaming_response(client, judge) -> None:
    message = {"prompt": "hi"}
    answers = [ask(url, "POST", "/invocations", json=message) for url in (client.url, judge)]
    for header in ("content-type", "transfer-encoding"):
        assert answers[0].headers[header] == answers[1].headers[header]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/invocations"),
        ("PUT", "/invocations"),
        ("POST", "/ping"),
        ("GET", "/"),
        ("POST", "/invoke"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
    ],
)
def test_what_is_no_part_of_the_contract_is_refused_as_the_sdk_does(
    client, judge, method: str, path: str
) -> None:
    ours, theirs = ask(client.url, method, path), ask(judge, method, path)
    assert ours.status_code == theirs.status_code in (404, 405)
    assert ours.text == theirs.text
    assert ours.headers.get("allow") == theirs.headers.get("allow")


def test_a_slash_too_many_is_not_redirected(client) -> None:
    assert ask(client.url, "POST", "/invocations/", json={"prompt": "hi"}).status_code == 404


def test_the_time_of_a_status_moves_only_with_it(run_agent, until, monkeypatch) -> None:
    """One that moved with every ping would keep a session alive for ever."""
    now = [1_000.9]
    monkeypatch.setattr("sluice.runs.registry.time.time", lambda: now[0])
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5") as client:

        def status() -> tuple[str, int]:
            told = ask(client.url, "GET", "/ping").json()
            return told["status"], told["time_of_last_update"]

        assert status() == ("Healthy", 1_000)
        now[0] = 2_000
        assert status() == ("Healthy", 1_000)
        with client.stream({"prompt": "Count to 40"}) as answer:
            next(answer.iter_raw())
            now[0] = 3_000
            assert status() == ("HealthyBusy", 2_000)
        until(lambda: status()[0] == "Healthy")
        assert status() == ("Healthy", 3_000)


def test_ping_and_the_first_event_wait_for_no_import(run_agent, monkeypatch) -> None:
    """The loader is held back: only what needs the agent runner waits."""
    monkeypatch.setattr("sluice.serving.loader.Loader.start", lambda _: None)
    with run_agent() as client:
        assert client.ping() == "Healthy"
        with client.stream({"prompt": "hello"}) as answer:
            first = next(answer.iter_raw())
        assert json.loads(first.split(b"data: ")[1])["type"] == "RUN_STARTED"
        assert client.ping() == "HealthyBusy"


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_a_tool_that_blocks_delays_neither_ping_nor_other_answers(
    run_agent, monkeypatch, kind: str
) -> None:
    """Neither a function nor an `async` one that should not block runs on the server's loop."""
    begun, let_go = threading.Event(), threading.Event()

    @tool
    def wait_as_function() -> str:
        """Wait."""
        begun.set()
        return "done" if let_go.wait(10) else "late"

    @tool
    async def wait_as_coroutine() -> str:
        """Wait."""
        begun.set()
        return "done" if let_go.wait(10) else "late"

    monkeypatch.setattr(
        "sluice.tools.toolbox.load_tools",
        lambda _: [(wait_as_function, 30.0), (wait_as_coroutine, 30.0)],
    )
    with run_agent() as client:
        prompt = {"prompt": f"Use wait_as_{kind} with {{}}", "threadId": "waits"}
        with client.stream(prompt) as answer:
            pieces = answer.iter_raw()
            body = next(pieces)
            assert begun.wait(10)
            assert client.ping() == "HealthyBusy"
            assert client.say("thanks", thread="other")
            let_go.set()
            body += b"".join(pieces)
    assert b'"content":"done"' in body


def test_what_answers_at_once_imports_nothing_heavy() -> None:
    code = "import sys, sluice.app, sluice.server; print(*sys.modules)"
    agent = Path(__file__).parents[2] / "agent"
    ran = subprocess.run([sys.executable, "-c", code], cwd=agent, capture_output=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.decode().split()}
    heavy = {"strands", "boto3", "botocore", "httpx", "pydantic", "opentelemetry", "mcp"}
    assert not loaded & (heavy | {"bedrock_agentcore"})
