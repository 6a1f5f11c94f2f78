"""A whole local stack for a test: `python -m local` as people start it, on free ports."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from local.faults import PATH
from ops.token import sign_in

ROOT = Path(__file__).resolve().parent.parent


Event = dict[str, Any]


@dataclass
class RunningStack:
    """A stack that is up: its outputs, its log so far, and ways to talk to it."""

    outputs: dict[str, str]
    state: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def chat_url(self) -> str:
        """Where a turn is posted to."""
        return f"{self.outputs['ApiUrl']}/chat"

    def tokens(self, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> dict[str, str]:
        """A fresh sign-in's tokens."""
        return sign_in(self.outputs, email, password)

    def wait_for(self, text: str, after: int = 0, timeout: float = 20) -> int:
        """Wait until a log line after line `after` holds `text`; returns that line's number."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for number, line in enumerate(self.lines[after:], after + 1):
                    if text in line:
                        return number
                left = deadline - time.monotonic()
                assert left > 0, f"no log line holds {text!r}:\n" + "\n".join(self.lines)
                self.changed.wait(left)

    def break_next(self, *faults: Mapping[str, Any]) -> None:
        """Queue faults for the API's next answers (local/faults.py); needs `--faults`."""
        httpx.post(self._faults_url, json={"faults": faults}).raise_for_status()

    def wait_until_held(self, timeout: float = 20) -> None:
        """Wait until an answer stands still at a `hold`."""
        deadline = time.monotonic() + timeout
        while not httpx.get(self._faults_url).raise_for_status().json()["held"]:
            assert time.monotonic() < deadline, "no answer has come as far as its hold"
            time.sleep(0.02)

    def let_go(self) -> int:
        """Let go of held answers, and forget all faults; tells how many have struck nothing."""
        left = httpx.get(self._faults_url).raise_for_status().json()
        httpx.delete(self._faults_url).raise_for_status()
        return int(left["waiting"]) + int(left["missed"])

    @property
    def _faults_url(self) -> httpx.URL:
        return httpx.URL(self.chat_url).join(PATH)

    def ask(self, body: Mapping[str, Any], token: str, **headers: str) -> list[Event]:
        """Post one turn; the events of its answer."""
        answer = httpx.post(
            self.chat_url,
            json=body,
            headers={"Authorization": f"Bearer {token}", **headers},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return events_of(answer.text)


def events_of(stream: str) -> list[Event]:
    """The events of a whole answer."""
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]


def text_of(events: list[Event]) -> str:
    """The words of an answer."""
    return "".join(
        str(event["delta"]) for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"
    )


@contextlib.contextmanager
def run_stack(
    state: Path,
    *arguments: str,
    root: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningStack]:
    """Start a stack and end it with Ctrl-C, as a person would."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "--port", "0", "--state", str(state), *arguments],
        cwd=root,
        env={**os.environ, "SLUICE_OFFLINE_DELAY_MS": "2", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stack = RunningStack({}, state, process)
    reader = threading.Thread(target=_read_lines, args=(stack,), daemon=True)
    reader.start()
    try:
        # "already in use" is no such line. On a busy machine a first start takes half a minute.
        stack.wait_for("  ready in", timeout=60)
        stack.outputs = json.loads((state / "outputs.json").read_text())
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        reader.join(5)
        assert process.stdout is not None
        process.stdout.close()


def _read_lines(stack: RunningStack) -> None:
    assert stack.process.stdout is not None
    for line in stack.process.stdout:
        with stack.changed:
            stack.lines.append(line.rstrip())
            stack.changed.notify_all()
