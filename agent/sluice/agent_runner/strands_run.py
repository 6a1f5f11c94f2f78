"""Runs what `build_agent` has returned: a Strands agent, a graph or a swarm."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Any, cast

from strands import Agent
from strands.multiagent.base import Status
from strands.multiagent.graph import Graph
from strands.multiagent.swarm import Swarm
from strands.types.tools import AgentTool

from sluice.agent_runner.adoption import Built, adopt, begin_with
from sluice.agent_runner.nodes import Nodes
from sluice.agui.events import Event
from sluice.api import Run as UserRun
from sluice.models.metered import Ledger
from sluice.runs.run import Run
from sluice.service_error import AgentFileError, Code, ServiceError
from sluice.threads.history import Question

# Stop reasons of an answer that is not whole, Bedrock's own or told in its words.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
_MALFORMED: tuple[Code, str] = (
    "answer_cut",
    "The model wrote something that cannot be read, and its answer ended there; what it said is "
    "kept. Send again.",
)
_ENDED_EARLY: dict[str, tuple[Code, str]] = {
    "content_filtered": (
        "answer_filtered",
        "A content filter of the model's provider ended the answer; what it said is kept. Ask in "
        "other words.",
    ),
    "refusal": (
        "answer_refused",
        "The model declined to answer; what it said is kept. Ask in other words.",
    ),
    "malformed_model_output": _MALFORMED,
    "malformed_tool_use": _MALFORMED,
    "model_context_window_exceeded": (
        "answer_too_long",
        "The answer filled all that the model can read at once; what it said is kept. Start a new "
        "conversation for the rest.",
    ),
}


async def build(build_agent: Callable[[UserRun], Any], user_run: UserRun) -> Built:
    """What the user's function returns, which may be async; one that is not may block.

    Raises:
        AgentFileError: It returned something else than an agent, a graph or a swarm.
    """
    if inspect.iscoroutinefunction(build_agent):
        built = await build_agent(user_run)
    else:
        built = await asyncio.to_thread(build_agent, user_run)
        if inspect.isawaitable(built):
            built = await built
    if not isinstance(built, Agent | Graph | Swarm):
        raise AgentFileError(
            f"build_agent returned {_kind(built)}: return a strands Agent, Graph or Swarm."
        )
    return built


class StrandsRun:
    """One run of what was built; `agents` are all that answer it, for whoever stops them."""

    def __init__(
        self,
        built: Built,
        run: Run,
        ledger: Ledger,
        question: Question,
        tools: Sequence[AgentTool],
    ) -> None:
        """Raises AgentFileError when one of the agents cannot be used."""
        self._built = built
        self._question = question
        self._nodes = Nodes(run, question.told)
        self.agents = adopt(built, run, ledger, tools)
        begin_with(built, question.past)

    async def speak(self) -> AsyncIterator[Event]:
        """The answer's events.

        Raises:
            ServiceError: The answer ended, and is not whole.
        """
        stream = self._built.stream_async(self._question.content)
        async with contextlib.aclosing(cast(AsyncGenerator[Any], stream)) as items:
            async for item in items:
                for event in self._nodes.tell(item):
                    yield event
                if "result" in item:
                    self._judge(item["result"])

    def close(self) -> Iterator[Event]:
        """End whatever is open, as an error or a stop in mid-stream leaves it."""
        yield from self._nodes.close()

    def _judge(self, result: Any) -> None:
        """Whether an answer is whole."""
        if not isinstance(self._built, Agent):
            if self._nodes.failure is not None:
                raise self._nodes.failure
            if result.status == Status.INTERRUPTED:
                raise AgentFileError(_INTERRUPTED)
            if result.status != Status.COMPLETED:
                raise ServiceError("run_limit", _GAVE_UP)
            return
        reason = result.stop_reason
        if reason == "interrupt":
            raise AgentFileError(_INTERRUPTED)
        if reason in _ENDED_EARLY:
            raise ServiceError(*_ENDED_EARLY[reason])
        if reason == "end_turn" and not _says_something(result):
            raise ServiceError(
                "answer_empty", "The model ended its answer without a word; send again."
            )


_GAVE_UP = (
    "The agents reached the limit of their graph or swarm before they were done; what they said is "
    "kept. Ask for less at once."
)
_INTERRUPTED = "the agent raised an interrupt, and Sluice has nobody answer it: do without."


def _says_something(result: Any) -> bool:
    """Whether a model's message has a word or a call; reasoning alone is no answer."""
    content = result.message["content"]
    return any("toolUse" in b or b.get("text", "").strip() for b in content)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"something of the type {type(value).__name__}"
