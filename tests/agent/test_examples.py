"""Every file of examples/ answers: with a model that plays a script, through real AWS clients."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from agui_client import play_client
from checkout import ROOT
from model_servers import Reply
from scripted import Scripted, call, say
from sluice.models.bedrock import CuttableBedrockModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from strands import Agent
from support import serve
from wire_support import make_token, parse, said, was_cancelled

pytest_plugins = ("agent_files", "provided")

EXAMPLES = ROOT / "examples"
TESTED = {
    "approval",
    "dynamodb_tool",
    "graph",
    "hook",
    "knowledge_base",
    "pydantic_ai_agent",
    "structured_output",
    "swarm",
    "tutorial",
}

type RunExample = Callable[..., Any]


@pytest.fixture
def run_example(run_file: Any) -> RunExample:
    """Start the agent with an example and a model that plays a script."""
    return lambda name, *script: run_file(EXAMPLES / f"{name}.py", Scripted(*script))


def told(events: list[Any]) -> list[Any]:
    return [(event.name, event.value) for event in events if event.type.value == "CUSTOM"]


def results(events: list[Any]) -> list[str]:
    return [event.content for event in events if event.type.value == "TOOL_CALL_RESULT"]


def test_every_example_is_short_tested_and_listed() -> None:
    document = (ROOT / "docs" / "agent.md").read_text()
    files = list(EXAMPLES.glob("*.py"))
    assert {path.stem for path in files} == TESTED
    for path in files:
        assert len(path.read_text().splitlines()) <= 60, path.name
        assert f"| [{path.name}](../examples/{path.name}) |" in document


@pytest.mark.parametrize("name", sorted(TESTED))
def test_the_official_client_understands_every_example(
    name: str, provide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two questions, by @ag-ui/client, which stops at the first event out of its place."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(variable, "us-east-1")
    made = {"title": "Dentist", "day": "2026-11-26", "hour": 9}
    asking = Reply(call=made, tool="Appointment")
    script = [asking if name == "structured_output" else Reply(text=("Yes.",))] * 4
    path = str(EXAMPLES / f"{name}.py")
    with provide("bedrock", *script, SLUICE_AGENT=path) as (client, _):
        understood = play_client(
            f"{client.url}/invocations", make_token("alice"), {"say": "One?"}, {"say": "Two?"}
        )
    assert understood["failures"] == []
    assert understood["seen"].count("RUN_FINISHED") == 2
    answers = [m for m in understood["messages"] if m["role"] == "assistant" and m.get("content")]
    assert len(answers) >= 2


def test_the_graph_has_its_critic_speak_last(run_example: RunExample) -> None:
    with run_example("graph", say("A draft."), say("The better answer.")) as client:
        events = client.ask("Write")
    steps = [event.step_name for event in events if event.type.value == "STEP_STARTED"]
    assert steps == ["writer", "critic"]
    assert said(events) == "A draft.The better answer."


def test_the_swarm_hands_numbers_to_the_accountant(run_example: RunExample) -> None:
    script = (
        call("handoff_to_agent", agent_name="accountant", message="Calculate."),
        say("The accountant will tell you."),
        call("calculator", expression="6 * 7"),
        say("It is 42."),
    )
    with run_example("swarm", *script) as client:
        events = client.ask("What is 6 * 7?")
    assert "Result: 42" in results(events)
    assert said(events).endswith("It is 42.")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """DynamodDB's Query and a knowledge base's Retrieve, over HTTP; yields what they were asked."""
    asked: list[Any] = []

    async def query(request: Request) -> JSONResponse:
        asked.append(await request.json())
        item = {"owner": {"S": "alice"}, "total": {"N": "12.5"}}
        return JSONResponse({"Items": [item], "Count": 1})

    async def retrieve(request: Request) -> JSONResponse:
        asked.append(await request.json())
        place = {"type": "S3", "s3Location": {"uri": "s3://docs/holidays.pdf"}}
        found = {"content": {"text": "25 days."}, "location": place, "score": 0.8}
        return JSONResponse({"retrievalResults": [found]})

    app = Starlette(
        routes=[
            Route("/", query, methods=["POST"]),
            Route("/knowledgebases/{id}/retrieve", retrieve, methods=["POST"]),
        ]
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with serve(app) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", url)
        yield asked


def test_the_table_is_asked_for_the_person_of_the_token(
    run_example: RunExample, aws: list[Any]
) -> None:
    with run_example("dynamodb_tool", call("my_orders"), say("One order.")) as client:
        events = client.ask("What did I order?")
    assert json.loads(results(events)[0]) == [{"owner": "alice", "total": "12.5"}]
    assert "alice" in json.dumps(aws[0]["ExpressionAttributeValues"])


def test_the_knowledge_base_is_cited(run_example: RunExample, aws: list[Any]) -> None:
    script = (call("search", question="How many holidays?"), say("25 days [1]."))
    with run_example("knowledge_base", *script) as client:
        events = client.ask("How many holidays do I have?")
    (asked,) = aws
    assert asked["retrievalQuery"] == {"text": "How many holidays?"}
    assert "everybody" in json.dumps(asked["retrievalConfiguration"]), "who is in no group"
    assert results(events) == ["[1] holidays.pdf\n25 days."]
    (metadata,) = [event.metadata for event in events if event.type.value == "TEXT_MESSAGE_START"]
    source = {"number": 1, "title": "holidays.pdf", "text": "25 days."}
    assert metadata == {"citations": [source]}


def test_the_structured_answer_is_an_object_and_a_sentence(run_example: RunExample) -> None:
    made = {"title": "Dentist", "day": "2026-11-26", "hour": 9}
    with run_example("structured_output", call("Appointment", **made), say("Done.")) as client:
        events = client.ask("Dentist tomorrow at nine")
    assert told(events) == [("appointment", made)]
    assert said(events) == "**Dentist** on 2026-11-26 at 9:00."
    assert events[-1].usage[0].total_tokens >= 15


@pytest.mark.parametrize("groups", [[], ["accountants"]])
def test_the_hook_lets_some_people_calculate(run_example: RunExample, groups: list[str]) -> None:
    with run_example("hook", call("calculator", expression="6 * 7"), say("Well.")) as client:
        claims = {"cognito:groups": groups}
        answer = client.http.post(
            f"{client.url}/invocations",
            json={"prompt": "What is 6 * 7?"},
            headers={"Authorization": f"Bearer {make_token('alice', **claims)}"},
        )
    (result,) = results(parse(answer.content))
    refused = "Only people of the group accountants may use this tool."
    assert result == ("Result: 42" if groups else refused)


def test_the_tutorials_agent_answers_with_its_own_model(provide: Any, monkeypatch: Any) -> None:
    """Strands' default model, on Bedrock as it speaks on the wire."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    calculation = Reply(text=("Let me see. ",), call={"expression": "25 * 4"})
    path = str(EXAMPLES / "tutorial.py")
    script = (calculation, Reply(text=("It is ", "100.")))
    with provide("bedrock", *script, SLUICE_AGENT=path) as (client, server):
        events = client.ask("What is 25 * 4?")
    assert said(events) == "Let me see. It is 100."
    assert "100" in json.dumps(server.asked[1].body["messages"][-1])
    assert events[-1].usage[0].total_tokens == 30


def test_a_stop_ends_the_call_of_a_model_that_the_file_has_made(
    provide: Any, monkeypatch: Any
) -> None:
    """Strands reads Bedrock in a thread that nothing else would end."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    hold = threading.Event()
    path = str(EXAMPLES / "tutorial.py")
    script = [Reply(text=("Half", "never"), hold=hold)]
    with provide("bedrock", *script, SLUICE_AGENT=path) as (client, _):
        body = {"prompt": "Go", "threadId": "thread-1", "runId": "run-1"}
        with client.stream(body) as answer:
            chunks = answer.iter_raw()
            start = b""
            while b"Half" not in start:
                start += next(chunks)
            client.act("stop", threadId="thread-1", runId="run-1")
            events = parse(start + b"".join(chunks))
        (agent,) = (v for v in vars(sys.modules["sluice_agent_file"]).values() if type(v) is Agent)
        assert type(agent.model.inner) is CuttableBedrockModel
    assert was_cancelled(events)
    hold.set()


def test_a_refund_waits_until_it_is_allowed(run_example: RunExample) -> None:
    script = [call("refund", order="A1", amount=12.5), say("Done.")]
    with run_example("approval", *script) as client:
        events = client.ask("Refund A1")
        (interrupt,) = events[-1].outcome.interrupts
        assert results(events) == []
        resume = [
            {"interruptId": interrupt.id, "status": "resolved", "payload": {"approved": True}}
        ]
        body = {"threadId": "thread-1", "runId": "r2", "messages": [], "resume": resume}
        events = parse(client.post(body).content)
    assert results(events) == ["Refunded 12.50 euros for order A1."]
    assert said(events) == "Done."


def test_pydantic_ai_answers_with_its_own_client(provide: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    path = str(EXAMPLES / "pydantic_ai_agent.py")
    asking = Reply(call={"country": "France"}, tool="capital")
    script = (asking, Reply(text=("It is ", "Paris.")), Reply(text=("You asked about France.",)))
    with provide("bedrock", *script, SLUICE_AGENT=path) as (client, server):
        events = client.ask("What is the capital of France?")
        again = client.say("What did I ask about?")
    assert said(events) == "It is Paris."
    assert events[-1].usage[0].total_tokens == 30
    assert again == "You asked about France."
    texts = [b["text"] for m in server.asked[2].body["messages"] for b in m["content"]]
    assert texts == ["What is the capital of France?", "It is Paris.", "What did I ask about?"]
