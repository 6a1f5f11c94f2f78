"""One session: a child process that keeps variables, and a folder that keeps files."""

import json
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

SECONDS = 30.0
CHILD = Path(__file__).with_name("child.py")


class Session:
    """Used by one call at a time."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-python-")
        self._lock = threading.Lock()
        self.has_ended = False
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env={"HOME": self._folder.name},
        )

    def run(self, code: str) -> dict[str, Any]:
        """What the code printed: stdout, stderr, exitCode. Past its time the session ends."""
        with self._lock:
            line = b"" if self.has_ended else self._ask(json.dumps(code).encode() + b"\n")
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.end()
        said = f"The code took more than {SECONDS:g} seconds or too much memory: the session ended."
        return {"stdout": "", "stderr": said, "exitCode": 137}

    def read(self, path: str) -> bytes | None:
        """A file in the session's folder itself, and nowhere else."""
        file = Path(self._folder.name) / path
        if file.parent != Path(self._folder.name) or file.is_symlink() or not file.is_file():
            return None
        return file.read_bytes()

    def end(self) -> None:
        self.has_ended = True
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _ask(self, line: bytes) -> bytes:
        """The child's answer; empty when there is none in time."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return b""
        try:
            stdin.write(line)
            stdin.flush()
        except BrokenPipeError:
            return b""
        return stdout.readline() if select.select([stdout], [], [], SECONDS)[0] else b""
