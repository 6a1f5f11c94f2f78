"""Five hundred people at once, ten events a second each: what is lost or late, and memory.

Starlette alone is asked for as much, by as many: what the machine itself makes late.
"""

import asyncio
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import client
from bench.processes import counting_agent, own_memory, start, subject

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
    with start(subject("bare")) as server:
        body = {"events": numbers, "pause": 1 / EVENTS_PER_SECOND}
        bare = await _crowd(server, body, streams)
    with start(counting_agent(folder / "crowd", pause=1 / EVENTS_PER_SECOND)) as server:
        crowd = await _crowd(server, {"prompt": f"Count to {numbers}"}, streams)
        after = own_memory(server.process.pid)
    lost = sum(not is_whole(answer, crowd.alone.characters) for answer in crowd.answers)
    return {
        "crowd_streams": streams,
        "crowd_lost": lost,
        "crowd_events_per_s": sum(answer.events for answer in crowd.answers) / crowd.seconds,
        "crowd_wall_ratio": crowd.ratio,
        "crowd_bare_wall_ratio": bare.ratio,
        "crowd_ping_p99_ms": crowd.ping_ms,
        "crowd_bare_ping_p99_ms": bare.ping_ms,
        "crowd_kb_per_run": (crowd.peak - crowd.before) / streams * 1024,
        "crowd_kb_per_idle_thread": (after - crowd.before) / streams * 1024,
    }


@dataclass(frozen=True)
class Crowd:
    """What many streams came to, beside one `alone`; memory in MB."""

    alone: client.Answer
    answers: list[client.Answer]
    seconds: float
    pings: list[float]
    before: float
    peak: float

    @property
    def ratio(self) -> float:
        """The time that all took together over the ideal."""
        return self.seconds / (ARRIVAL_SECONDS + self.alone.last - self.alone.first)

    @property
    def ping_ms(self) -> float:
        """/ping's 99th percentile."""
        return statistics.quantiles(self.pings, n=100)[98] * 1000


async def _crowd(server: client.Server, body: dict[str, Any], streams: int) -> Crowd:
    await client.wait_until_up(server)
    # Everything is imported, and one run's words say how long the ideal is.
    alone = await client.post(server, body)
    before = own_memory(server.process.pid)
    pings: list[float] = []
    peak = [before]
    watch = asyncio.create_task(_watch(server, pings, peak))
    began = time.perf_counter()

    async def ask(number: int) -> client.Answer:
        await asyncio.sleep(ARRIVAL_SECONDS * number / streams)
        return await client.post(server, body, owner=f"person-{number}")

    answers = await asyncio.gather(*(ask(number) for number in range(streams)))
    seconds = time.perf_counter() - began
    watch.cancel()
    return Crowd(alone, answers, seconds, pings, before, max(peak))


def is_whole(answer: client.Answer, characters: int) -> bool:
    """Every id from 1 on, once and in order, every character, and the run's end."""
    ids = [int(number) for number in re.findall(rb"^id: (\d+)$", answer.body, re.M)]
    in_order = ids == list(range(1, len(ids) + 1))
    return in_order and answer.characters == characters and b'"RUN_FINISHED"' in answer.body


async def _watch(server: client.Server, pings: list[float], peak: list[float]) -> None:
    """Ask /ping and look at the memory, until cancelled."""
    while True:
        began = time.perf_counter()
        await client.ping(server)
        pings.append(time.perf_counter() - began)
        if len(pings) % 10 == 0:
            peak.append(own_memory(server.process.pid))
        await asyncio.sleep(PING_EVERY)
