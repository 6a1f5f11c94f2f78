"""What the agent's file says, without a model: whether it makes an agent at all."""

import os
from collections.abc import Iterator
from pathlib import Path

from local.agent_check import fault_of_agent
from ops.doctor.check import Fault, Group, Symptom

AGENT: Group[Path] = Group("agent", lambda error: f"It could not be asked: {error}.")


@AGENT.check("file", "agent/agent.py, or SLUICE_AGENT", Symptom.MODEL)
def _file(folder: Path) -> Iterator[Fault]:
    # What it needs beside what this shell has; nothing is stored, and no model asked.
    environment = {"SLUICE_CONVERSATIONS": "unused", "AWS_REGION": "us-east-1", **os.environ}
    if own := environment.get("SLUICE_AGENT"):
        environment["SLUICE_AGENT"] = str(Path(own).resolve())
    if said := fault_of_agent(folder, environment):
        *_, last = said.splitlines()
        yield Fault(
            last,
            "It makes an agent.",
            "`python main.py --check` in agent/ shows the traceback; docs/agent.md has the kinds.",
        )
