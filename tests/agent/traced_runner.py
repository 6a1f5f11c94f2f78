"""A run of Sluice's own agent runner with traces on: python traced_runner.py COLLECTOR THREAD RUN.

It calls a tool, so that the run, the model's calls and the tool's each have a span.
"""

import asyncio
import os
import sys

from opentelemetry.trace import get_tracer_provider
from sluice.agent_runner.runner import AgentRunner
from sluice.runs.run import Run
from sluice.settings import Settings
from sluice.telemetry.traces import configure
from sluice.threads.history import Question


async def main() -> None:
    collector, thread, run = sys.argv[1:]
    more = {"SLUICE_CONVERSATIONS": "unused", "SLUICE_TRACES": collector}
    settings = Settings.read(os.environ | more)
    configure(settings)
    runner = AgentRunner(settings)
    question = Question([], [{"text": "What is 6 * 7 - CANARY-7f31?"}], None, "CANARY-7f31")
    await runner.answer(question, Run(thread, run))
    runner.close()
    get_tracer_provider().force_flush()


if __name__ == "__main__":
    asyncio.run(main())
