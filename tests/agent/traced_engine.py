"""A run of Sluice's own engine with traces on: python traced_engine.py COLLECTOR THREAD RUN.

It calls a tool, so that the run, the model's calls and the tool's each have a span.
"""

import asyncio
import os
import sys

from opentelemetry.trace import get_tracer_provider
from sluice.answering.engine import Engine
from sluice.conversations.history import Question
from sluice.runs.run import Run
from sluice.settings import Settings
from sluice.telemetry.traces import configure


async def main() -> None:
    collector, thread, run = sys.argv[1:]
    environment = {
        "SLUICE_MODEL": "offline",
        "SLUICE_OFFLINE_DELAY_MS": "0",
        "SLUICE_CONVERSATIONS": "unused",
        "SLUICE_TRACES": collector,
        "SLUICE_AGENT": os.environ["SLUICE_AGENT"],
    }
    settings = Settings.read(environment)
    configure(settings)
    engine = Engine(settings)
    question = Question([], [{"text": "What is 6 * 7 - CANARY-7f31?"}], None, "CANARY-7f31")
    await engine.answer(question, Run(thread, run))
    engine.close()
    get_tracer_provider().force_flush()


if __name__ == "__main__":
    asyncio.run(main())
