"""agent.py as a BedrockAgentCoreApp: whatever its entry point is and gives, unchanged."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from checkout import ROOT
from scripted import Scripted, call, say
from sluice.tools.calculator import Calculator
from wire_support import parse, said, was_cancelled

pytest_plugins = ("agent_files",)

type RunFile = Callable[..., Any]

HEAD = """
from bedrock_agentcore.runtime import BedrockAgentCoreApp
from strands import Agent, tool
app = BedrockAgentCoreApp()
"""
GLOBAL = """
@tool
def look() -> str:
    "Look."
    return "seen"
agent = Agent(tools=[look])
"""


@pytest.fixture
def run_app(run_file: RunFile, monkeypatch: pytest.MonkeyPatch) -> RunFile:
    """Start the agent with an app whose agents have Strands' default model, which is a script."""

    def run(file: Any, *script: Any, **environ: str) -> Any:
        model = Scripted(*script)
        monkeypatch.setattr("strands.agent.agent.BedrockModel", lambda: model)
        return run_file(file, model, **environ)

    return run


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def test_the_tutorials_agent_answers_and_remembers_as_it_is(run_app: RunFile) -> None:
    script = [call("calculator", expression="25 * 4"), say("100"), say("It was 100.")]
    with run_app(ROOT / "examples" / "tutorial.py", *script) as client:
        events = client.ask("What is 25 * 4?")
        assert client.say("What was it?") == "It was 100."
        (first, _) = client.act("get", threadId="thread-1")["runs"]
    assert said(events) == "100"
    assert [message["content"] for message in first["messages"]] == ["What is 25 * 4?", "100"]
    assert events[-1].usage[0].total_tokens == 2 * 15, "a global agent is metered too"


RAW = f"""{HEAD}{GLOBAL}
@app.entrypoint
async def agent_invocation(payload, context):
    assert context.session_id and payload["prompt"]
    async for event in agent.stream_async(payload["prompt"]):
        yield event
"""


def test_an_agents_whole_events_show_its_tools_and_its_words_once(run_app: RunFile) -> None:
    with run_app(RAW, call("look"), say("I saw it.")) as client:
        events = client.ask("Look")
        (run,) = client.act("get", threadId="thread-1")["runs"]
    assert said(events) == "I saw it."
    assert {"TOOL_CALL_START", "TOOL_CALL_RESULT"} <= set(kinds(events))
    assert [m["role"] for m in run["messages"]] == ["user", "assistant", "tool", "assistant"]


def test_the_events_of_an_agent_of_the_entry_points_own_are_counted(run_app: RunFile) -> None:
    file = RAW.replace(
        "async for event in agent", "async for event in Agent(callback_handler=None)"
    )
    with run_app(file, say("Yes")) as client:
        events = client.ask("Hello")
    assert said(events) == "Yes"
    assert events[-1].usage[0].total_tokens == 15


ENTRIES = {
    "a generator": "def f(payload):\n    yield 'a'\n    yield 'b'",
    "an async generator": "async def f(payload):\n    yield 'a'\n    yield 'b'",
    "a function": "def f(payload):\n    return 'ab'",
    "an async function": "async def f(payload):\n    return 'ab'",
    "with context": "def f(payload, context):\n    return 'ab' if context.session_id else ''",
    "a function that returns a generator": "def f(payload):\n    return iter_()\n"
    "def iter_():\n    yield 'ab'",
    "under a name of ours": "async def answer(payload):\n    yield 'ab'",
    "data": "async def f(payload):\n    yield {'data': 'a'}\n    yield {'data': 'b', 'delta': {}}",
    "events": "def f(payload):\n"
    "    yield {'type': 'TEXT_MESSAGE_START', 'messageId': 'm'}\n"
    "    yield {'type': 'TEXT_MESSAGE_CONTENT', 'messageId': 'm', 'delta': 'ab'}",
    "a result": "def f(payload):\n    return {'result': 'ab'}",
    "a message": "def f(payload):\n"
    "    return {'result': {'role': 'assistant', 'content': [{'text': 'ab'}]}}",
    "blocking": "async def f(payload):\n    __import__('time').sleep(0.01)\n    return 'ab'",
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_point_may_be_any_function_and_give_text(run_app: RunFile, name: str) -> None:
    with run_app(f"{HEAD}\n@app.entrypoint\n{ENTRIES[name]}\n") as client:
        events = client.ask("Hello")
    assert said(events) == "ab"
    assert kinds(events)[-1] == "RUN_FINISHED"


def test_an_agents_result_is_its_words(run_app: RunFile) -> None:
    file = f"""{HEAD}{GLOBAL}
@app.entrypoint
def invoke(payload):
    return agent(payload["prompt"])
"""
    with run_app(file, say("Yes")) as client:
        events = client.ask("Hello")
    assert said(events) == "Yes"
    assert events[-1].usage[0].total_tokens == 15


def test_other_json_is_shown_as_such(run_app: RunFile) -> None:
    file = f"{HEAD}\n@app.entrypoint\ndef f(payload):\n    return {{'sum': 4, 'of': [2, 2]}}"
    with run_app(file) as client:
        shown = client.say("Hello")
    assert shown.startswith("```json\n{")
    assert '"sum": 4' in shown


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return object()", "gave something of the type object"),
        ("return {'type': 'RUN_ERROR'}", "Sluice's own"),
    ],
)
def test_what_cannot_be_shown_ends_the_run(run_app: RunFile, caplog, body: str, why: str) -> None:
    with run_app(f"{HEAD}\n@app.entrypoint\ndef f(payload):\n    {body}") as client:
        events = client.ask("Hello")
    assert events[-1].code == "internal_error"
    assert why in caplog.text


def test_nothing_at_all_is_told_as_no_answer(run_app: RunFile) -> None:
    with run_app(f"{HEAD}\n@app.entrypoint\ndef f(payload):\n    return None") as client:
        assert client.ask("Hello")[-1].code == "answer_empty"


def test_a_failure_of_its_own_ends_the_run_without_its_text(run_app: RunFile) -> None:
    file = (
        f"{HEAD}\n@app.entrypoint\ndef f(payload):\n    yield 'Half'\n    raise KeyError('CANARY')"
    )
    with run_app(file) as client:
        events = client.ask("Hello")
    assert (said(events), events[-1].code) == ("Half", "internal_error")
    assert "CANARY" not in events[-1].message


def test_t1_a_process_that_served_somebody_serves_nobody_else(run_app: RunFile) -> None:
    """Its memory is in its own variables: whoever has another's session id would read it."""
    with run_app(RAW, say("Hello Alice"), say("still Alice")) as client:
        client.ask("I am Alice")
        refused = client.ask("Who am I?", "thread-9", owner="bob")
        assert client.say("Who am I?", "thread-2") == "still Alice"
    assert kinds(refused) == ["RUN_STARTED", "RUN_ERROR"]
    assert refused[-1].code == "unauthorized"


def test_t11_the_tutorials_calculator_is_the_confined_one(
    run_app: RunFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.tools.toolbox.Calculator", lambda: Calculator(call_seconds=1))
    script = [call("calculator", expression="9**9**9"), say("Too much.")]
    agent = "from strands_tools import calculator\nagent = Agent(tools=[calculator])"
    with run_app(RAW.replace(GLOBAL, f"{agent}\n"), *script) as client:
        events = client.ask("What is 9**9**9?")
    (result,) = (event.content for event in events if event.type.value == "TOOL_CALL_RESULT")
    assert "The calculation was stopped" in result


def test_the_limits_hold_for_a_global_agent(run_app: RunFile) -> None:
    with run_app(RAW, call("look"), say("never"), SLUICE_MAX_TURNS="1") as client:
        assert client.ask("Look")[-1].code == "run_limit"


BLOCKED = f"""{HEAD}
import threading
begun, go = threading.Event(), threading.Event()
@app.entrypoint
async def f(payload):
    yield "Half"
    begun.set()
    go.wait(10)
    yield "More"
"""


def test_an_entry_point_that_blocks_holds_up_neither_ping_nor_a_stop(run_app: RunFile) -> None:
    with run_app(BLOCKED) as client:
        body = {"prompt": "Go", "threadId": "thread-1", "runId": "run-1"}
        with client.stream(body) as answer:
            chunks = answer.iter_raw()
            start = b""
            while b"Half" not in start:
                start += next(chunks)
            module = sys.modules["sluice_agent_file"]
            begun: threading.Event = module.begun
            assert begun.wait(10)
            assert client.ping() == "HealthyBusy"
            client.act("stop", threadId="thread-1", runId="run-1")
            events = parse(start + b"".join(chunks))
        module.go.set()
    assert said(events) == "Half"
    assert was_cancelled(events)


def test_an_app_without_an_entry_point_is_told(run_app: RunFile, caplog) -> None:
    with run_app(HEAD) as client:
        client.ask("Hello")
    assert "put @app.entrypoint before the function that answers" in caplog.text


def test_an_agent_that_prints_its_answers_does_not(run_app: RunFile, capfd) -> None:
    with run_app(RAW, say("CANARY")) as client:
        client.ask("Hello")
    captured = capfd.readouterr()
    assert "CANARY" not in captured.out + captured.err
