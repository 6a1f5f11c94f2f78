"""From nothing to /ping, to the first event and to the model's first word."""

import asyncio
import compileall
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import client
from bench.processes import WITHOUT_PYC, Subject, agent, asks, local_bedrock, start, subject
from tests.e2e_stack import ROOT

ROUNDS = 7
PROMPT = {"prompt": "Hello"}


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Medians in ms, all subjects in turn in every round."""
    with tempfile.TemporaryDirectory() as folder, local_bedrock() as url:
        # A copy with compiled files beside the sources, as the bundle has them.
        copy = Path(folder) / "agent"
        shutil.copytree(ROOT / "agent", copy, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(copy, quiet=2)
        subjects: dict[str, tuple[Subject, Mapping[str, Any], bytes]] = {
            "bare": (subject("bare"), {"events": 1}, b"delta"),
            "sluice": (agent(copy, Path(folder) / "state", url), PROMPT, b"delta"),
            "tutorial": (subject("tutorial", **asks(url)), PROMPT, b"data: "),
            "tutorial_zipped": (subject("tutorial", **WITHOUT_PYC, **asks(url)), PROMPT, b"data: "),
        }
        seen: dict[str, list[float]] = {}
        for round_ in range(rounds + 1):
            for name, (what, body, words) in subjects.items():
                figures = asyncio.run(_once(what, body, words))
                if round_:  # the first round reads the files into the page cache
                    for figure, seconds in figures.items():
                        seen.setdefault(f"start_{name}_{figure}_ms", []).append(seconds * 1000)
    return {name: statistics.median(values) for name, values in seen.items()}


async def _once(what: Subject, body: Mapping[str, Any], words: bytes) -> dict[str, float]:
    with start(what) as server:
        await client.wait_until_up(server)
        up = time.perf_counter() - server.started
        answer = await client.post(server, body, words=words)
        return {
            "ping": up,
            "event": answer.first - server.started,
            "word": answer.words - server.started,
        }
