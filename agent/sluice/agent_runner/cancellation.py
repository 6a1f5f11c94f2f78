"""Ends the work of runs that were stopped, whatever they wait for.

A run is stopped by its signal. The agent sees it between two pieces of an answer, and a tool may
look at it; what waits for a silent model or a slow tool does not, and its wait is cancelled, which
closes the connection that it waits for.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from strands import Agent

from sluice.runs.run import Run

# How often the signals are looked at, and how long the agent then has to end by itself. With what
# a connection takes to close, a stop is done within half a second.
LOOK_SECONDS = 0.05
GRACE_SECONDS = 0.2


@dataclass(eq=False)
class Work:
    """What is done for a run: `agents` once there are any, and what they ask at its end."""

    run: Run
    agents: list[Agent] = field(default_factory=list)
    interrupts: Sequence[dict[str, Any]] = ()


class Cancellation:
    """Looks at the signals of all runs at once.

    Strands' own watch of a caller's signal is a task that wakes 20 times a second for each run:
    of 500 runs, 6 % of a core. Used on one loop.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Work] = {}
        self._watch: asyncio.Task[None] | None = None

    async def obey(self, work: Work, doing: Coroutine[Any, Any, None]) -> None:
        """Do a run's work to its end, or until the run is stopped. Raises what the work raises."""
        if work.run.cancel_signal.is_set():
            doing.close()
            return
        task = asyncio.ensure_future(doing)
        self._tasks[task] = work
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            await asyncio.wait((task,))
        finally:
            # The waiting itself is cancelled when the process ends.
            task.cancel()
            self._tasks.pop(task, None)
        if not task.cancelled():
            task.result()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._tasks:
            for task, work in list(self._tasks.items()):
                if work.run.cancel_signal.is_set():
                    del self._tasks[task]
                    for agent in work.agents:
                        agent.cancel()
                    loop.call_later(GRACE_SECONDS, task.cancel)
            await asyncio.sleep(LOOK_SECONDS)
