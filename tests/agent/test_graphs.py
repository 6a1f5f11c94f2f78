"""agent.py with a graph or a swarm: its events, its usage, and how it is stopped and told again."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from scripted import Scripted, call, say
from wire_support import parse, said, was_cancelled

pytest_plugins = ("agent_files",)

type RunFile = Callable[..., Any]

GRAPH = """
from strands import Agent
from strands.multiagent import GraphBuilder
def build_agent(run):
    graph = GraphBuilder()
    graph.add_node(Agent(model=run.model, system_prompt="You are writer"), "writer")
    graph.add_node(Agent(model=run.model, system_prompt="You are critic"), "critic")
    graph.add_edge("writer", "critic")
    graph.set_max_node_executions(10)
    return graph.build()
"""
PARALLEL = """
from strands import Agent
from strands.multiagent import GraphBuilder
def build_agent(run):
    inner = GraphBuilder()
    for name in ("left", "right"):
        inner.add_node(Agent(model=run.model, system_prompt=name), name)
    inner.set_max_node_executions(10)
    outer = GraphBuilder()
    outer.add_node(inner.build(), "both")
    outer.set_max_node_executions(10)
    return outer.build()
"""
SWARM = """
from strands import Agent
from strands.multiagent import Swarm
def build_agent(run):
    return Swarm([Agent(name=name, model=run.model) for name in ("asker", "solver")])
"""


TEXT = "TEXT_MESSAGE_CONTENT"


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def steps(events: list[Any]) -> list[tuple[str, str]]:
    return [(e.type.value[5:], e.step_name) for e in events if e.type.value.startswith("STEP")]


def subagents(events: list[Any]) -> list[tuple[str, str]]:
    """What became of each sub-agent, by its name."""
    names: dict[str, str] = {}
    told = []
    for event in events:
        kind = event.type.value
        if kind == "SUBAGENT_STARTED":
            names[event.subagent_run_id] = event.name
        if kind.startswith("SUBAGENT"):
            told.append((kind[9:], names[event.subagent_run_id]))
    return told


def texts(messages: list[Any]) -> list[str]:
    return [block["text"] for m in messages for block in m["content"] if "text" in block]


def test_the_nodes_of_a_graph_are_steps_and_what_each_says_is_a_message(run_file: RunFile) -> None:
    with run_file(GRAPH, Scripted(say("A draft."), say("It is good."))) as client:
        events = client.ask("Write")
        (run,) = client.act("get", threadId="thread-1")["runs"]
    assert steps(events) == [
        ("STARTED", "writer"),
        ("FINISHED", "writer"),
        ("STARTED", "critic"),
        ("FINISHED", "critic"),
    ]
    assert subagents(events) == steps(events)
    (writer, critic) = [e.subagent_run_id for e in events if e.type.value == "SUBAGENT_STARTED"]
    spoken = [(e.subagent_run_id, e.delta) for e in events if e.type.value == TEXT]
    assert spoken == [(writer, "A draft."), (critic, "It is good.")]
    alone = [e.type.value for e in events if getattr(e, "subagent_run_id", None) is None]
    assert alone == ["RUN_STARTED", "RUN_FINISHED"], "all else is of a node"
    assert [message.get("content") for message in run["messages"]] == [
        "Write",
        "A draft.",
        "It is good.",
    ]
    assert kinds(events)[-1] == "RUN_FINISHED"
    assert events[-1].usage[0].total_tokens == 2 * 15, "of all nodes"


def test_those_who_are_asked_first_know_the_conversation(run_file: RunFile) -> None:
    model = Scripted(say("One"), say("Fine"), say("Two"), say("Fine"))
    with run_file(GRAPH, model) as client:
        client.ask("First")
        client.ask("Second")
    assert texts(model.asked[2]) == ["First", "One", "Fine", "Second"]
    assert "Two" in " ".join(texts(model.asked[3])), "the critic is given the draft"
    assert "First" not in " ".join(texts(model.asked[3]))


def test_nodes_that_speak_at_once_have_messages_of_their_own(run_file: RunFile) -> None:
    with run_file(PARALLEL, Both()) as client:
        events = client.ask("Go")
        (run,) = client.act("get", threadId="thread-1")["runs"]
        again = parse(
            client.post(
                {"action": "resume", "threadId": "thread-1", "runId": run["runId"], "after": 0}
            ).content
        )
    assert {name for _, name in steps(events)} == {"both", "both/left", "both/right"}
    begun = [event for event in events if event.type.value == "SUBAGENT_STARTED"]
    assert [event.name for event in begun[:1]] == ["both"]
    assert {event.parent_subagent_run_id for event in begun} == {None, begun[0].subagent_run_id}
    assert subagents(events)[-1] == ("FINISHED", "both")
    spoken = sorted(message["content"] for message in run["messages"][1:])
    assert spoken == ["left left", "right right"]
    assert kinds(again) == kinds(events)


class Both(Scripted):
    """Two nodes whose pieces come alternately: neither ends before the other has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.both = asyncio.Barrier(2)

    async def stream(self, *asked: Any, **_: Any) -> Any:
        system = asked[2]
        first, delta, *rest = say(system)
        yield first
        yield delta
        await self.both.wait()
        yield {"contentBlockDelta": {"delta": {"text": f" {system}"}}}
        for chunk in rest:
            yield chunk


def test_a_swarm_hands_over_and_each_of_its_agents_is_a_step(run_file: RunFile) -> None:
    hand_over = call("handoff_to_agent", agent_name="solver", message="Solve it.")
    model = Scripted(say("One"), hand_over, say("It is with the solver."), say("Solved: 4"))
    with run_file(SWARM, model) as client:
        client.ask("First")
        events = client.ask("Second")
    assert [name for kind, name in steps(events) if kind == "STARTED"] == ["asker", "solver"]
    assert "TOOL_CALL_RESULT" in kinds(events)
    assert said(events).endswith("Solved: 4")
    assert texts(model.asked[1])[:2] == ["First", "One"], "the asker knows the conversation"


@pytest.mark.parametrize("file", [GRAPH, SWARM], ids=["graph", "swarm"])
def test_a_node_that_fails_ends_the_run(run_file: RunFile, file: str) -> None:
    with run_file(file, Scripted(KeyError("CANARY"))) as client:
        events = client.ask("Go")
    assert events[-1].code == "internal_error"
    assert [kind for kind, _ in steps(events)] == ["STARTED", "FINISHED"]
    assert [kind for kind, _ in subagents(events)] == ["STARTED", "ERROR"]


@pytest.mark.parametrize("file", [GRAPH, SWARM], ids=["graph", "swarm"])
def test_the_limits_are_those_of_all_nodes_together(run_file: RunFile, file: str) -> None:
    hand_over = call("handoff_to_agent", agent_name="solver", message="Solve it.")
    model = Scripted(say("A draft.") if file is GRAPH else hand_over, say("never asked for"))
    with run_file(file, model, SLUICE_MAX_TURNS="1") as client:
        events = client.ask("Go")
    assert events[-1].code == "run_limit"
    assert len(model.asked) == 1


def test_a_graph_that_reaches_its_own_limit_is_told(run_file: RunFile) -> None:
    file = GRAPH.replace("set_max_node_executions(10)", "set_max_node_executions(1)")
    with run_file(file, Scripted(say("A draft."))) as client:
        events = client.ask("Go")
    assert events[-1].code == "run_limit"
    assert said(events) == "A draft."


class Silent(Scripted):
    """Says nothing once its script is over, until its call is cancelled."""

    def __init__(self, *script: Any) -> None:
        super().__init__(*script)
        self.waits = threading.Event()
        self.left = threading.Event()

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        if self.script:
            async for chunk in super().stream(*args, **kwargs):
                yield chunk
            return
        self.waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


@pytest.mark.parametrize("file", [GRAPH, PARALLEL, SWARM], ids=["graph", "nested", "swarm"])
def test_a_stop_ends_all_nodes_and_keeps_what_they_said(run_file: RunFile, file: str) -> None:
    script = [say("A draft.")] if file is GRAPH else []
    model = Silent(*script)
    with run_file(file, model) as client:
        body = {"prompt": "Go", "threadId": "thread-1", "runId": "run-1"}
        with client.stream(body) as answer:
            chunks = answer.iter_raw()
            start = next(chunks)
            assert model.waits.wait(10)
            client.act("stop", threadId="thread-1", runId="run-1")
            events = parse(start + b"".join(chunks))
        assert model.left.wait(10), "the model's call has ended"
        (run,) = client.act("get", threadId="thread-1")["runs"]
    assert was_cancelled(events)
    started = [name for kind, name in steps(events) if kind == "STARTED"]
    finished = [name for kind, name in steps(events) if kind == "FINISHED"]
    assert sorted(started) == sorted(finished)
    assert run["state"] == "stopped"
    assert [m["content"] for m in run["messages"][1:]] == (["A draft."] if script else [])
