"""How much a second of one core's time carries, and whether twice as much takes twice as long.

Counted in events, and in characters: joining deltas makes fewer events of the same words. Seconds
are those that the server computed, so that what else runs on the machine hardly shows.
"""

import asyncio
import statistics
from pathlib import Path

from bench import client
from bench.processes import SUBJECTS, Server, agent, start, subject
from tests.e2e_stack import ROOT

ROUNDS = 5
COUNT = 5_000
SERVER_CORE = 0

type Rate = tuple[float, float]
"""Events and characters for each second of the server's CPU, a run's begin and end included."""


def measure(folder: Path) -> dict[str, float]:
    """Medians of ROUNDS streams from each server, in turn; each server has one core to itself."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> dict[str, float]:
    code, single = ROOT / "agent", str(SUBJECTS / "single.py")
    with (
        start(agent(code, folder / "rate", SERVER_CORE)) as sluice,
        start(agent(code, folder / "single", SERVER_CORE, single)) as single_agent,
        start(subject("bridge", SERVER_CORE)) as bridge,
        start(subject("bare", SERVER_CORE)) as bare,
    ):
        for server in (sluice, single_agent, bridge, bare):
            await client.wait_until_up(server)
        rates: dict[str, list[Rate]] = {"sluice": [], "single": [], "bridge": [], "bare": []}
        growth: list[float] = []
        for server in (sluice, single_agent):
            await _count(server, COUNT)
        for _ in range(ROUNDS):
            rates["sluice"].append(rate := await _count(sluice, COUNT))
            rates["single"].append(await _count(single_agent, COUNT))
            rates["bridge"].append(await _rate(bridge, {"events": COUNT}))
            rates["bare"].append(await _rate(bare, {"events": COUNT}))
            # Seconds of twice the numbers over seconds of once: 2 is linear.
            twice = await _count(sluice, 2 * COUNT)
            growth.append(2 * rate[1] / twice[1])
    figures = {"rate_growth": statistics.median(growth)}
    for name, values in rates.items():
        events, characters = zip(*values, strict=True)
        figures[f"rate_{name}_per_s"] = statistics.median(events)
        figures[f"rate_{name}_characters_per_s"] = statistics.median(characters)
    return figures


async def _count(server: Server, count: int) -> Rate:
    return await _rate(server, {"prompt": f"Count to {count}"})


async def _rate(server: Server, body: dict[str, object]) -> Rate:
    before = server.cpu_seconds()
    answer = await client.post(server, body)
    seconds = server.cpu_seconds() - before
    return answer.events / seconds, answer.characters / seconds
