"""Runs the entry point of a BedrockAgentCoreApp: AgentCore's own form of an agent, unchanged.

Its functions run on an event loop in a thread of their own, as those of bedrock-agentcore's server
do: they may block it, and whatever they made on it stays of use to the next run.
"""

import asyncio
import contextlib
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from strands.types.tools import AgentTool

from sluice.agent_runner.adoption import meter
from sluice.agent_runner.agent_file import AgentFile
from sluice.agent_runner.answer_run import Pieces
from sluice.agent_runner.nodes import Nodes
from sluice.agui.events import Event
from sluice.agui.given import GivenError
from sluice.api import Run as UserRun
from sluice.models.metered import Ledger, current
from sluice.models.usage import Meter
from sluice.runs.run import Run
from sluice.service_error import AgentFileError, ServiceError
from sluice.threads.history import Question

_END = object()
# What else Strands' agents say of themselves: it repeats what is read, or is for programs.
_ASIDES = {
    *("init_event_loop", "start", "start_event_loop", "complete", "force_stop", "delta"),
    *("current_tool_use", "tool_stream_event", "tool_cancel_event", "tool_interrupt_event"),
    *("event_loop_throttled_delay", "structured_output", "reasoning", "citation"),
}
# Under these names entry points return their answer: {"result": ...}.
_NAMES = ("result", "response", "output", "answer", "message", "text", "content")


class App:
    """The app of a process. It serves one person: what it remembers is in its own variables."""

    def __init__(self, file: AgentFile) -> None:
        self.entry = file.entry
        self._owner: str | None = None
        self._globals = list(vars(file.module).values())
        self.loop = asyncio.new_event_loop()
        # A daemon: an entry point that hangs must not keep the process from ending.
        threading.Thread(target=self._serve, name="app", daemon=True).start()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _serve(self) -> None:
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def admit(self, person: str, tools: Sequence[AgentTool]) -> None:
        """Let a person in, to agents that are metered and limited; `tools` are those of the run.

        Raises:
            ServiceError: `unauthorized`: the process has served another, whom it may remember.
        """
        self._owner = self._owner or person
        if self._owner != person:
            raise ServiceError(
                "unauthorized",
                "This session belongs to another person; start a new conversation.",
            )
        for value in self._globals:
            meter(value, tools)


class AppRun:
    """One run of an app's entry point."""

    # It has no way to ask a person in mid-run.
    interrupts: Sequence[dict[str, Any]] = ()

    def __init__(
        self, app: App, user_run: UserRun, run: Run, ledger: Ledger, question: Question
    ) -> None:
        self._app = app
        self._user_run = user_run
        self._token = question.token
        self._ledger = ledger
        self._nodes = Nodes(run, question.told)
        self._pieces = Pieces()
        # Raw chunks hold all that "data" repeats.
        self._has_chunks = False
        self._meter = Meter()

    async def speak(self) -> AsyncIterator[Event]:
        """The answer's events.

        Raises:
            AgentFileError: What the entry point gave is nothing that can be shown.
            ServiceError: It ended without a word, or the process serves somebody else.
        """
        self._app.admit(str(self._user_run.claims.get("sub")), self._user_run.tools)
        current.set(self._ledger)
        is_silent = True
        async for item in self._items():
            try:
                told = list(self._tell(item))
            except GivenError as error:
                raise AgentFileError(f"the entry point gave an event: {error}.") from None
            for event in told:
                is_silent = False
                yield event
        usage = self._meter.token_usage("custom", "custom")
        if usage and self._ledger.is_empty:
            # Of an agent that the entry point has made for itself.
            self._ledger.count("custom", usage["inputTokens"], usage["outputTokens"])
        if self._nodes.failure is not None:
            raise self._nodes.failure
        if is_silent:
            raise ServiceError(
                "answer_empty", "The agent ended its answer without a word; send again."
            )

    def close(self) -> Iterator[Event]:
        yield from self._nodes.close()
        yield from self._pieces.close()

    async def _items(self) -> AsyncIterator[Any]:
        """What the entry point gives, from its thread to this loop."""
        here = asyncio.get_running_loop()
        items: asyncio.Queue[Any] = asyncio.Queue()

        def put(item: Any) -> None:
            # The loop is closed when the process has ended meanwhile.
            with contextlib.suppress(RuntimeError):
                here.call_soon_threadsafe(items.put_nowait, item)

        done = asyncio.run_coroutine_threadsafe(self._call(put), self._app.loop)
        done.add_done_callback(lambda _: put(_END))
        try:
            while (item := await items.get()) is not _END:
                yield item
            done.result()
        finally:
            done.cancel()

    async def _call(self, put: Callable[[Any], None]) -> None:
        """Call the entry point as bedrock-agentcore does, whatever kind of function it is."""
        entry = self._app.entry
        payload = {"prompt": self._user_run.prompt}
        context = self._context()
        arguments = (payload, context) if _takes_context(entry) else (payload,)
        if inspect.isasyncgenfunction(entry) or inspect.iscoroutinefunction(entry):
            given = entry(*arguments)
        else:
            given = await asyncio.to_thread(entry, *arguments)
        if inspect.isawaitable(given):
            given = await given
        if inspect.isasyncgen(given):
            async with contextlib.aclosing(given) as items:
                async for item in items:
                    put(item)
        elif inspect.isgenerator(given):
            while (item := await asyncio.to_thread(next, given, _END)) is not _END:
                put(item)
        else:
            put(given)

    def _context(self) -> Any:
        from bedrock_agentcore.runtime.context import BedrockAgentCoreContext, RequestContext

        run, headers = self._user_run, {"Authorization": f"Bearer {self._token}"}
        BedrockAgentCoreContext.set_request_context(run.run_id, run.thread_id)
        BedrockAgentCoreContext.set_request_headers(headers)
        return RequestContext(session_id=run.thread_id, request_headers=headers, request=None)

    def _tell(self, item: Any) -> Iterator[Event]:
        if item is None:
            return
        if isinstance(item, dict):
            yield from self._tell_dict(item)
        elif hasattr(item, "model_dump") and hasattr(item, "type"):
            yield from self._pieces.take(item)
        else:
            yield from self._pieces.say(_text(item))

    def _tell_dict(self, item: dict[str, Any]) -> Iterator[Event]:
        kind = item.get("type")
        if isinstance(item.get("event"), dict) and not kind:
            self._has_chunks = True
            self._meter.read(item["event"])
            yield from self._pieces.end_text()
            yield from self._nodes.tell(item)
        elif isinstance(kind, str) and kind.startswith("multiagent_"):
            self._has_chunks = True
            yield from self._nodes.tell(item)
        elif self._has_chunks and _is_message(item.get("message")):
            yield from self._nodes.tell(item)
        elif isinstance(item.get("data"), str):
            if not self._has_chunks:
                yield from self._pieces.say(item["data"])
        elif isinstance(kind, str) and kind.isupper():
            yield from self._pieces.take(item)
        elif not (item.keys() & _ASIDES or (self._has_chunks and "result" in item)):
            yield from self._pieces.say(_text(item))


def _takes_context(entry: Callable[..., Any]) -> bool:
    names = list(inspect.signature(entry).parameters)
    return len(names) > 1 and names[1] == "context"


def _text(value: Any) -> str:
    """What a person reads of a value: its words where it has some, and else its JSON.

    Raises:
        AgentFileError: It has neither.
    """
    if isinstance(value, str):
        return value
    if _is_message(message := getattr(value, "message", value)):
        return "".join(block.get("text", "") for block in message["content"])
    if isinstance(value, dict):
        named = [value[name] for name in _NAMES if name in value]
        if len(value) == 1 and named:
            return _text(named[0])
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise AgentFileError(
            f"the entry point gave something of the type {type(value).__name__}: give text, an "
            "agent's events, or JSON."
        ) from None
    return f"```json\n{text}\n```\n"


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("content"), list) and "role" in value
