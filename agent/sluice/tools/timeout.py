"""Every tool is called through here: in time, in bounds, and with no way to hurt the rest.

What a model is told of it is what every provider takes, so that one tool cannot cost a run its
answer: its name, its description, and the schema of its arguments.

A tool gets a thread with an event loop of its own, whatever it is: a function that blocks, an
`async` one that blocks all the same, or a call of an MCP server. So a tool that hangs holds up no
stream, takes no thread of a pool that others need, and lets the process end.
"""

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, override

from pydantic import ValidationError
from strands.types._events import ToolInterruptEvent, ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolResult, ToolSpec, ToolUse

from sluice.tools.names import usable_name
from sluice.tools.results import fail, succeed
from sluice.tools.schemas import Arguments, SchemaError, normalise

SECONDS = 30.0
# How often a call that waits looks at its run's stop signal, which has no other way to be awaited.
POLL_SECONDS = 0.05
# Threads of one tool that were given up and still run: Python has no way to end them.
MAX_STUCK = 8
MAX_DESCRIPTION = 4_000

_log = logging.getLogger(__name__)


type Told = ToolResult | ToolInterruptEvent
"""What a tool says last: its result, or what it asks a person before it goes on."""


class Limited(AgentTool):
    """A tool that answers within `seconds`, with a result that the model can read.

    `is_usable` is False for one whose arguments no provider takes a schema of.
    """

    def __init__(self, tool: AgentTool, seconds: float = SECONDS) -> None:
        super().__init__()
        self._tool = tool
        self._seconds = seconds
        self._stuck: list[_Call] = []
        self._name = usable_name(tool.tool_name)
        self._arguments, self._description = _read_spec(tool)
        self.is_usable = self._arguments is not None

    @property
    def tool_name(self) -> str:
        return self._name

    @property
    def tool_spec(self) -> ToolSpec:
        return {
            "name": self._name,
            "description": self._description or self._name,
            "inputSchema": {"json": self._arguments.schema if self._arguments else {}},
        }

    @property
    def tool_type(self) -> str:
        return self._tool.tool_type

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        """Call the tool; yields its result alone, or what it asks a person first."""
        call_id = str(tool_use["toolUseId"])
        signal = _stop_signal(invocation_state, kwargs)
        self._stuck = [call for call in self._stuck if call.is_alive()]
        if len(self._stuck) >= MAX_STUCK:
            said = f"The tool does not answer: {MAX_STUCK} earlier calls have not come back yet."
            yield ToolResultEvent(fail(call_id, said))
            return
        call = _Call(lambda: self._ask(tool_use, invocation_state, kwargs))
        call.start()
        try:
            result = await self._wait(call, call_id, signal)
        finally:
            if not call.outcome.done():
                call.cancel()
                self._stuck.append(call)
        yield result if isinstance(result, ToolInterruptEvent) else ToolResultEvent(result)

    async def _wait(self, call: "_Call", call_id: str, signal: threading.Event | None) -> Told:
        deadline = time.monotonic() + self._seconds
        outcome = asyncio.wrap_future(call.outcome)
        while not outcome.done():
            left = deadline - time.monotonic()
            if signal is not None and signal.is_set():
                return fail(call_id, "The tool was given up, because the run was stopped.")
            if left <= 0:
                _log.warning("the tool %s took more than its time", self.tool_name)
                said = f"The tool took more than {self._seconds:g} seconds and was given up."
                return fail(call_id, said)
            await asyncio.wait((outcome,), timeout=min(left, POLL_SECONDS))
        try:
            return outcome.result()
        except Exception as error:
            return self._explain(call_id, error)

    async def _ask(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], kwargs: dict[str, Any]
    ) -> Told:
        """What the tool says last."""
        call_id = str(tool_use["toolUseId"])
        if not isinstance(tool_use["input"], dict):
            return fail(call_id, "The arguments are not a JSON object.")
        if self._arguments is not None:
            tool_use = {**tool_use, "input": self._arguments.restore(tool_use["input"])}
        last: Any = None
        async for event in self._tool.stream(tool_use, invocation_state, **kwargs):
            last = event
        if isinstance(last, ToolInterruptEvent):
            return last
        if isinstance(last, ToolResultEvent):
            if last.exception is not None:
                return self._explain(call_id, last.exception)
            last = last.tool_result
        if not isinstance(last, dict) or "content" not in last:
            return fail(call_id, "The tool ended without a result.")
        return succeed(call_id, last)

    def _explain(self, call_id: str, error: Exception) -> ToolResult:
        """The model may fix its own arguments; an exception's text is for nobody (T8)."""
        if isinstance(error.__cause__, ValidationError):
            return fail(call_id, _describe(error.__cause__))
        _log.warning("the tool %s failed", self.tool_name, exc_info=error)
        return fail(call_id, "The tool failed: something went wrong inside it.")


def _describe(error: ValidationError) -> str:
    """What Pydantic found, without the values."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = []
    for problem in problems:
        # A validator of the tool's own speaks in an exception's words.
        is_own = problem["type"] in ("value_error", "assertion_error")
        where = ".".join(map(str, problem["loc"])) or "all"
        told.append(f"{where}: {'not accepted' if is_own else problem['msg']}")
    return f"The arguments do not fit. {'; '.join(told)[:1000]}."


def _read_spec(tool: AgentTool) -> tuple[Arguments | None, str]:
    """The arguments of a tool, None where they are of no use, and its description."""
    try:
        spec: Any = tool.tool_spec
        schema = spec.get("inputSchema")
        schema = schema.get("json", schema) if isinstance(schema, dict) else schema
        arguments = normalise(schema)
    except (SchemaError, RecursionError):
        return None, ""
    description = spec.get("description")
    return arguments, description.strip()[:MAX_DESCRIPTION] if isinstance(description, str) else ""


def _stop_signal(
    invocation_state: dict[str, Any], kwargs: dict[str, Any]
) -> threading.Event | None:
    """The signal of the run that calls, from what Strands hands to a tool."""
    context = kwargs.get("_tool_context") or invocation_state.get("agent")
    signal = getattr(context, "cancel_signal", None)
    return signal if isinstance(signal, threading.Event) else None


class _Call(threading.Thread):
    """One call in a thread of its own. Not of a pool: those are joined when the process ends."""

    def __init__(self, ask: Callable[[], Awaitable[Told]]) -> None:
        super().__init__(name="tool", daemon=True)
        self.outcome: Future[Told] = Future()
        self._ask = ask
        # So that what a tool traces is part of its run.
        self._context = contextvars.copy_context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                result = runner.run(self._perform(), context=self._context)
        except BaseException as error:
            # Also the SystemExit of a tool, and its cancellation.
            failure = error if isinstance(error, Exception) else RuntimeError("the call ended")
            self._settle(lambda: self.outcome.set_exception(failure))
        else:
            self._settle(lambda: self.outcome.set_result(result))

    def cancel(self) -> None:
        """End what can be ended: a function that blocks runs on, and its result goes nowhere."""
        self.outcome.cancel()
        if self._loop is not None and self._task is not None:
            # The loop is closed when the call has just come back.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _perform(self) -> Told:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(_Inline())
        self._task = asyncio.current_task()
        return await self._ask()

    def _settle(self, settle: Callable[[], None]) -> None:
        # The call may have been given up in the meantime, which cancelled its future.
        with contextlib.suppress(Exception):
            settle()


class _Inline(ThreadPoolExecutor):
    """Runs at once what Strands sends to a thread: this thread is there for nothing else."""

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done
