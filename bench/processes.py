"""Starts what is measured, each as a process of its own on a free loopback port."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.model import DELAY_VARIABLE
from local.physical_ids import REGION
from tests.e2e_stack import ROOT

PORT = "{port}"
SUBJECTS = ROOT / "bench" / "subjects"
# Python then finds no compiled file and writes none: every import compiles, as in a zip without.
WITHOUT_PYC = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/nonexistent"}


@dataclass(frozen=True)
class Subject:
    """A server to measure: arguments of Python, with `{port}` where the port goes."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    core: int | None = None


@dataclass(frozen=True)
class Server:
    """A subject that runs. `started` is the time.perf_counter() at which its process began."""

    process: subprocess.Popen[bytes]
    port: int
    started: float

    def cpu_seconds(self) -> float:
        """What its threads have computed so far (proc(5), schedstat): other programs on the
        machine change it little."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def agent(folder: Path, state: Path, bedrock: str, core: int | None = None) -> Subject:
    """Sluice's agent as AgentCore starts it, and the URL of its Bedrock; threads are in `state`."""
    return Subject(["main.py"], _settings(state) | asks(bedrock), folder, core)


def counting_agent(
    state: Path, core: int | None = None, pause: float = 0, joins: bool = True
) -> Subject:
    """Sluice's agent with a model in its own process, which pauses for seconds between words.

    One that does not join deltas makes an event of each.
    """
    environment = _settings(state) | {"AWS_REGION": REGION, "BENCH_PAUSE_SECONDS": str(pause)}
    environment |= {} if joins else {"BENCH_JOINS_NOTHING": "1"}
    return Subject([str(SUBJECTS / "counting.py")], environment, core=core)


def asks(bedrock: str) -> dict[str, str]:
    """What has a program ask the Bedrock at a URL."""
    return {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
    }


@contextlib.contextmanager
def local_bedrock(core: int | None = None) -> Iterator[str]:
    """The local Bedrock as a process of its own, without pauses; yields its URL."""
    nothing = {DELAY_VARIABLE: "0"}
    with start(Subject(["-m", "local.bedrock", "--port", PORT], nothing, core=core)) as server:
        while server.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port)):
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.port}"


def _settings(state: Path) -> dict[str, str]:
    return {"SLUICE_HOST": "127.0.0.1", "SLUICE_PORT": PORT, "SLUICE_CONVERSATIONS": str(state)}


def subject(name: str, core: int | None = None, **environment: str) -> Subject:
    """One of bench/subjects."""
    return Subject([str(SUBJECTS / f"{name}.py"), PORT], environment, core=core)


@contextlib.contextmanager
def start(subject: Subject) -> Iterator[Server]:
    """Start a subject; it may not answer yet. Ended by its own id."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *(part.replace(PORT, str(port)) for part in subject.arguments)],
        cwd=subject.folder,
        env=inherited | {k: v.replace(PORT, str(port)) for k, v in subject.environment.items()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if subject.core is not None:
            os.sched_setaffinity(process.pid, {subject.core})
        yield Server(process, port, started)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def own_memory(pid: int) -> float:
    """Memory of one process in MB: its proportional set size (proc(5), smaps_rollup)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:") / 1024


def tree_memory(pid: int) -> tuple[int, float]:
    """Processes below and with `pid`, and their memory in MB; a page that two share counts once."""
    count, total = 1, own_memory(pid)
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            more, memory = tree_memory(int(child))
            count, total = count + more, total + memory
    return count, total
