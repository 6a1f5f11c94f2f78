"""The commands as people run them: processes of their own, with and without a terminal."""

import contextlib
import errno
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A process that makes its standard input the terminal that /dev/tty and Ctrl-C belong to.
_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def run_command(
    command: str, *arguments: str, environment: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `python -m ops COMMAND` without a terminal, with `typed` as its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "ops", command, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@dataclass
class Terminal:
    """A command that runs in a terminal, as the person before it sees it."""

    process: subprocess.Popen[bytes]
    descriptor: int
    seen: str = ""

    def type(self, keys: str) -> None:
        """Press keys: `\\n` is Return, `\\x03` Ctrl-C, `\\x04` Ctrl-D."""
        os.write(self.descriptor, keys.encode())

    def wait_for(self, text: str, timeout: float = 20) -> str:
        """Wait until the terminal shows a text; what it showed up to there, since the last one."""
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.descriptor], [], [], max(left, 0))
            assert ready, f"the terminal does not show {text!r} but:\n{self.seen}"
            if not self._read():
                raise AssertionError(f"it ended before it showed {text!r}:\n{self.seen}")
        shown, _, self.seen = self.seen.partition(text)
        return shown

    def end(self, timeout: float = 20) -> int:
        """Wait until the command ends; its status. `seen` holds the rest of what it showed."""
        while self._read():
            pass
        return self.process.wait(timeout)

    def _read(self) -> bool:
        try:
            data = os.read(self.descriptor, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that nobody is on the other side
                raise
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


@contextlib.contextmanager
def open_terminal(
    command: str, *arguments: str, environment: Mapping[str, str]
) -> Iterator[Terminal]:
    """Run `python -m ops COMMAND` in a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _OWN_TERMINAL, "-m", "ops", command, *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        os.close(ours)
