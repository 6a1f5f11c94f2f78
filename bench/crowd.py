"""Five hundred people at once, ten events a second each: what is lost or late, and memory."""

import asyncio
import re
import statistics
import time
from pathlib import Path

from bench import client
from bench.processes import counting_agent, own_memory, start

STREAMS = 500
EVENTS_PER_SECOND = 10
NUMBERS = 100
# They begin one after another within this: people do not come in the same millisecond.
ARRIVAL_SECONDS = 2.0
PING_EVERY = 0.05


def measure(folder: Path, streams: int = STREAMS, numbers: int = NUMBERS) -> dict[str, float]:
    """Wall-clock time over the ideal, events lost, /ping's 99th percentile, memory for each run."""
    return asyncio.run(_measure(folder, streams, numbers))


async def _measure(folder: Path, streams: int, numbers: int) -> dict[str, float]:
    with start(counting_agent(folder / "crowd", pause=1 / EVENTS_PER_SECOND)) as server:
        await client.wait_until_up(server)
        # Everything is imported, and one run's words say how long the ideal is.
        alone = await client.post(server, {"prompt": f"Count to {numbers}"})
        before = own_memory(server.process.pid)
        pings: list[float] = []
        peak = [before]
        watch = asyncio.create_task(_watch(server, pings, peak))
        began = time.perf_counter()

        async def ask(number: int) -> client.Answer:
            await asyncio.sleep(ARRIVAL_SECONDS * number / streams)
            body = {"prompt": f"Count to {numbers}"}
            return await client.post(server, body, owner=f"person-{number}")

        answers = await asyncio.gather(*(ask(number) for number in range(streams)))
        wall = time.perf_counter() - began
        watch.cancel()
        after = own_memory(server.process.pid)
    lost = sum(not is_whole(answer, alone.events) for answer in answers)
    return {
        "crowd_streams": streams,
        "crowd_lost": lost,
        "crowd_events_per_s": sum(answer.events for answer in answers) / wall,
        "crowd_wall_ratio": wall / (ARRIVAL_SECONDS + alone.last - alone.first),
        "crowd_ping_p99_ms": statistics.quantiles(pings, n=100)[98] * 1000,
        "crowd_kb_per_run": (max(peak) - before) / streams * 1024,
        "crowd_kb_per_idle_thread": (after - before) / streams * 1024,
    }


def is_whole(answer: client.Answer, events: int) -> bool:
    """Every id from 1 to the last, once and in order, and the run's end."""
    ids = [int(number) for number in re.findall(rb"^id: (\d+)$", answer.body, re.M)]
    return ids == list(range(1, events + 1)) and b'"RUN_FINISHED"' in answer.body


async def _watch(server: client.Server, pings: list[float], peak: list[float]) -> None:
    """Ask /ping and look at the memory, until cancelled."""
    while True:
        began = time.perf_counter()
        await client.ping(server)
        pings.append(time.perf_counter() - began)
        if len(pings) % 10 == 0:
            peak.append(own_memory(server.process.pid))
        await asyncio.sleep(PING_EVERY)
