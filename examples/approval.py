"""Approval: nobody is refunded anything before the person who asks has allowed it."""

from sluice import Run
from strands import Agent, tool

approve = ["refund"]


@tool
def refund(order: str, amount: float) -> str:
    """Refund an order.

    Args:
        order: The order's number.
        amount: In euros.
    """
    return f"Refunded {amount:.2f} euros for order {order}."  # in place of your payment service


def build_agent(run: Run) -> Agent:
    prompt = "You help with orders. Call refund at once: the person is asked before it runs."
    return Agent(model=run.model, tools=[*run.tools, refund], system_prompt=prompt)
