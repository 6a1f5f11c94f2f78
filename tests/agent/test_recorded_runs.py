"""The runs that the page's tests replay (spa/test/runs) are what the agent sends today.

Record them again after a change to what is sent:

    RECORD_RUNS=1 .venv/bin/python -m pytest -n0 tests/agent/test_recorded_runs.py

A file has one JSON object a line: {"live": event} of the run as it happened, {"replay": event} of
the same run told again by a process that came after, and {"stored": run} as `get` has it. Ids are
numbered, and times and counts of tokens always the same, so that a recording changes only where
the wire does.
"""

import asyncio
import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from checkout import ROOT
from fakes.scripted_mcp import ScriptedMcp, tool
from image_samples import PNG
from scripted import Scripted, call, say
from strands.types.exceptions import ModelThrottledException
from support import serve
from wire_support import frames

pytest_plugins = ("agent_files",)

type Line = dict[str, Any]

FOLDER = ROOT / "spa" / "test" / "runs"
THREAD = {"threadId": "thread", "runId": "run"}
AGENT = ROOT / "agent" / "agent.py"
BUSY = ModelThrottledException("busy")
THOUGHT = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "A sum, simple enough."}}}}

GRAPH = """
from strands import Agent
from strands.multiagent import GraphBuilder
def build_agent(run):
    graph = GraphBuilder()
    graph.add_node(Agent(model=run.model, system_prompt="Write."), "writer")
    graph.add_node(Agent(model=run.model, system_prompt="Judge."), "critic")
    graph.add_edge("writer", "critic")
    graph.set_max_node_executions(10)
    return graph.build()
"""


class Silent(Scripted):
    """A model that says its first words, and nothing more."""

    async def stream(self, *_: Any, **__: Any) -> Any:
        for chunk in say("One, two,")[:2]:
            yield chunk
        await asyncio.Event().wait()


def ask(client: Any, prompt: str) -> bytes:
    return bytes(client.post({"prompt": prompt} | THREAD).content)


def ask_and_stop(client: Any, prompt: str) -> bytes:
    with client.stream({"prompt": prompt} | THREAD) as answer:
        body, pieces = b"", answer.iter_bytes()
        while b"TEXT_MESSAGE_CONTENT" not in body:
            body += next(pieces)
        client.act("stop", **THREAD)
        return body + b"".join(pieces)


def drawing() -> ScriptedMcp:
    image = {"type": "image", "mimeType": "image/png", "data": base64.b64encode(PNG).decode()}
    content = [{"type": "text", "text": "A chart."}, image]
    return ScriptedMcp([tool("draw")], results={"draw": {"content": content}})


RUNS: dict[str, tuple[str, Callable[[Any, str], bytes], dict[str, Any]]] = {
    "text": ("Count to 5", ask, {}),
    "tool": ("What is 25 * 4? Show your work.", ask, {}),
    "tool-failed": ('Use calculator with {"expression": "1 +"}', ask, {}),
    "image": ("Use srv_draw with {}", ask, {}),
    "reasoning": (
        "What is 10 * 10?",
        ask,
        {"model": lambda: Scripted([say("")[0], THOUGHT, *say("It is 100.")[1:]])},
    ),
    "error": ("Hello", ask, {"model": lambda: Scripted(*[BUSY] * 4)}),
    "error-in-mid-answer": (
        "Hello",
        ask,
        {"model": lambda: Scripted([*say("Half an ans")[:2], RuntimeError("gone")])},
    ),
    "stopped": ("Count to 5000", ask_and_stop, {"model": Silent}),
    "snapshot": (
        "What is 1 + 1?",
        ask,
        {
            "model": lambda: Scripted(
                [*say("Let me see. ")[:3], *call("calculator", expression="1 + 1")[1:]],
                [*say("It is some")[:2], BUSY],
                say("It is 2."),
            )
        },
    ),
    "graph": (
        "Write",
        ask,
        {"model": lambda: Scripted(say("A draft."), say("It is good.")), "file": GRAPH},
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_recorded_run_is_what_the_agent_sends(name: str, run_agent: Any, run_file: Any) -> None:
    prompt, question, given = RUNS[name]
    with serve(drawing()) as url:
        servers = {"SLUICE_MCP": json.dumps([{"name": "srv", "url": f"{url}/mcp"}])}

        def life(**environ: str) -> Any:
            if "model" not in given:
                return run_agent(**environ)
            return run_file(given.get("file", AGENT), given["model"](), **environ)

        with life(**(servers if name == "image" else {})) as client:
            live = question(client, prompt)
            (stored,) = client.act("get", threadId=THREAD["threadId"])["runs"]
        # What is told again asks no server: one that is being reached would be left half-way.
        with life() as client:
            replay = client.post({"action": "resume", **THREAD, "after": 0}).content
    lines = [
        *({"live": event} for event in events(live)),
        *({"replay": event} for event in events(replay)),
        {"stored": stored},
    ]
    text = numbered("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
    path = FOLDER / f"{name}.jsonl"
    if os.environ.get("RECORD_RUNS"):
        path.write_text(text)
    assert list(joined(text)) == list(joined(path.read_text())), __doc__


def events(body: bytes) -> Iterator[Any]:
    return (json.loads(frame.partition(b"data: ")[2]) for frame in frames(body))


def numbered(text: str) -> str:
    """With ids, times and counts of tokens that are the same each time."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-11-26T20:00:00.000Z", text)
    text = re.sub(r'(?<=Tokens": )\d+', "10", text)
    ids: dict[str, str] = {}
    pattern = r"tooluse_[\w-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    return re.sub(pattern, lambda m: ids.setdefault(m[0], f"id-{len(ids) + 1}"), text)


def joined(text: str) -> Iterator[Line]:
    """The lines, with deltas that follow each other as one: how many there are is the moment's."""
    last: Line | None = None
    for line in map(json.loads, text.splitlines()):
        event = line.get("live", {})
        if last and "delta" in event and same(last["live"], event):
            last["live"]["delta"] += event["delta"]
            continue
        if last:
            yield last
        last = line if "delta" in event else None
        if last is None:
            yield line
    assert last is None, "a recording ends with what is stored"


def same(one: Any, other: Any) -> bool:
    """Whether two events differ in their deltas alone."""
    return {**one, "delta": ""} == {**other, "delta": ""}
