"""How much a second of one core's time carries, and whether twice as much takes twice as long.

Counted in events, and in characters: joining deltas makes fewer events of the same words. Seconds
are those that the server computed, so that what else runs on the machine hardly shows.
"""

import asyncio
import statistics
from pathlib import Path

from bench import client
from bench.processes import Server, agent, counting_agent, local_bedrock, start, subject
from tests.e2e_stack import ROOT

ROUNDS = 5
COUNT = 5_000
SERVER_CORE = 0
BEDROCK_CORE = 1

type Rate = tuple[float, float]
"""Events and characters for each second of the server's CPU, a run's begin and end included."""


def measure(folder: Path) -> dict[str, float]:
    """Medians of ROUNDS streams from each server, in turn; each server has one core to itself."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> dict[str, float]:
    with (
        local_bedrock(BEDROCK_CORE) as url,
        start(counting_agent(folder / "rate", SERVER_CORE)) as sluice,
        start(counting_agent(folder / "single", SERVER_CORE, joins=False)) as single,
        start(agent(ROOT / "agent", folder / "bedrock", url, SERVER_CORE)) as bedrock,
        start(subject("bridge", SERVER_CORE)) as bridge,
        start(subject("bare", SERVER_CORE)) as bare,
    ):
        counting = {"sluice": sluice, "single": single, "bedrock": bedrock}
        for server in (*counting.values(), bridge, bare):
            await client.wait_until_up(server)
        rates: dict[str, list[Rate]] = {name: [] for name in (*counting, "bridge", "bare")}
        growth: list[float] = []
        for server in counting.values():
            await _count(server, COUNT)
        for _ in range(ROUNDS):
            for name, server in counting.items():
                rates[name].append(await _count(server, COUNT))
            rates["bridge"].append(await _rate(bridge, {"events": COUNT}))
            rates["bare"].append(await _rate(bare, {"events": COUNT}))
            # Seconds of twice the numbers over seconds of once: 2 is linear.
            twice = await _count(sluice, 2 * COUNT)
            growth.append(2 * rates["sluice"][-1][1] / twice[1])
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
