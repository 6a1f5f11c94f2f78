"""A hook: only people of the group `accountants` may have the calculator called."""

from sluice import Run
from strands import Agent
from strands.hooks import BeforeToolCallEvent

ALLOWED = {"calculator": "accountants"}


def build_agent(run: Run) -> Agent:
    groups = run.claims.get("cognito:groups", [])

    def check(event: BeforeToolCallEvent) -> None:
        """What is cancelled here is told to the model, which explains it."""
        needed = ALLOWED.get(event.tool_use["name"])
        if needed and needed not in groups:
            event.cancel_tool = f"Only people of the group {needed} may use this tool."

    agent = Agent(model=run.model, tools=run.tools)
    agent.add_hook(check, BeforeToolCallEvent)
    return agent
