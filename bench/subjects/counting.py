"""Sluice's agent with a model in its own process, so that what is measured is Sluice.

A model elsewhere costs its client: Bedrock's has a thread for each stream, and parses each event.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, override

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "agent"))
import main
from sluice.models import joining, provider
from strands.models.model import Model

PAUSE = float(os.environ.get("BENCH_PAUSE_SECONDS", "0"))
# With no pause, the loop is given back this often, as it is when events come over a network.
PIECES_PER_TURN_OF_THE_LOOP = 64


class Counting(Model):
    """Counts to the number in the question, a number at a time."""

    @override
    def update_config(self, **model_config: Any) -> None:
        """There is nothing to configure."""

    @override
    def get_config(self) -> dict[str, Any]:
        return {"model_id": "counting"}

    @override
    def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    @override
    async def stream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        numbers = re.findall(r"\d+", messages[-1]["content"][-1]["text"])
        clock = asyncio.get_running_loop().time
        due = clock()
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        for number in range(1, int(numbers[-1]) + 1):
            yield {"contentBlockDelta": {"delta": {"text": f"{number}, "}}}
            if PAUSE or number % PIECES_PER_TURN_OF_THE_LOOP == 0:
                # By the clock, as a server writes: what its reader takes does not slow it down.
                due += PAUSE
                await asyncio.sleep(max(0, due - clock()))
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}


if __name__ == "__main__":
    if "BENCH_JOINS_NOTHING" in os.environ:
        joining.MAX_CHARACTERS = 0
    provider.make_model = lambda _settings: Counting()
    sys.exit(main.main())
