"""The agent as AgentCore starts it: a process of its own, which tests may kill."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from bedrock_support import behind_bedrock
from support import free_socket

MAIN = Path(__file__).parents[1] / "agent" / "main.py"


class AgentProcess:
    """A running agent; `url` answers."""

    def __init__(self, child: "subprocess.Popen[bytes]", url: str) -> None:
        self.child = child
        self.url = url

    def kill(self) -> None:
        """End it as a microVM's end does, without a word (SIGKILL)."""
        self.child.kill()
        self.child.wait(10)

    def memory(self) -> int:
        """Bytes that it holds (proc(5), VmRSS)."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


@contextlib.contextmanager
def start_agent(
    folder: Path, log: Path | None = None, main: Path = MAIN, **environ: str
) -> Iterator[AgentProcess]:
    """Start an agent on a folder of conversations; what it prints goes to `log`."""
    with free_socket() as sock:
        port = sock.getsockname()[1]
    given = {
        "SLUICE_CONVERSATIONS": str(folder),
        "SLUICE_HOST": "127.0.0.1",
        "SLUICE_PORT": str(port),
    }
    environment = os.environ | given | behind_bedrock(environ)
    # Without compiled files, each start would cost seconds.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with (log or Path(os.devnull)).open("ab") as out:
        child = subprocess.Popen([sys.executable, main], env=environment, stdout=out, stderr=out)
    agent = AgentProcess(child, f"http://127.0.0.1:{port}")
    try:
        _wait_for_ping(agent)
        yield agent
    finally:
        agent.kill()


def _wait_for_ping(agent: AgentProcess) -> None:
    deadline = time.monotonic() + 20
    with httpx.Client(trust_env=False) as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if http.get(f"{agent.url}/ping").status_code == 200:
                    return
            assert agent.child.poll() is None, "the agent ended"
            assert time.monotonic() < deadline, "the agent did not answer"
            time.sleep(0.01)
