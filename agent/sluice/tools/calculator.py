"""The calculator of strands-agents-tools, evaluated in confined child processes.

SymPy will spend hours and gigabytes on `9**9**9`. A child with limits of its own is killed instead,
and neither a stream nor /ping notices. A child needs half a second to import SymPy and then holds
about 50 MB: so one is started when the process starts and whenever a run begins, and ends itself
when no run has begun and nothing was calculated for a minute.
"""

import json
import threading
import time
from typing import Any

from strands import ToolContext, tool

from sluice.tools.child import Child

CALL_SECONDS = 5.0
IDLE_SECONDS = 60.0
# Two, so that one that is busy with a bomb does not hold up other runs.
MAX_CHILDREN = 2
WAIT_SECONDS = 15.0
MAX_EXPRESSION = 2_000
# How often a calculation looks at its run's stop signal.
POLL_SECONDS = 0.05

type Result = dict[str, Any]


class Calculator:
    """Owns the children; calculations of any thread share them. Times are in seconds."""

    def __init__(
        self,
        call_seconds: float = CALL_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        max_children: int = MAX_CHILDREN,
    ) -> None:
        self._call_seconds = call_seconds
        self._idle_seconds = idle_seconds
        self._max_children = max_children
        self._places = threading.Semaphore(max_children)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._busy: list[Child] = []
        self._closed = False

    def prepare(self) -> None:
        """Have a child at hand for a calculation to come: about a millisecond, and never waits."""
        with self._lock:
            if self._closed:
                return
            while self._idle and not self._idle[-1].touch():
                self._idle.pop().end()
            if not self._idle and len(self._busy) < self._max_children:
                self._idle.append(Child(self._idle_seconds))

    @tool(name="calculator", context=True)
    def calculate(
        self,
        expression: str,
        mode: str = "evaluate",
        wrt: str | None = None,
        point: str | None = None,
        order: int | None = None,
        tool_context: ToolContext | None = None,
    ) -> Result:
        """Calculate with exact arithmetic, algebra and calculus (SymPy).

        Args:
            expression: Python syntax with explicit operators, such as "25 * 4", "sqrt(2) ** 3",
                "x**2 - 4" or "det(Matrix([[1, 2], [3, 4]]))". No quotes, no assignments.
            mode: "evaluate", "solve" (for 0), "derive", "integrate", "limit", "series" or "matrix".
            wrt: The variable of "derive", "integrate", "limit" and "series".
            point: The point of "limit" and "series"; "oo" is infinity.
            order: The order of "derive" and "series".
            tool_context: Not for the model: what Strands knows of the call.
        """
        if len(expression) > MAX_EXPRESSION:
            return _error(f"The expression is longer than {MAX_EXPRESSION} characters.")
        request = {
            "expression": expression,
            "mode": mode,
            "wrt": wrt,
            "point": point,
            "order": order,
        }
        signal = tool_context.cancel_signal if tool_context else threading.Event()
        if not self._take_place(signal):
            return _error("The calculator is busy with other calculations; try again.")
        try:
            return self._ask(json.dumps(request).encode() + b"\n", signal)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the children; a calculation under way is told that it was stopped."""
        with self._lock:
            self._closed = True
            for child in (*self._idle, *self._busy):
                child.kill()
            while self._idle:
                self._idle.pop().end()

    def _take_place(self, signal: threading.Event) -> bool:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and not signal.is_set():
            if self._places.acquire(timeout=POLL_SECONDS):
                return True
        return False

    def _ask(self, request: bytes, signal: threading.Event) -> Result:
        child = self._take_child()
        reply = child.ask(request, self._call_seconds, signal)
        if reply is None and child.has_ended_itself:
            # It had just ended itself, idle, when the request came.
            self._put_back(child, usable=False)
            child = self._take_child()
            reply = child.ask(request, self._call_seconds, signal)
        self._put_back(child, usable=reply is not None)
        if reply is None:
            # The next calculation should not wait for SymPy's import.
            self.prepare()
            return _error(
                f"The calculation was stopped: it took more than {self._call_seconds:g} seconds, "
                "or too much memory."
            )
        result: Result = json.loads(reply)
        return result

    def _take_child(self) -> Child:
        with self._lock:
            child = self._idle.pop() if self._idle else Child(self._idle_seconds)
            self._busy.append(child)
            if self._closed:
                child.kill()
            return child

    def _put_back(self, child: Child, usable: bool) -> None:
        with self._lock:
            self._busy.remove(child)
            if usable and not self._closed:
                self._idle.append(child)
                return
        child.end()


def _error(message: str) -> Result:
    return {"status": "error", "content": [{"text": message}]}
