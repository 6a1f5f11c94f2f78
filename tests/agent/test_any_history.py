"""However a conversation's runs ended, what arrives at a model is what its service takes.

Two kinds of histories: threads of any stored messages in any order, as other versions may have left
them; and runs of the real agent runner, cut after any of their events. Every request goes through
the provider's own formatter, as Strands ships it, and is judged by the service's rules.
"""

import asyncio
import copy
import functools
import json
from typing import Any

import pytest
import sluice.agent_runner.retry
import sluice.agent_runner.runner
from hypothesis import given, settings
from hypothesis import strategies as st
from provider_rules import judge
from sluice.agent_runner.runner import AgentRunner
from sluice.models.provider import make_model
from sluice.runs.run import Run
from sluice.runs.transcript import Transcript
from sluice.settings import Settings
from sluice.threads.history import Question, compose
from sluice.threads.repair import repair
from sluice.threads.thread import StoredRun, Thread, upsert
from stock_agent import SYSTEM_PROMPT
from strands import tool
from strands.models.model import Model
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

TOOLS = [{"name": "look", "description": "Look.", "inputSchema": {"json": {"type": "object"}}}]
PROVIDERS = {
    "bedrock": {"SLUICE_MODEL_ID": "global.anthropic.claude-test-1"},
    "openai": {"SLUICE_MODEL_ID": "gpt-test", "SLUICE_MODEL_URL": "http://127.0.0.1:9/v1"},
    "ollama": {"SLUICE_MODEL_ID": "llama-test", "SLUICE_MODEL_URL": "http://127.0.0.1:9"},
}


@functools.cache
def models() -> dict[str, Any]:
    """Every provider, as the agent makes it."""
    common = {"SLUICE_CONVERSATIONS": "c", "SLUICE_MODEL_REGION": "us-east-1"}
    return {
        name: make_model(Settings.read({"SLUICE_MODEL": name, **common, **environ}))
        for name, environ in PROVIDERS.items()
    }


def faults(messages: list[Any]) -> dict[str, str]:
    """What each service would refuse of a request with these messages."""
    found = {}
    for name, model in models().items():
        system: Any = [{"text": SYSTEM_PROMPT}] if name == "bedrock" else SYSTEM_PROMPT
        body = model.format_request(copy.deepcopy(messages), TOOLS, system)
        if fault := judge(name, body):
            found[name] = f"{fault}, in {json.dumps(body['messages'], default=repr)}"
    return found


BUDGETS = st.sampled_from([1, 60, 1_000_000])
STATES = st.sampled_from(["running", "finished", "stopped", "failed", "interrupted"])
WORDS = st.sampled_from(["", " \n\u00a0", "Yes.", "\ud83d", "a\ude00b", "x" * 300, "{}"])
IDS = st.sampled_from(["a", "b", "call_0", "", "functions.look:0", "x" * 41, "\ud800"])
NAMES = st.sampled_from(["look", "look", "", "a.b c", "n" * 65])
ARGUMENTS = st.sampled_from(["", "{}", '{"at": 1}', '{"at', "[1]", "null", '{"a": NaN}', {"at": 1}])


@st.composite
def stored_calls(draw: Any) -> dict[str, Any]:
    function = {"name": draw(NAMES), "arguments": draw(ARGUMENTS)}
    return {"id": draw(IDS), "type": "function", "function": function}


def message(role: str, **fields: Any) -> Any:
    return st.fixed_dictionaries({"id": st.just("m"), "role": st.just(role), **fields})


STORED = st.one_of(
    message("user", content=WORDS),
    message("reasoning", content=WORDS),
    message("assistant", content=WORDS),
    message("assistant", content=WORDS, toolCalls=st.lists(stored_calls(), max_size=4)),
    message("tool", content=WORDS, toolCallId=IDS),
    message("tool", content=WORDS, toolCallId=IDS, error=WORDS),
    # As no version has stored them.
    message("assistant", toolCalls=st.just([{}])),
    message("tool"),
    message("system", content=WORDS),
)
TURNS = st.tuples(STATES, st.lists(STORED, max_size=7), st.booleans())


def asked(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


@settings(max_examples=1000, deadline=None)
@given(st.lists(TURNS, max_size=4), BUDGETS)
def test_any_stored_thread_can_be_gone_on_with_at_every_provider(stored_runs, budget) -> None:
    thread = [
        StoredRun(
            "run",
            state,
            "2026-11-22T19:00:00.000Z",
            ({"id": "q", "role": "user", "content": f"question {number}"}, *messages)
            if is_asked
            else tuple(messages),
        )
        for number, (state, messages, is_asked) in enumerate(stored_runs)
    ]
    past = compose(thread, budget).messages
    assert repair(past) == past, "a repaired past needs no second repair"
    request = [*past, asked("And now?")]
    assert not faults(request)
    assert repair(request) == request, "so that the agent runner sends it as it is"


PICTURE = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}


@tool
def look(at: Any = None) -> Any:
    """Look at something."""
    match at:
        case "nothing":
            return {"status": "success", "content": []}
        case "picture":
            return {"status": "success", "content": [{"text": "This:"}, PICTURE]}
        case "half":
            return "a\ud83d"
        case "fault":
            raise ValueError("no")
    return " " if at == "blank" else "words " * 100


class Judged(Model):
    """A model that plays a script, and at each call asks every service what it would refuse."""

    def __init__(self) -> None:
        self.script: list[list[Any]] = []
        self.faults: list[Any] = []

    def update_config(self, **_: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        if found := faults(messages):
            self.faults.append(found)
        for chunk in self.script.pop(0) if self.script else answer("Done.", [], "end"):
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


class Toolbox:
    description: tuple[()] = ()

    def __init__(self, _: Any) -> None: ...

    async def tools_for(self, *_: Any) -> Any:
        return [look], []

    def close(self) -> None: ...


FAULTS: dict[str, Exception] = {
    "throttled": ModelThrottledException("busy"),
    "too long": ContextWindowOverflowException("too long"),
    "fault": KeyError("a fault of ours"),
}
CALLS = st.tuples(
    st.sampled_from(["a", "call_0", "functions.look:0", "x" * 41]),
    st.sampled_from(["look", "look", "unheard.of"]),
    st.sampled_from(
        [json.dumps({"at": at}) for at in ("words", "nothing", "picture", "half", "blank", "fault")]
        + ["", "{", "[1]", '{"at": NaN}']
    ),
)
ENDS = st.sampled_from(["end", "end", "end", "max_tokens", *FAULTS])
ANSWERS = st.tuples(WORDS, st.lists(CALLS, max_size=4), ENDS, st.integers(0, 12))


def answer(text: str, calls: list[Any], end: str, length: int = 99) -> list[Any]:
    """A model's stream; one that fails does so after `length` of its chunks."""
    chunks: list[Any] = [{"messageStart": {"role": "assistant"}}]
    if text:
        chunks += [{"contentBlockDelta": {"delta": {"text": text}}}, {"contentBlockStop": {}}]
    for call_id, name, arguments in calls:
        start = {"toolUse": {"toolUseId": call_id, "name": name}}
        delta = {"delta": {"toolUse": {"input": arguments}}}
        chunks += [{"contentBlockStart": {"start": start}}, {"contentBlockDelta": delta}]
        chunks += [{"contentBlockStop": {}}]
    if end in FAULTS:
        return [*chunks[:length], FAULTS[end]]
    reason = "tool_use" if calls else "end_turn"
    return [*chunks, {"messageStop": {"stopReason": reason if end == "end" else end}}]


def cut(run: Run, events: list[Any], share: float, state: Any, replaces: str | None) -> StoredRun:
    """A run as it is stored when its process is killed, or it is stopped, after some events."""
    transcript = Transcript({"id": run.run_id, "role": "user", "content": "Look."})
    for event in events[: round(share * len(events))]:
        transcript.add(event)
    return StoredRun(run.run_id, state, run.run_id, transcript.messages, replaces=replaces)


RUNS = st.tuples(
    st.lists(ANSWERS, max_size=4),
    st.one_of(st.just(1.0), st.floats(0, 1)),
    STATES,
    st.integers(-1, 3),
)


@pytest.fixture(scope="module")
def judged():
    """An agent runner with a judged model."""
    model = Judged()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sluice.agent_runner.runner, "Toolbox", Toolbox)
        patch.setattr(sluice.agent_runner.runner, "make_model", lambda _: model)
        patch.setattr(sluice.agent_runner.retry, "DELAYS", [0.0, 0.0])
        environ = {
            "AWS_REGION": "us-east-1",
            "SLUICE_CONVERSATIONS": "c",
            "SLUICE_MAX_TURNS": "6",
        }
        runner = AgentRunner(Settings.read(environ))
        yield runner, model
        runner.close()


@settings(max_examples=60, deadline=None)
@given(runs=st.lists(RUNS, min_size=1, max_size=4), budget=BUDGETS)
def test_any_run_that_ends_anyhow_can_be_gone_on_with_at_every_provider(
    judged, runs, budget
) -> None:
    runner, model = judged
    model.faults.clear()
    thread: Thread | None = None
    for number, (answers, share, state, replaced) in enumerate([*runs, ([], 1.0, "finished", -1)]):
        run = Run("thread", f"run-{number}", {"id": "q", "role": "user", "content": "Look."})
        replaces = f"run-{replaced}" if 0 <= replaced < number else None
        stored_runs = upsert(thread, "thread", cut(run, [], 0, "running", replaces)).visible[:-1]
        past = compose(stored_runs, budget).messages
        model.script = [answer(*each) for each in answers]
        question = Question(past, [{"text": "Look."}], None, "token")
        asyncio.run(runner.answer(question, run))
        frames = [json.loads(frame.partition(b"data: ")[2]) for frame in run._frames]
        thread = upsert(thread, "thread", cut(run, frames, share, state, replaces))
    assert not model.faults
