"""The agent under test: real HTTP, the local Bedrock, a folder for conversations."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bedrock_support import behind_bedrock
from checkout import ROOT
from sluice.app import create_app
from sluice.settings import Settings
from sluice.storage.folder import FolderStore
from sluice.threads.thread import StoredRun
from sluice.threads.thread_store import Threads
from starlette.applications import Starlette
from store_fake import FaultyStore
from support import serve
from wire_support import make_token, parse, said


@dataclass
class Client:
    """A person's requests to one running agent."""

    url: str
    http: httpx.Client
    app: Starlette
    loop: asyncio.AbstractEventLoop

    def call[T](self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def post(self, body: Any, owner: str = "alice") -> httpx.Response:
        headers = {"Authorization": f"Bearer {make_token(owner)}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"{self.url}/invocations", content=content, headers=headers)

    def act(self, action: str, owner: str = "alice", **fields: Any) -> Any:
        """The JSON that an action answers; a refusal as its code."""
        answer = self.post({"action": action, **fields}, owner).json()
        return answer["error"]["code"] if "error" in answer else answer

    def stream(
        self, body: Any, owner: str = "alice"
    ) -> contextlib.AbstractContextManager[httpx.Response]:
        headers = {"Authorization": f"Bearer {make_token(owner)}"}
        return self.http.stream("POST", f"{self.url}/invocations", json=body, headers=headers)

    def ask(
        self, prompt: str, thread: str = "thread-1", owner: str = "alice", **fields: Any
    ) -> list[Any]:
        body = {"prompt": prompt, "threadId": thread, **fields}
        return parse(self.post(body, owner).content)

    def say(self, prompt: str, thread: str = "thread-1", owner: str = "alice") -> str:
        return said(self.ask(prompt, thread, owner))

    def ping(self) -> str:
        return str(self.http.get(f"{self.url}/ping").json()["status"])


@pytest.fixture
def wire() -> Callable[[Any], list[Any]]:
    """Judge a stream, given as a response or as bytes, and return its events."""
    return lambda answer: parse(answer if isinstance(answer, bytes) else answer.content)


@pytest.fixture
def wire_after() -> Callable[[Any, int], list[Any]]:
    """As `wire`, of a stream that goes on after an event."""
    return lambda answer, after: parse(answer.content, after)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for a condition of another thread or process, at most 10 seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come about"
            time.sleep(0.01)

    return wait


@pytest.fixture(autouse=True, scope="session")
def stock_agent() -> Iterator[None]:
    """Where a test names no file of an agent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sluice.agent_runner.agent_file.OWN", ROOT / "tests" / "stock_agent.py")
        yield


type RunAgent = Callable[..., contextlib.AbstractContextManager[Client]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


@pytest.fixture
def run_agent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunAgent:
    """Start the agent; every call is a process's life anew on the same folder."""

    @contextlib.contextmanager
    def run(heartbeat_seconds: float = 10.0, **environ: str) -> Iterator[Client]:
        environ = {"SLUICE_CONVERSATIONS": str(folder)} | behind_bedrock(environ)
        for name, value in environ.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)  # boto3 reads them itself
        app = create_app(Settings.read(environ), heartbeat_seconds)
        lifespan, loops = app.router.lifespan_context, []

        @contextlib.asynccontextmanager
        async def remember_loop(app: Starlette) -> AsyncIterator[Any]:
            loops.append(asyncio.get_running_loop())
            async with lifespan(app) as state:
                yield state

        app.router.lifespan_context = remember_loop
        with serve(app) as url, httpx.Client(timeout=30, trust_env=False) as http:
            yield Client(url, http, app, loops[0])

    return run


@pytest.fixture
def store_dead_run(folder: Path) -> Callable[..., None]:
    """Leave a thread as a process leaves it that is killed in mid-answer."""

    def store(thread: str, run: str, prompt: str, answer: str, owner: str = "alice") -> None:
        messages: tuple[dict[str, Any], ...] = (
            {"id": f"{run}-1", "role": "user", "content": prompt},
            {"id": f"{run}-2", "role": "assistant", "content": answer},
        )

        async def save() -> None:
            opened = await Threads(FolderStore(folder)).open(owner, thread)
            await opened.save(StoredRun(run, "running", "2026-11-22T19:00:00.000Z", messages))

        asyncio.run(save())

    return store


@pytest.fixture
def faulty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyStore:
    """The store of every agent that is started from here on; F9 is up to the test."""
    store = FaultyStore(folder)
    monkeypatch.setattr("sluice.serving.loader.open_store", lambda *_: store)
    return store


@pytest.fixture
def client(run_agent: RunAgent) -> Iterator[Client]:
    with run_agent() as client:
        yield client
