"""The calculator of strands-agents-tools, evaluated in a confined child process.

SymPy will spend hours and gigabytes on `9**9**9`. A child with limits of its own is killed instead,
and neither a stream nor /ping notices. The child starts with the first calculation and ends itself
when it has been idle, because it holds about 50 MB.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from strands import tool

START_SECONDS = 10.0
CALL_SECONDS = 5.0
IDLE_SECONDS = 30.0
MAX_EXPRESSION = 2_000
MAX_REPLY_BYTES = 64 * 1024

type Result = dict[str, Any]


class Calculator:
    """Owns the child process; calculations queue for it. Times are in seconds."""

    def __init__(
        self, call_seconds: float = CALL_SECONDS, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._call_seconds = call_seconds
        self._idle_seconds = idle_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @tool(name="calculator")
    def calculate(
        self,
        expression: str,
        mode: str = "evaluate",
        wrt: str | None = None,
        point: str | None = None,
        order: int | None = None,
    ) -> Result:
        """Calculate with exact arithmetic, algebra and calculus (SymPy).

        Args:
            expression: Python syntax with explicit operators, such as "25 * 4", "sqrt(2) ** 3",
                "x**2 - 4" or "det(Matrix([[1, 2], [3, 4]]))". No quotes, no assignments.
            mode: "evaluate", "solve" (for 0), "derive", "integrate", "limit", "series" or "matrix".
            wrt: The variable of "derive", "integrate", "limit" and "series".
            point: The point of "limit" and "series"; "oo" is infinity.
            order: The order of "derive" and "series".
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
        with self._lock:
            return self._ask(json.dumps(request).encode() + b"\n")

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._end_child()

    def _ask(self, request: bytes) -> Result:
        reply = _exchange(self._live_child(), request, self._call_seconds)
        if reply is None and self._child is not None and self._child.poll() == 0:
            # It had just ended itself, idle, when the request came.
            reply = _exchange(self._live_child(), request, self._call_seconds)
        if reply is None:
            self._end_child()
            return _error(
                f"The calculation was stopped: it took more than {self._call_seconds:g} seconds, "
                "or too much memory."
            )
        result: Result = json.loads(reply)
        return result

    def _live_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end_child()
            self._child = _start_child(self._idle_seconds)
            # SymPy's import must not eat the first calculation's time.
            _read_line(self._child, START_SECONDS)
        return self._child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _start_child(idle_seconds: float) -> subprocess.Popen[bytes]:
    # The same import path, and nothing else of the environment: no credentials, no settings.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "sluice.tools.calculator_child", str(idle_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        bufsize=0,
    )


def _exchange(child: subprocess.Popen[bytes], request: bytes, seconds: float) -> bytes | None:
    """Send a request line and read the reply line; None when there is none in time."""
    try:
        if child.stdin is not None:
            child.stdin.write(request)
    except BrokenPipeError:
        return None
    return _read_line(child, seconds)


def _read_line(child: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The child's next line; None when it ends, or takes longer, or says too much."""
    if child.stdout is None:
        return None
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
            return None
        piece = os.read(child.stdout.fileno(), 65536)
        line += piece
        if not piece or len(line) > MAX_REPLY_BYTES:
            return None
    return line


def _error(message: str) -> Result:
    return {"status": "error", "content": [{"text": message}]}
