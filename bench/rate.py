"""How many events a second one core carries, and whether twice as many take twice as long."""

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


def measure(folder: Path) -> dict[str, float]:
    """Medians of ROUNDS streams from each server, in turn; each server has one core to itself."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> dict[str, float]:
    with (
        local_bedrock(BEDROCK_CORE) as url,
        start(counting_agent(folder / "rate", SERVER_CORE)) as sluice,
        start(agent(ROOT / "agent", folder / "bedrock", url, SERVER_CORE)) as bedrock,
        start(subject("bridge", SERVER_CORE)) as bridge,
        start(subject("bare", SERVER_CORE)) as bare,
    ):
        for server in (sluice, bedrock, bridge, bare):
            await client.wait_until_up(server)
        rates: dict[str, list[float]] = {"sluice": [], "bedrock": [], "bridge": [], "bare": []}
        growth: list[float] = []
        await _count(sluice, COUNT)
        await _count(bedrock, COUNT)
        for _ in range(ROUNDS):
            rates["sluice"].append(rate := await _count(sluice, COUNT))
            rates["bedrock"].append(await _count(bedrock, COUNT))
            rates["bridge"].append(await _rate(bridge, {"events": COUNT}))
            rates["bare"].append(await _rate(bare, {"events": COUNT}))
            # Seconds of twice the events over seconds of once: 2 is linear.
            growth.append(2 * rate / await _count(sluice, 2 * COUNT))
    figures = {f"rate_{name}_per_s": statistics.median(values) for name, values in rates.items()}
    return figures | {"rate_growth": statistics.median(growth)}


async def _count(server: Server, count: int) -> float:
    return await _rate(server, {"prompt": f"Count to {count}"})


async def _rate(server: Server, body: dict[str, object]) -> float:
    """Events a second from the first byte to the last."""
    answer = await client.post(server, body)
    return answer.events / (answer.last - answer.first)
