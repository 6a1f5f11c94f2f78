"""The agent of all tests that bring none: agent/agent.py is its user's, and may be anything."""

from sluice import Run
from strands import Agent

SYSTEM_PROMPT = "Answer briefly. Use the calculator for every calculation."


def build_agent(run: Run) -> Agent:
    return Agent(model=run.model, tools=run.tools, system_prompt=SYSTEM_PROMPT)
