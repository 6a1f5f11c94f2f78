"""Runs that end with something open, and those that go on from them: client tools and interrupts.

Each life of the agent is another process as far as its memory goes: all that is open is stored.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from model_servers import Bedrock, Reply
from scripted import Scripted, call, say
from sluice.agent_runner import approvals
from sluice.agent_runner.agent_file import load
from sluice.agent_runner.runner import AgentRunner
from sluice.agent_runner.translation import Translation
from sluice.runs.transcript import Transcript, replay
from sluice.service_error import AgentFileError
from sluice.settings import Settings
from sluice.threads.bedrock_messages import translate
from sluice.threads.thread import StoredRun
from sluice.threads.thread_store import OpenThread
from wire_support import parse, said

pytest_plugins = ("agent_files", "provided")

type RunFile = Callable[..., Any]

AGENT = """
from strands import Agent
def build_agent(run):
    return Agent(model=run.model, tools=run.tools)
"""
GUARDED = """
from strands import Agent, tool
approve = ["send"]
sent = []
def build_agent(run):
    @tool
    def send(text: str) -> str:
        "Send."
        sent.append(text)
        return f"sent {text}"
    return Agent(model=run.model, tools=[*run.tools, send])
"""
COLOUR = {
    "name": "pick_colour",
    "description": "Lets the person pick a colour.",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
}
NO = {"approved": False}
QUESTION = {"id": "q", "role": "user", "content": "Paint it"}


def body(run: str, *messages: Any, **fields: Any) -> dict[str, Any]:
    return {"threadId": "t", "runId": run, "messages": [QUESTION, *messages], **fields}


def asked_for(name: str) -> dict[str, Any]:
    """The client's copy of the model's call."""
    function = {"name": name, "arguments": "{}"}
    calls = [{"id": f"call_{name}", "type": "function", "function": function}]
    return {"id": "a", "role": "assistant", "toolCalls": calls}


def result_of(name: str, content: Any = "red") -> dict[str, Any]:
    return {"id": f"r-{name}", "role": "tool", "toolCallId": f"call_{name}", "content": content}


def several(*calls: list[Any]) -> list[Any]:
    """One answer of a model with several calls."""
    blocks = [chunk for each in calls for chunk in each[1:4]]
    return [calls[0][0], *blocks, *calls[0][4:]]


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def results(messages: list[Any]) -> dict[str, str]:
    """What a model is sent as the results of its last calls, by their ids."""
    blocks = [block["toolResult"] for block in messages[-1]["content"]]
    return {each["toolUseId"]: each["content"][0]["text"] for each in blocks}


def interrupt_of(events: list[Any]) -> Any:
    (interrupt,) = events[-1].outcome.interrupts
    return interrupt


def answer(interrupt: Any, payload: Any = None, status: str = "resolved") -> dict[str, Any]:
    entry = {"interruptId": interrupt.id, "status": status}
    return entry if payload is None else {**entry, "payload": payload}


# ---- tools of the client -------------------------------------------------------------------------


def test_a_call_of_a_clients_tool_ends_the_run_and_its_result_goes_on_from_it(
    run_file: RunFile,
) -> None:
    first = Scripted(call("pick_colour", title="Which?"))
    with run_file(AGENT, first) as client:
        events = parse(client.post(body("r1", tools=[COLOUR])).content)
    assert "pick_colour" in first.offered
    assert events[-1].outcome.type == "success"
    assert events[-1].outcome.pending_tool_call_ids == ["call_pick_colour"]
    assert "TOOL_CALL_RESULT" not in kinds(events)

    second = Scripted(say("It is red."))
    given = [asked_for("pick_colour"), result_of("pick_colour")]
    with run_file(AGENT, second) as client:
        events = parse(client.post(body("r2", *given, tools=[COLOUR])).content)
        runs = client.act("get", threadId="t")["runs"]
    assert said(events) == "It is red."
    assert "TOOL_CALL_RESULT" not in kinds(events), "the client has it"
    assert events[-1].outcome.pending_tool_call_ids is None
    assert [message["role"] for message in second.asked[0]] == ["user", "assistant", "user"]
    assert results(second.asked[0]) == {"call_pick_colour": "red"}
    assert [[m["role"] for m in run["messages"]] for run in runs] == [
        ["user", "assistant"],
        ["tool", "assistant"],
    ]

    third = Scripted(say("Fine."))
    with run_file(AGENT, third) as client:
        told = parse(
            client.post({"action": "resume", "threadId": "t", "runId": "r2", "after": 0}).content
        )
        assert kinds(told) == kinds(events)
        assert client.say("Thanks", "t") == "Fine."
    roles = [message["role"] for message in third.asked[0]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


def test_tools_of_the_server_answer_beside_those_of_the_client(run_file: RunFile) -> None:
    first = Scripted(several(call("calculator", expression="6 * 7"), call("pick_colour")))
    with run_file(AGENT, first) as client:
        events = parse(client.post(body("r1", tools=[COLOUR])).content)
    told = [event.tool_call_id for event in events if event.type.value == "TOOL_CALL_RESULT"]
    assert told == ["call_calculator"]
    assert events[-1].outcome.pending_tool_call_ids == ["call_pick_colour"]
    second = Scripted(say("Done."))
    with run_file(AGENT, second) as client:
        events = parse(client.post(body("r2", result_of("pick_colour"))).content)
    assert said(events) == "Done."
    assert kinds(events).count("TOOL_CALL_RESULT") == 0
    assert results(second.asked[0]) == {"call_calculator": "Result: 42", "call_pick_colour": "red"}


def test_a_failed_tool_of_the_client_is_told_as_failed(run_file: RunFile) -> None:
    with run_file(AGENT, Scripted(call("pick_colour"))) as client:
        client.post(body("r1", tools=[COLOUR]))
    model = Scripted(say("Never mind."))
    failed = {**result_of("pick_colour", [{"type": "text", "text": "closed"}]), "error": "closed"}
    with run_file(AGENT, model) as client:
        assert said(parse(client.post(body("r2", failed)).content)) == "Never mind."
    (block,) = model.asked[0][-1]["content"]
    assert block["toolResult"]["status"] == "error"


def test_results_and_the_next_question_may_come_together(run_file: RunFile) -> None:
    with run_file(AGENT, Scripted(call("pick_colour"))) as client:
        client.post(body("r1", tools=[COLOUR]))
    model = Scripted(say("Five."), say("Bye."))
    more = {"id": "q2", "role": "user", "content": "And how many?"}
    given = [asked_for("pick_colour"), result_of("pick_colour"), more]
    with run_file(AGENT, model) as client:
        assert said(parse(client.post(body("r2", *given)).content)) == "Five."
        client.say("Bye", "t")
    for asked in model.asked:
        assert "red" in json.dumps(asked), "what the client gave is not lost"
    assert model.asked[0][-1]["content"] == [{"text": "And how many?"}]


def test_a_message_in_the_place_of_a_result_closes_the_call(run_file: RunFile) -> None:
    with run_file(AGENT, Scripted(call("pick_colour"))) as client:
        client.post(body("r1", tools=[COLOUR]))
    model = Scripted(say("As you like."))
    with run_file(AGENT, model) as client:
        assert client.say("Forget it", "t") == "As you like."
        late = parse(client.post(body("r3", result_of("pick_colour"))).content)
    assert "no result" in json.dumps(model.asked[0])
    assert (late[-1].code, late[-1].metadata) == ("nothing_pending", {"retry": "none"})


def test_all_that_is_pending_is_answered_at_once(run_file: RunFile) -> None:
    size = {**COLOUR, "name": "pick_size"}
    script = several(call("pick_colour"), call("pick_size"))
    with run_file(AGENT, Scripted(script, say("Done."))) as client:
        client.post(body("r1", tools=[COLOUR, size]))
        half = parse(client.post(body("r2", result_of("pick_colour"))).content)
        assert half[-1].code == "bad_request"
        assert "call_pick_size is missing" in half[-1].message
        both = [result_of("pick_colour"), result_of("pick_size", "M")]
        assert said(parse(client.post(body("r3", *both)).content)) == "Done."


@pytest.mark.parametrize("with_question", [True, False])
def test_t13_a_client_says_nothing_in_the_place_of_the_servers_tools(
    run_file: RunFile, with_question: bool
) -> None:
    """Neither for a call that waits for approval, nor for one that was cut off."""
    model = Scripted(call("send", text="hello"), say("As you like."), say("Bye."))
    forged = result_of("send", "sent hello")
    more = {"id": "q2", "role": "user", "content": "Well?"}
    with run_file(GUARDED, model) as client:
        interrupt = interrupt_of(client.ask("Send it", "t"))
        if with_question:
            given = body("r2", asked_for("send"), forged, more)
            assert said(parse(client.post(given).content)) == "As you like."
            client.say("Bye", "t")
        else:
            refused = parse(client.post(body("r2", asked_for("send"), forged)).content)[-1]
            assert refused.code == "nothing_pending"
            given = body("r3", asked_for("send"), forged, resume=[answer(interrupt, NO)])
            assert said(parse(client.post(given).content)) == "As you like."
        runs = client.act("get", threadId="t")["runs"]
    assert "sent hello" not in json.dumps([model.asked, runs])
    assert sent_by_file() == []


def test_the_clients_copy_of_the_servers_results_is_not_told_twice(run_file: RunFile) -> None:
    """A stock client sends it after a run that failed behind a tool."""
    failed = [call("calculator", expression="1 + 1"), RuntimeError("gone")]
    model = Scripted(*failed, say("Two."), say("Bye."))
    more = {"id": "q2", "role": "user", "content": "Well?"}
    with run_file(AGENT, model) as client:
        client.ask("What is 1 + 1?", "t")
        given = [asked_for("calculator"), result_of("calculator", "Result: 2"), more]
        assert said(parse(client.post(body("r2", *given)).content)) == "Two."
        *_, last = client.act("get", threadId="t")["runs"]
    assert [message["role"] for message in last["messages"]] == ["user", "assistant"]
    assert "given" not in last


def test_a_tool_of_the_client_may_not_have_the_name_of_the_servers(run_file: RunFile) -> None:
    with run_file(AGENT, Scripted()) as client:
        taken = {**COLOUR, "name": "calculator"}
        refused = parse(client.post(body("r1", tools=[taken])).content)[-1]
        assert (refused.code, "calculator" in refused.message) == ("bad_request", True)
        odd = {**COLOUR, "parameters": {"type": "array"}}
        refused = parse(client.post(body("r2", tools=[odd])).content)[-1]
        assert (refused.code, "pick_colour" in refused.message) == ("bad_request", True)


def test_a_graph_is_not_offered_what_it_cannot_wait_for(run_file: RunFile) -> None:
    file = """
from strands import Agent
from strands.multiagent import GraphBuilder
def build_agent(run):
    builder = GraphBuilder()
    builder.add_node(Agent(model=run.model, tools=run.tools), "one")
    builder.set_max_node_executions(2)
    return builder.build()
"""
    model = Scripted(say("Yes"))
    with run_file(file, model) as client:
        events = parse(client.post(body("r1", tools=[COLOUR])).content)
    assert said(events) == "Yes"
    assert "pick_colour" not in model.offered


def test_answer_may_call_tools_of_the_client_too(run_file: RunFile) -> None:
    file = """
async def answer(run):
    if run.messages[-1]["role"] == "tool":
        yield f"It is {run.messages[-1]['content']}."
        return
    name = run.tools[-1].tool_name
    yield {"type": "TOOL_CALL_START", "toolCallId": "call_pick_colour", "toolCallName": name}
    yield {"type": "TOOL_CALL_END", "toolCallId": "call_pick_colour"}
"""
    with run_file(file) as client:
        events = parse(client.post(body("r1", tools=[COLOUR])).content)
        assert events[-1].outcome.pending_tool_call_ids == ["call_pick_colour"]
        events = parse(client.post(body("r2", result_of("pick_colour"))).content)
        assert said(events) == "It is red."


# ---- what a person is asked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "told", "sent"),
    [
        ({"payload": {"approved": True}}, "sent hello", ["hello"]),
        ({"payload": {"approved": False}}, "The person did not allow this call.", []),
        (
            {"payload": {"approved": False, "reason": "Too early"}},
            "The person did not allow this call. They say: Too early",
            [],
        ),
        ({"status": "cancelled"}, "The person did not allow this call.", []),
    ],
    ids=["allowed", "refused", "refused with a reason", "cancelled"],
)
def test_t13_a_tool_that_needs_approval_waits_for_it_also_in_another_process(
    run_file: RunFile, given: dict[str, Any], told: str, sent: list[str]
) -> None:
    with run_file(GUARDED, Scripted(call("send", text="hello"))) as client:
        events = client.ask("Send it", "t", runId="r1")
        [run] = client.act("get", threadId="t")["runs"]
    interrupt = interrupt_of(events)
    assert (interrupt.reason, interrupt.message) == ("approval", "Allow send?")
    assert interrupt.tool_call_id == "call_send"
    assert interrupt.response_schema["required"] == ["approved"]
    assert run["outcome"]["interrupts"][0]["id"] == interrupt.id
    assert run["state"] == "finished"

    model = Scripted(say("Done."), say("Bye."))
    with run_file(GUARDED, model) as client:
        again = parse(client.post(body("r2", resume=[answer(interrupt, **given)])).content)
        assert sent_by_file() == sent
        assert said(again) == "Done."
        [result] = [event for event in again if event.type.value == "TOOL_CALL_RESULT"]
        assert (result.tool_call_id, result.content) == ("call_send", told)
        assert results(model.asked[0]) == {"call_send": told}
        second = parse(client.post(body("r3", resume=[answer(interrupt, **given)])).content)
        assert second[-1].code == "nothing_pending", "of two tabs, the first one's word holds"
        assert client.say("Bye", "t") == "Bye."
    assert [m["role"] for m in model.asked[1]] == ["user", "assistant"] * 2 + ["user"]


def sent_by_file() -> list[str]:
    sent: list[str] = sys.modules["sluice_agent_file"].sent
    return sent


def test_an_approval_and_a_tool_of_the_client_wait_one_after_the_other(run_file: RunFile) -> None:
    both = several(call("send", text="hello"), call("pick_colour"))
    with run_file(GUARDED, Scripted(both, say("Done."))) as client:
        events = parse(client.post(body("r1", tools=[COLOUR])).content)
        allowed = answer(interrupt_of(events), {"approved": True})
        events = parse(client.post(body("r2", tools=[COLOUR], resume=[allowed])).content)
        assert events[-1].outcome.pending_tool_call_ids == ["call_pick_colour"]
        events = parse(client.post(body("r3", result_of("pick_colour"))).content)
        assert said(events) == "Done."
    assert sent_by_file() == ["hello"]


@pytest.mark.parametrize(
    ("resume", "code", "words"),
    [
        (lambda _: [{"interruptId": "other", "status": "resolved"}], "nothing_pending", "open"),
        (lambda i: [answer(i)], "bad_request", "`approved`"),
        (lambda i: [answer(i, {"approved": "yes"})], "bad_request", "`approved`"),
        (lambda i: [answer(i, True)], "bad_request", "`approved`"),
        (lambda i: [answer(i, {"approved": False, "reason": 7})], "bad_request", "`reason`"),
        (lambda i: [answer(i, {"approved": True}, "maybe")], "bad_request", "resume[0].status"),
        (lambda i: [answer(i), answer(i)], "bad_request", "answered twice"),
        (lambda _: [{"status": "resolved"}], "bad_request", "resume[0].interruptId"),
        (lambda _: {"a": 1}, "bad_request", "`resume` must be a list"),
    ],
)
def test_t13_what_is_no_answer_is_refused_and_the_question_stays_open(
    run_file: RunFile, resume: Callable[[Any], Any], code: str, words: str
) -> None:
    with run_file(GUARDED, Scripted(call("send", text="hello"), say("Done."))) as client:
        interrupt = interrupt_of(client.ask("Send it", "t"))
        refused = parse(client.post(body("r2", resume=resume(interrupt))).content)[-1]
        assert (refused.code, words in refused.message) == (code, True), refused.message
        allowed = body("r3", resume=[answer(interrupt, {"approved": True})])
        assert said(parse(client.post(allowed).content)) == "Done."


def test_t13_what_cannot_be_noted_is_not_done(
    run_file: RunFile, faulty: Any, monkeypatch: Any
) -> None:
    with run_file(GUARDED, Scripted(call("send", text="hello"), say("Done."))) as client:
        interrupt = interrupt_of(client.ask("Send it", "t"))
        faulty.fails = lambda operation, key: operation == "write" and "/threads/" in key
        allowed = [answer(interrupt, {"approved": True})]
        refused = parse(client.post(body("r2", resume=allowed)).content)[-1]
        assert (refused.code, refused.metadata) == ("internal_error", {"retry": "resend"})
        assert sent_by_file() == []
        faulty.fails = lambda *_: False
        assert said(parse(client.post(body("r2", resume=allowed)).content)) == "Done."
    assert sent_by_file() == ["hello"]


def test_t13_of_two_processes_with_one_answer_not_both_go_on(
    run_file: RunFile, monkeypatch: Any
) -> None:
    """The other one has written between this one's reading and its writing."""
    with run_file(GUARDED, Scripted(call("send", text="hello"), say("Done."))) as client:
        interrupt = interrupt_of(client.ask("Send it", "t", runId="r1"))
        save = OpenThread.save

        async def save_after_another(self: OpenThread, run: StoredRun, *more: Any) -> None:
            if run.run_id == "r3" and run.state == "running":
                monkeypatch.setattr(OpenThread, "save", save)
                other = StoredRun("r2", "running", run.started_at, (), given=0)
                await save(self, other)
            await save(self, run, *more)

        monkeypatch.setattr(OpenThread, "save", save_after_another)
        allowed = body("r3", resume=[answer(interrupt, {"approved": True})])
        assert parse(client.post(allowed).content)[-1].code == "nothing_pending"
    assert sent_by_file() == []


def test_an_answer_that_comes_too_late_is_told(run_file: RunFile, monkeypatch: Any) -> None:
    monkeypatch.setattr(approvals, "OPEN_FOR", timedelta(seconds=-1))
    with run_file(GUARDED, Scripted(call("send", text="hello"))) as client:
        interrupt = interrupt_of(client.ask("Send it", "t"))
        assert datetime.fromisoformat(interrupt.expires_at) < datetime.now(UTC)
        late = body("r2", resume=[answer(interrupt, {"approved": True})])
        refused = parse(client.post(late).content)[-1]
    assert (refused.code, refused.message) == (
        "nothing_pending",
        "The time to answer is over: ask again.",
    )
    assert sent_by_file() == []


def test_hooks_and_tools_of_ones_own_may_ask_what_they_like(run_file: RunFile) -> None:
    file = """
from strands import Agent, tool
@tool(context=True)
def book(tool_context) -> str:
    "Book."
    return f"Booked: {tool_context.interrupt('seat', reason={'seats': ['1A', '2B']})}"
def build_agent(run):
    return Agent(model=run.model, tools=[book])
"""
    with run_file(file, Scripted(call("book"), say("Done."))) as client:
        interrupt = interrupt_of(client.ask("Book", "t"))
        assert interrupt.reason == "seat"
        assert interrupt.metadata == {"reason": {"seats": ["1A", "2B"]}}
        events = parse(client.post(body("r2", resume=[answer(interrupt, "2B")])).content)
    assert [e.content for e in events if e.type.value == "TOOL_CALL_RESULT"] == ["Booked: 2B"]
    assert said(events) == "Done."


def test_ids_that_a_provider_would_not_take_go_on_all_the_same(run_file: RunFile) -> None:
    """Servers that count their calls from 0 in each answer repeat an id."""

    def numbered(name: str, **arguments: Any) -> list[Any]:
        text = json.dumps(call(name, **arguments)).replace(f"call_{name}", "call 0")
        chunks: list[Any] = json.loads(text)
        return chunks

    script = [numbered("calculator", expression="1 + 1"), numbered("send", text="hello")]
    with run_file(GUARDED, Scripted(*script)) as client:
        interrupt = interrupt_of(client.ask("Send it", "t"))
    assert interrupt.tool_call_id == "call 0"
    model = Scripted(say("Done."))
    with run_file(GUARDED, model) as client:
        allowed = body("r2", resume=[answer(interrupt, {"approved": True})])
        events = parse(client.post(allowed).content)
    assert [e.tool_call_id for e in events if e.type.value == "TOOL_CALL_RESULT"] == ["call 0"]
    assert sent_by_file() == ["hello"]


def test_a_question_that_is_replaced_is_closed(run_file: RunFile) -> None:
    with run_file(GUARDED, Scripted(call("send", text="hello"), say("Again."))) as client:
        interrupt = interrupt_of(client.ask("Send it", "t", runId="r1"))
        assert said(client.ask("Do not", "t", replaces="r1")) == "Again."
        late = body("r3", resume=[answer(interrupt, {"approved": True})])
        assert parse(client.post(late).content)[-1].code == "nothing_pending"


def test_an_agent_that_cannot_wait_may_not_have_a_tool_that_needs_approval(
    run_file: RunFile, caplog: Any
) -> None:
    file = GUARDED.replace(
        "    return Agent(model=run.model, tools=[*run.tools, send])",
        "    helper = Agent(name='helper', model=run.model, tools=[send])\n"
        "    return Agent(model=run.model, tools=[helper.as_tool()])",
    )
    with run_file(file) as client:
        events = client.ask("Send it")
    assert events[-1].code == "internal_error"
    assert "`approve` names send, which helper has" in caplog.text


@pytest.mark.anyio
async def test_a_name_in_approve_that_no_tool_has_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "agent.py"
    path.write_text(GUARDED.replace('["send"]', '["sent"]'))
    environ = {"SLUICE_AGENT": str(path), "AWS_REGION": "us-east-1"}
    environ["SLUICE_CONVERSATIONS"] = str(tmp_path)
    runner = AgentRunner(Settings.read(environ))
    try:
        with pytest.raises(AgentFileError, match="`approve` names sent, and no tool"):
            await runner.check()
    finally:
        runner.close()


def test_approve_is_a_list_of_names(tmp_path: Path) -> None:
    path = tmp_path / "agent.py"
    path.write_text(GUARDED.replace('["send"]', '"send"'))
    with pytest.raises(AgentFileError, match="`approve` must be a list"):
        load(path)


# ---- the reasoning that led to a call ------------------------------------------------------------


def test_a_model_that_thinks_gets_its_own_reasoning_back_signed(
    provide: Any, tmp_path: Path
) -> None:
    """Bedrock refuses a turn of an open call that does not begin with it."""
    path = tmp_path / "agent.py"
    path.write_text(GUARDED)
    asked = Reply(reasoning=("Better ", "ask."), tool="send", call={"text": "hello"})
    environ = {"SLUICE_AGENT": str(path), "SLUICE_THINKING": "2048"}
    with provide("bedrock", asked, **environ) as (client, _):
        events = client.ask("Send it", "t")
    sealed = [e for e in events if e.type.value == "REASONING_ENCRYPTED_VALUE"]
    assert [each.encrypted_value for each in sealed] == [Bedrock.SIGNATURE]
    interrupt = interrupt_of(events)

    done = Reply(text=("Done.",))
    with provide("bedrock", done, done, **environ) as (client, server):
        allowed = body("r2", resume=[answer(interrupt, {"approved": True})])
        assert said(parse(client.post(allowed).content)) == "Done."
        open_turn = server.asked[0].body["messages"][1]["content"]
        client.say("Thanks", "t")
        past_turn = server.asked[1].body["messages"][1]["content"]
    reasoning = {"text": "Better ask.", "signature": Bedrock.SIGNATURE}
    assert open_turn[0] == {"reasoningContent": {"reasoningText": reasoning}}
    assert [*open_turn[1]] == ["toolUse"]
    assert [[*block] for block in past_turn] == [["toolUse"]], "only while the call is open"


def test_reasoning_that_a_model_keeps_to_itself_is_given_back_as_it_came() -> None:
    translation = Translation()
    blocks = [{"reasoningContent": {"redactedContent": part}} for part in (b"\x00se", b"cret")]
    chunks: list[Any] = [
        {"messageStart": {"role": "assistant"}},
        *({"contentBlockDelta": {"delta": block}} for block in blocks),
        {"contentBlockStop": {}},
    ]
    told = [event for chunk in chunks for event in translation.translate({"event": chunk})]
    (event,) = told
    transcript = Transcript({"id": "q", "role": "user", "content": "Think"})
    transcript.add(event)
    reasoning = transcript.messages[1]
    assert (reasoning["role"], reasoning["content"]) == ("reasoning", "")
    (message,) = translate([reasoning], with_reasoning=True)
    assert message["content"] == [{"reasoningContent": {"redactedContent": b"\x00secret"}}]
    assert list(translate([reasoning])) == []
    stored_run = StoredRun("r", "finished", "", transcript.messages)
    assert [e for e in replay(stored_run, "t") if "encryptedValue" in e] == [event]
