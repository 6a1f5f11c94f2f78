"""One child process of the calculator, as the agent holds it."""

import os
import select
import subprocess
import sys
import threading
import time

START_SECONDS = 10.0
POLL_SECONDS = 0.05
# A child that was touched so lately is not asked again.
TOUCH_SECONDS = 5.0
MAX_REPLY_BYTES = 64 * 1024


class Child:
    """A process that evaluates one request at a time; starting it waits for nothing.

    Used by one thread at a time, but for `kill`.
    """

    def __init__(self, idle_seconds: float) -> None:
        # The same import path, and nothing else of the environment: no credentials, no settings.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "sluice.tools.calculator_child", str(idle_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
        self._is_ready = False
        self._hung_up = False
        self._touched = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended_itself(self) -> bool:
        """Whether it did not answer because it was idle too long, and not of the request."""
        return self._hung_up and self._process.wait(START_SECONDS) == 0

    def touch(self) -> bool:
        """Keep an idle child for another `idle_seconds`; False when it is gone."""
        if self._process.poll() is not None:
            return False
        now = time.monotonic()
        if now - self._touched < TOUCH_SECONDS:
            return True
        self._touched = now
        return self._write(b"\n")

    def ask(self, request: bytes, seconds: float, signal: threading.Event) -> bytes | None:
        """Send a request line; the reply line, or None when there is none in time, or the run was
        stopped, or the child is gone. Only after a reply may the child be asked again."""
        # SymPy's import must not eat the first calculation's time.
        if not self._is_ready and self._read_line(START_SECONDS, signal) is None:
            return None
        self._is_ready = True
        self._touched = time.monotonic()
        return self._read_line(seconds, signal) if self._write(request) else None

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Kill the process and take its pipes down."""
        self._process.kill()
        self._process.communicate()

    def wait(self, seconds: float) -> int:
        """Its exit status, once it has ended by itself."""
        return self._process.wait(seconds)

    def _write(self, line: bytes) -> bool:
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(line)
        except BrokenPipeError:
            self._hung_up = True
            return False
        return True

    def _read_line(self, seconds: float, signal: threading.Event) -> bytes | None:
        """The next line; None when it ends, or takes longer, or says too much."""
        if self._process.stdout is None:
            return None
        deadline = time.monotonic() + seconds
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or signal.is_set():
                return None
            if not select.select([self._process.stdout], [], [], min(left, POLL_SECONDS))[0]:
                continue
            piece = os.read(self._process.stdout.fileno(), 65536)
            line += piece
            self._hung_up = not piece
            if not piece or len(line) > MAX_REPLY_BYTES:
                return None
        return line
