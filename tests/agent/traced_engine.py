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
    more = {"SLUICE_CONVERSATIONS": "unused", "SLUICE_TRACES": collector}
    settings = Settings.read(os.environ | more)
    configure(settings)
    engine = Engine(settings)
    question = Question([], [{"text": "What is 6 * 7 - CANARY-7f31?"}], None, "CANARY-7f31")
    await engine.answer(question, Run(thread, run))
    engine.close()
    get_tracer_provider().force_flush()


if __name__ == "__main__":
    asyncio.run(main())
