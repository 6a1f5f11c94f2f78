"""agent.py with `build_agent`: what it is given, what is added to it, and what is refused."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import sluice.agent_runner.runner
from scripted import Scripted, call, say
from sluice import Run
from sluice.agent_runner.agent_file import load
from sluice.agent_runner.check import check
from sluice.agui.events import Notice
from sluice.api import NOTICES
from sluice.service_error import AgentFileError
from sluice.settings import Settings
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from wire_support import parse, said

pytest_plugins = ("agent_files",)

type RunFile = Callable[..., Any]


SEEN = """
from strands import Agent
seen = []
def build_agent(run):
    seen.append(run)
    return Agent(model=run.model, tools=run.tools)
"""


def seen() -> list[Run]:
    """The runs that a file was given which keeps them."""
    return sys.modules["sluice_agent_file"].seen


def test_the_file_is_given_all_that_there_is_of_a_message(run_file: RunFile) -> None:
    body = {
        "threadId": "thread-1",
        "runId": "run-1",
        "messages": [{"id": "m1", "role": "user", "content": "Well?"}],
        "state": {"cart": [1]},
        "context": [{"description": "page", "value": "/home"}],
        "forwardedProps": {"timeZone": "Europe/Zurich", "more": True},
        "tools": [],
    }
    with run_file(SEEN) as client:
        events = parse(client.post(body).content)
    (run,) = seen()
    assert said(events) == "Yes"
    assert (run.thread_id, run.run_id, run.prompt) == ("thread-1", "run-1", "Well?")
    assert run.messages[-1] == {"id": "m1", "role": "user", "content": "Well?"}
    assert run.claims["sub"] == "alice"
    assert (run.state, run.time_zone) == ({"cart": [1]}, "Europe/Zurich")
    assert list(run.context) == [{"description": "page", "value": "/home"}]
    assert run.forwarded_props == {"timeZone": "Europe/Zurich", "more": True}
    assert {tool.tool_name for tool in run.tools} == {"calculator", "current_time"}
    assert not run.cancel_signal.is_set()


def test_nothing_personal_is_in_a_runs_repr(run_file: RunFile) -> None:
    with run_file(SEEN) as client:
        client.ask("CANARY")
    (run,) = seen()
    assert "CANARY" not in repr(run)
    assert "alice" not in repr(run)


def test_the_agent_is_given_its_history_after_messages_of_its_own(run_file: RunFile) -> None:
    file = """
from strands import Agent
def build_agent(run):
    example = [
        {"role": "user", "content": [{"text": "Ping"}]},
        {"role": "assistant", "content": [{"text": "Pong"}]},
    ]
    return Agent(model=run.model, messages=example)
"""
    model = Scripted(say("One"), say("Two"))
    with run_file(file, model) as client:
        client.ask("First")
        client.ask("Second")
    texts = [message["content"][0]["text"] for message in model.asked[1]]
    assert texts == ["Ping", "Pong", "First", "One", "Second"]


@pytest.mark.parametrize("prefix", ["", "async "])
def test_what_is_emitted_reaches_the_client_from_any_thread(run_file: RunFile, prefix: str) -> None:
    file = f"""
import threading
from strands import Agent, tool
{prefix}def build_agent(run):
    run.emit("made", {{"for": run.claims["sub"]}})
    @tool
    def look() -> str:
        "Look."
        thread = threading.Thread(target=run.emit, args=("looked", [1, 2]))
        thread.start()
        thread.join()
        return "seen"
    return Agent(model=run.model, tools=[look])
"""
    with run_file(file, Scripted(call("look"), say("Yes"))) as client:
        events = client.ask("Look")
    told = [(event.name, event.value) for event in events if event.type.value == "CUSTOM"]
    assert told == [("made", {"for": "alice"}), ("looked", [1, 2])]


def emitted(name: Any, value: Any) -> list[Any]:
    sent: list[Any] = []
    run = Run(
        thread_id="t",
        run_id="r",
        prompt="p",
        messages=(),
        model=Scripted(),
        tools=[],
        claims={},
        send=sent.append,
        note_source=lambda *_: 1,
        count=lambda *_: None,
    )
    run.emit(name, value)
    return sent


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("", 1, "a name has 1 to 100 characters"),
        (7, 1, "a name has 1 to 100 characters"),
        ("x" * 101, 1, "a name has 1 to 100 characters"),
        ("model_retry", 1, "a name that Sluice uses itself"),
        ("mine", object(), "not JSON"),
        ("mine", float("nan"), "not JSON"),
        ("mine", "x" * 70_000, "over 64 KiB"),
    ],
)
def test_what_cannot_be_emitted_is_refused_in_words(name: Any, value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        emitted(name, value)


def test_what_is_emitted_does_not_change_afterwards() -> None:
    value = {"list": [1]}
    (event,) = emitted("mine", value)
    value["list"].append(2)
    assert event == {"type": "CUSTOM", "name": "mine", "value": {"list": [1]}}


def test_the_names_that_sluice_uses_itself_are_all_known() -> None:
    assert set(get_args(Notice.__value__)) == NOTICES


SUB_AGENT = """
from strands import Agent, tool
def build_agent(run):
    helper = Agent(name="helper", description="Helps.", model=run.model)
    @tool
    def hidden() -> str:
        "Ask an agent that nobody sees."
        return str(Agent(model=run.model, callback_handler=None)("Hidden?"))
    return Agent(model=run.model, tools=[helper, hidden])
"""


def test_agents_that_are_tools_are_metered_also_hidden_ones(run_file: RunFile) -> None:
    model = Scripted(
        call("helper", input="Help"), say("Helped"), call("hidden"), say("Found"), say("Done")
    )
    with run_file(SUB_AGENT, model) as client:
        events = client.ask("Go")
    assert said(events) == "Done"
    assert events[-1].usage[0].total_tokens == 5 * 15


@pytest.mark.parametrize("tool", ["helper", "hidden"])
def test_agents_that_are_tools_share_the_limits_of_the_run(run_file: RunFile, tool: str) -> None:
    arguments = {"input": "Help"} if tool == "helper" else {}
    model = Scripted(call(tool, **arguments), say("Helped"), say("not asked for"))
    with run_file(SUB_AGENT, model, SLUICE_MAX_TURNS="2") as client:
        events = client.ask("Go")
    assert events[-1].code == "run_limit"
    assert len(model.asked) == 2


def test_a_busy_model_is_asked_again_by_the_runner_alone(run_file: RunFile) -> None:
    busy = ModelThrottledException("busy")
    model = Scripted(busy, say("Yes"))
    with run_file(SEEN, model) as client:
        events = client.ask("Well?")
    assert [event.name for event in events if event.type.value == "CUSTOM"] == ["model_retry"]
    assert said(events) == "Yes"
    with run_file(SEEN, model := Scripted(*[busy] * 10)) as client:
        assert client.ask("Well?", "thread-2")[-1].code == "model_throttled"
    assert len(model.asked) == 4, "not once by Strands' own strategy"


def test_a_conversation_manager_of_its_own_is_kept(run_file: RunFile) -> None:
    file = """
from strands import Agent
from strands.agent.conversation_manager import NullConversationManager
def build_agent(run):
    return Agent(model=run.model, conversation_manager=NullConversationManager())
"""
    too_long = ContextWindowOverflowException("too long")
    for text, code in ((SEEN, None), (file, "prompt_too_long")):
        with run_file(text, Scripted(say("One"), too_long, say("Two"))) as client:
            client.ask("First", code or "thread-1")
            last = client.ask("Second", code or "thread-1")[-1]
        assert getattr(last, "code", None) == code


def test_an_agent_with_a_model_of_its_own_is_metered_and_limited(
    run_file: RunFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Scripted(call("look"), say("Yes"), call("look"), say("never"))
    monkeypatch.setattr("strands.agent.agent.BedrockModel", lambda: own)
    file = """
from strands import Agent, tool
@tool
def look() -> str:
    "Look."
    return "seen"
def build_agent(run):
    return Agent(tools=[look])
"""
    with run_file(file) as client:
        assert client.ask("Hello")[-1].usage[0].total_tokens == 2 * 15
    with run_file(file, SLUICE_MAX_TURNS="1") as client:
        assert client.ask("Hello", "thread-2")[-1].code == "run_limit"


def test_a_tool_of_the_file_has_the_limits_of_all_tools(run_file: RunFile, caplog) -> None:
    file = """
from strands import Agent, tool
SECONDS = 0.2
@tool
def hang() -> str:
    "Hang."
    threading.Event().wait(5)
@tool
def broken() -> str:
    "Break."
    raise ValueError("CANARY")
import threading
def build_agent(run):
    return Agent(model=run.model, tools=[hang, broken])
"""
    model = Scripted(call("hang"), call("broken"), say("Yes"))
    with run_file(file, model) as client:
        events = client.ask("Go")
    results = [event.content for event in events if event.type.value == "TOOL_CALL_RESULT"]
    assert "more than 0.2 seconds" in results[0]
    assert results[1] == "The tool failed: something went wrong inside it."


def test_a_file_that_prints_nothing_of_the_prompt(run_file: RunFile, capfd) -> None:
    with run_file(SEEN, Scripted(say("CANARY"))) as client:
        client.ask("CANARY")
    captured = capfd.readouterr()
    assert "CANARY" not in captured.out + captured.err


def test_a_build_agent_that_blocks_holds_up_nothing_else(run_file: RunFile) -> None:
    file = """
import threading
from strands import Agent
go = threading.Event()
def build_agent(run):
    run.emit("here", 1)
    go.wait(10)
    return Agent(model=run.model)
"""
    with run_file(file) as client, client.stream({"prompt": "Hello"}) as answer:
        chunks: Iterator[bytes] = answer.iter_raw()
        while b"here" not in next(chunks):
            pass
        assert client.ping() == "HealthyBusy"
        sys.modules["sluice_agent_file"].go.set()
        assert b"RUN_FINISHED" in b"".join(chunks)


def test_a_stop_ends_all_agents(run_file: RunFile) -> None:
    file = """
from strands import Agent, tool
def build_agent(run):
    helper = Agent(name="helper", description="Helps.", model=run.model)
    return Agent(model=run.model, tools=[helper])
"""
    asked = threading.Event()

    class Silent(Scripted):
        async def stream(self, *args: Any, **kwargs: Any) -> Any:
            if self.script:
                async for chunk in super().stream(*args, **kwargs):
                    yield chunk
                return
            asked.set()
            await asyncio.Event().wait()

    with run_file(file, Silent(call("helper", input="Help"))) as client:
        body = {"prompt": "Go", "threadId": "thread-1", "runId": "run-1"}
        with client.stream(body) as answer:
            chunks = answer.iter_raw()
            next(chunks)
            assert asked.wait(10)
            client.act("stop", threadId="thread-1", runId="run-1")
            last = b"".join(chunks).decode().split("data: ")[-1]
        assert json.loads(last)["outcome"] == {"type": "cancelled"}


BROKEN: dict[str, tuple[str, str]] = {
    "nothing": ("x = 1", "it defines none of them"),
    "two": (
        "def build_agent(run): ...\nasync def answer(run):\n    yield 1",
        r"two of them \(build_agent and answer\)",
    ),
    "no package": ("import nothing_there", "there is no module nothing_there"),
    "syntax": ("def", "it raised SyntaxError"),
    "exit": ("raise SystemExit", "it raised SystemExit"),
    "no argument": ("def build_agent(): ...", r"must take one argument, the run"),
    "not a generator": ("async def answer(run): ...", "must be an async generator"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_none_of_the_kinds_is_told_what_to_do(name: str, tmp_path: Path) -> None:
    text, why = BROKEN[name]
    path = tmp_path / "agent.py"
    path.write_text(text)
    with pytest.raises(AgentFileError, match=why):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentFileError, match=r"none\.py is not there"):
        load(tmp_path / "none.py")


USELESS = {
    "nothing": ("", "build_agent returned nothing: return a strands Agent"),
    "text": ("    return 'agent'", "returned something of the type str: return a strands Agent"),
    "shared": ("    return SHARED", "a second time: make a new one in each call"),
    "raises": ("    raise KeyError", "build_agent raised KeyError"),
    "session": (
        "    from strands.session.file_session_manager import FileSessionManager\n"
        "    return Agent(session_manager=FileSessionManager('s', storage_dir=FOLDER))",
        "has a session manager: leave it out",
    ),
}


@pytest.mark.parametrize("name", USELESS)
def test_what_cannot_work_is_refused_before_any_message(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sluice.agent_runner.runner, "make_model", lambda _: Scripted())
    body, why = USELESS[name]
    path = tmp_path / "agent.py"
    head = f"from strands import Agent\nSHARED = Agent('m')\nFOLDER = {str(tmp_path)!r}\n"
    path.write_text(f"{head}def build_agent(run):\n    pass\n{body}\n")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert check(settings(path)) == 2
    assert why in capsys.readouterr().err.splitlines()[-1]


def test_a_file_that_works_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sluice.agent_runner.runner, "make_model", lambda _: Scripted())
    path = tmp_path / "agent.py"
    path.write_text(SEEN)
    assert check(settings(path)) == 0


def settings(path: Path) -> Settings:
    environ = {"SLUICE_CONVERSATIONS": "c", "AWS_REGION": "us-east-1", "SLUICE_AGENT": str(path)}
    return Settings.read(environ)


def test_a_file_that_cannot_be_used_is_named_in_the_log_and_not_to_people(
    run_file: RunFile, caplog: pytest.LogCaptureFixture
) -> None:
    with run_file("x = 1") as client:
        events = client.ask("Hello")
    assert events[-1].code == "internal_error"
    assert "build_agent" not in events[-1].message
    assert "must define one of" in caplog.text
