"""A tool that reads a DynamoDB table, for the person who asks and nobody else.

The agent's role needs a permission, in template.yaml beside its others:

    - Effect: Allow
      Action: dynamodb:Query
      Resource: !Sub arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/orders
"""

from functools import cache
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from sluice import Run
from strands import Agent, tool

TABLE = "orders"  # its partition key is `owner`, a person's `sub`


@cache
def table() -> Any:
    """Made when it is first used: a client is slow to make, and may be shared."""
    return boto3.resource("dynamodb").Table(TABLE)


def build_agent(run: Run) -> Agent:
    @tool
    def my_orders(limit: int = 10) -> list[dict[str, Any]]:
        """List the newest orders of the person who asks.

        Args:
            limit: How many at most.
        """
        # The model never says whose orders: the verified token does.
        whose = Key("owner").eq(run.claims["sub"])
        found = table().query(
            KeyConditionExpression=whose, Limit=min(limit, 50), ScanIndexForward=False
        )
        return found["Items"]

    return Agent(model=run.model, tools=[*run.tools, my_orders])
