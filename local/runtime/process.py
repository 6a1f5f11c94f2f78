"""One agent process: what a microVM is in AgentCore."""

import asyncio
import collections
import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

START_SECONDS = 30.0
"""AgentCore gives a container so long to answer /ping ("runtime initialization time exceeded")."""
STOP_SECONDS = 3.0
_LIBC = ctypes.CDLL(None)  # loaded here, as little as possible may happen between fork and exec


class AgentFailedError(Exception):
    """The agent did not start, or ended. `str()` says what its last output was."""


class AgentProcess:
    """`python main.py` in the agent's folder, listening on a loopback port of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, name: str) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.name = name
        self.started_at = self.used_at = time.monotonic()
        self.requests = 0
        """Invocations under way."""
        self._process = process
        self._last_lines: collections.deque[str] = collections.deque(maxlen=12)
        self._output: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        entry_point: tuple[str, ...],
        environment: Mapping[str, str],
        name: str,
        log: Callable[[str], None],
    ) -> "AgentProcess":
        """Start the agent; it may not answer yet (see `ready`)."""
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *entry_point,
            cwd=folder,
            env={
                **environment,
                "SLUICE_HOST": "127.0.0.1",
                "SLUICE_PORT": str(port),
                "PYTHONUNBUFFERED": "1",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C reaches the whole process group of a terminal: the agent is stopped by us.
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        agent = cls(process, port, name)
        agent._output = asyncio.create_task(agent._copy_output(log))
        return agent

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Wait until /ping answers. Raises AgentFailedError if it ends first, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while self.alive:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(f"{self.origin}/ping")).is_success:
                    return
            if time.monotonic() > deadline:
                await self.stop()
                raise AgentFailedError(f"The agent did not answer /ping within {START_SECONDS} s.")
            await asyncio.sleep(0.02)  # the port opens when it opens: nothing tells us
        raise AgentFailedError(await self.exit_report() or "The agent ended.")

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.returncode is None

    async def exit_report(self) -> str | None:
        """What became of a process that has ended, with the last lines it printed; None if it
        still runs."""
        # Its connections break a moment before the kernel tells that it has ended.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1)
        if self.alive:
            return None
        if self._output:
            await asyncio.wait([self._output], timeout=1)
        lines = "".join(f"\n    {line}" for line in self._last_lines)
        return f"The agent ended with exit code {self._process.returncode}. Its last words:{lines}"

    async def busy(self, http: httpx.AsyncClient) -> bool:
        """Whether the agent says HealthyBusy, which keeps a session alive that nobody reads."""
        try:
            return bool((await http.get(f"{self.origin}/ping")).json()["status"] == "HealthyBusy")
        except (httpx.TransportError, ValueError, KeyError):
            return False

    def kill(self) -> None:
        """End the process at once; nothing of it is tidied up."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """End the process, by its own id: politely, then surely."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.kill()
                await self._process.wait()
        if self._output:
            await asyncio.wait([self._output], timeout=1)

    async def _copy_output(self, log: Callable[[str], None]) -> None:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for above
        while line := await self._process.stdout.readline():
            text = line.decode(errors="replace").rstrip()
            self._last_lines.append(text)
            log(f"{self.name}: {text}")
        await self._process.wait()


def _end_with_parent() -> None:
    """Let the kernel end the agent should this program be killed (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def agent_environment(
    template: Mapping[str, str], model: Mapping[str, str | None]
) -> dict[str, str]:
    """The template's variables in this shell's environment; a variable of the shell wins, so that
    `SLUICE_MODEL=ollama make dev` does what it says. The `model`'s (local/model.py) win over both.
    Whoever watches here wrote the agent's tools, and may read what they raise.
    """
    shell = dict(os.environ)
    shell.pop("PYTHONDONTWRITEBYTECODE", None)  # agents start three times faster from .pyc files
    merged = {"SLUICE_TRACEBACKS": "on", **template, **shell, **model}
    return {name: value for name, value in merged.items() if value is not None}
