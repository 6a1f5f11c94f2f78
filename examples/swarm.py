"""A swarm: agents that decide themselves who goes on."""

from sluice import Run
from strands import Agent
from strands.multiagent.swarm import Swarm


def build_agent(run: Run) -> Swarm:
    """The first agent is asked, and knows the conversation; Strands lets each hand over."""
    receptionist = Agent(
        name="receptionist",
        model=run.model,
        system_prompt="Hand over to `accountant` for anything with numbers. Answer all else.",
    )
    accountant = Agent(
        name="accountant",
        model=run.model,
        tools=run.tools,
        system_prompt="Calculate with the calculator, and show the steps.",
    )
    return Swarm([receptionist, accountant], max_handoffs=4, execution_timeout=300)
