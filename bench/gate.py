"""What the local gateway and runtime add to an answer, beside the agent asked directly.

Both are measured in turn, with the same code, the same question and a model without pauses.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bench import client
from bench.processes import Server, agent, local_bedrock, start, tree_memory
from tests.e2e_stack import ROOT, RunningStack, run_stack

ROUNDS = 40
COUNT = 5000
STREAMS = 5
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
Ask = Callable[[str], tuple[float, float, int]]


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


def measure(folder: Path) -> dict[str, float]:
    """All figures, with the gate and the agent alone asked in turn."""
    began = time.monotonic()
    with run_stack(folder / "stack", environment={"SLUICE_OFFLINE_DELAY_MS": "0"}) as stack:
        ready = time.monotonic() - began
        with (
            local_bedrock() as url,
            start(agent(ROOT / "agent", folder / "alone", url)) as server,
        ):
            asyncio.run(client.wait_until_up(server))
            return {"gate_ready_s": ready, **_compare(stack, server)}


def _compare(stack: RunningStack, server: Server) -> dict[str, float]:
    token = stack.tokens()["id_token"]
    direct_url = f"http://127.0.0.1:{server.port}/invocations"
    with httpx.Client(timeout=120, trust_env=False) as http:
        gate = asker(http, stack.chat_url, token, "bench-session-" + "1" * 30)
        alone = asker(http, direct_url, token, "bench-session-" + "1" * 30)
        for ask in (gate, alone):
            ask("What is 25 * 4?")  # warm: connections, keys, the calculator
        firsts = [(gate("Hello")[0], alone("Hello")[0]) for _ in range(ROUNDS)]
        rates = []
        for _ in range(STREAMS):
            pair = []
            for ask in (gate, alone):
                _, seconds, events = ask(f"Count to {COUNT}")
                pair.append(events / seconds)
            rates.append(pair)
        other = asker(http, stack.chat_url, token, "bench-session-" + "2" * 30)
        other("What is 25 * 4?")
    processes, memory = tree_memory(stack.process.pid)
    gate_rate = statistics.median(pair[0] for pair in rates)
    alone_rate = statistics.median(pair[1] for pair in rates)
    return {
        "gate_first_byte_ms": statistics.median(pair[0] for pair in firsts) * 1000,
        "gate_first_byte_alone_ms": statistics.median(pair[1] for pair in firsts) * 1000,
        "gate_first_byte_added_ms": statistics.median(g - a for g, a in firsts) * 1000,
        "gate_rate_per_s": gate_rate,
        "gate_rate_alone_per_s": alone_rate,
        "gate_two_sessions_processes": processes,
        "gate_two_sessions_mb": memory,
    }
