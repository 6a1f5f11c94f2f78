"""What the local gateway and runtime add to an answer, beside the agent asked directly.

Both are measured in one run, in turn, on the same machine, with the same code, the same question
and a model without pauses. Prints a table and writes it to .build/bench.json.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from tests.e2e_stack import ROOT, RunningStack, run_stack

ROUNDS = 40
COUNT = 5000
STREAMS = 5
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
Ask = Callable[[str], tuple[float, float, int]]


@contextlib.contextmanager
def run_agent(state: Path) -> Iterator[str]:
    """The agent alone, as the runtime starts it; yields its origin once /ping answers."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=ROOT / "agent",
        env={
            **os.environ,
            "SLUICE_HOST": "127.0.0.1",
            "SLUICE_PORT": str(port),
            "SLUICE_MODEL": "offline",
            "SLUICE_OFFLINE_DELAY_MS": "0",
            "SLUICE_CONVERSATIONS": str(state),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    origin = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{origin}/ping").is_success:
                    break
            if time.monotonic() > deadline or process.poll() is not None:
                sys.exit("The agent did not start; try `make dev` to see why.")
            time.sleep(0.05)
        yield origin
    finally:
        process.terminate()
        process.wait(10)


def asker(http: httpx.Client, url: str, token: str, session: str) -> Ask:
    """A function that asks one question and times the answer."""
    headers = {"Authorization": f"Bearer {token}", SESSION: session}

    def ask(prompt: str) -> tuple[float, float, int]:
        """Seconds to the first byte, seconds to the last, and the number of events."""
        began = time.perf_counter()
        first = 0.0
        body = bytearray()
        with http.stream("POST", url, json={"prompt": prompt}, headers=headers) as answer:
            for chunk in answer.iter_raw():
                first = first or time.perf_counter()
                body += chunk
        ended = time.perf_counter()
        if b'"RUN_FINISHED"' not in body:
            sys.exit(f"The answer did not finish:\n{body[-300:].decode()}")
        return first - began, ended - began, body.count(b"\ndata: ")

    return ask


def tree_memory(pid: int) -> tuple[int, float]:
    """Processes below and with `pid`, and their memory in MB: proportional set sizes, so that a
    page which two processes share counts once (proc(5), smaps_rollup)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    size = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    count, total = 1, size / 1024
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            more, memory = tree_memory(int(child))
            count, total = count + more, total + memory
    return count, total


def measure(stack: RunningStack, direct_url: str) -> dict[str, float]:
    """All figures, with the gate and the agent alone asked in turn."""
    token = stack.tokens()["id_token"]
    with httpx.Client(timeout=120, trust_env=False) as http:
        gate = asker(http, stack.chat_url, token, "bench-session-" + "1" * 30)
        agent = asker(http, f"{direct_url}/invocations", token, "bench-session-" + "1" * 30)
        for ask in (gate, agent):
            ask("What is 25 * 4?")  # warm: connections, keys, the calculator
        firsts = [(gate("Hello")[0], agent("Hello")[0]) for _ in range(ROUNDS)]
        rates = []
        for _ in range(STREAMS):
            pair = []
            for ask in (gate, agent):
                _, seconds, events = ask(f"Count to {COUNT}")
                pair.append(events / seconds)
            rates.append(pair)
        other = asker(http, stack.chat_url, token, "bench-session-" + "2" * 30)
        other("What is 25 * 4?")
    processes, memory = tree_memory(stack.process.pid)
    gate_first = statistics.median(pair[0] for pair in firsts) * 1000
    agent_first = statistics.median(pair[1] for pair in firsts) * 1000
    gate_rate = statistics.median(pair[0] for pair in rates)
    agent_rate = statistics.median(pair[1] for pair in rates)
    return {
        "first_byte_gate_ms": gate_first,
        "first_byte_agent_ms": agent_first,
        "first_byte_added_ms": statistics.median(g - a for g, a in firsts) * 1000,
        "events_per_s_gate": gate_rate,
        "events_per_s_agent": agent_rate,
        "events_ratio": gate_rate / agent_rate,
        "two_sessions_processes": processes,
        "two_sessions_memory_mb": memory,
    }


def main() -> None:
    """Measure, print, and keep the figures."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with (
            run_stack(
                Path(folder) / "stack", environment={"SLUICE_OFFLINE_DELAY_MS": "0"}
            ) as stack,
        ):
            ready = time.monotonic() - began
            with run_agent(Path(folder) / "agent") as agent:
                figures = {"ready_s": ready, **measure(stack, agent)}
    rows = [
        ("first byte, warm session (ms, median)", "first_byte_gate_ms", "first_byte_agent_ms"),
        (f"one stream of {COUNT} numbers (events/s)", "events_per_s_gate", "events_per_s_agent"),
    ]
    print(f"{'':44}{'whole stack':>14}{'agent alone':>14}")
    for label, gate, agent_key in rows:
        print(f"{label:44}{figures[gate]:>14,.1f}{figures[agent_key]:>14,.1f}")
    print(
        f"\nadded to the first byte: {figures['first_byte_added_ms']:.1f} ms (median of {ROUNDS})"
        f"\nthe stream keeps {figures['events_ratio']:.0%} of the agent's rate"
        f"\n`python -m local` to ready: {figures['ready_s']:.1f} s"
        f"\ntwo sessions open: {figures['two_sessions_memory_mb']:.0f} MB in "
        f"{figures['two_sessions_processes']:.0f} processes (PSS)"
    )
    path = ROOT / ".build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
