"""The tutorial's agent: one global Strands agent with strands_tools' calculator, behind the SDK.

It asks the same Bedrock as Sluice's, so that both agents wait for the same words.
"""

import sys
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from strands import Agent
from strands_tools import calculator

app = BedrockAgentCoreApp()
agent = Agent(tools=[calculator], callback_handler=None)


@app.entrypoint
async def invoke(payload: dict[str, Any]) -> AsyncIterator[str]:
    """The words of the answer."""
    async for event in agent.stream_async(payload["prompt"]):
        if "data" in event:
            yield event["data"]


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), host="127.0.0.1", log_config=None)
