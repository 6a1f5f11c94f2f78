"""The agent under test: real HTTP, the offline model, a folder for conversations."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sluice.app import create_app
from sluice.settings import Settings
from support import serve
from wire_support import make_token, parse, said


@dataclass
class Client:
    """A person's requests to one running agent."""

    url: str
    http: httpx.Client

    def post(self, body: Any, owner: str = "alice") -> httpx.Response:
        headers = {"Authorization": f"Bearer {make_token(owner)}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"{self.url}/invocations", content=content, headers=headers)

    def stream(self, body: Any) -> contextlib.AbstractContextManager[httpx.Response]:
        headers = {"Authorization": f"Bearer {make_token()}"}
        return self.http.stream("POST", f"{self.url}/invocations", json=body, headers=headers)

    def ask(self, prompt: str, thread: str = "thread-1", owner: str = "alice") -> list[Any]:
        return parse(self.post({"prompt": prompt, "threadId": thread}, owner).content)

    def say(self, prompt: str, thread: str = "thread-1", owner: str = "alice") -> str:
        return said(self.ask(prompt, thread, owner))

    def ping(self) -> str:
        return str(self.http.get(f"{self.url}/ping").json()["status"])


@pytest.fixture
def wire() -> Callable[[Any], list[Any]]:
    """Judge a stream, given as a response or as bytes, and return its events."""
    return lambda answer: parse(answer if isinstance(answer, bytes) else answer.content)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for a condition of another thread or process, at most 10 seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come about"
            time.sleep(0.01)

    return wait


type RunAgent = Callable[..., contextlib.AbstractContextManager[Client]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


@pytest.fixture
def run_agent(folder: Path) -> RunAgent:
    """Start the agent; every call is a process's life anew on the same folder."""

    @contextlib.contextmanager
    def run(heartbeat_seconds: float = 10.0, **environ: str) -> Iterator[Client]:
        environ = {
            "SLUICE_MODEL": "offline",
            "SLUICE_OFFLINE_DELAY_MS": "0",
            "SLUICE_CONVERSATIONS": str(folder),
        } | environ
        app = create_app(Settings.read(environ), heartbeat_seconds)
        with serve(app) as url, httpx.Client(timeout=30) as http:
            yield Client(url, http)

    return run


@pytest.fixture
def client(run_agent: RunAgent) -> Iterator[Client]:
    with run_agent() as client:
        yield client
