"""The tutorial's agent: one global Strands agent with strands_tools' calculator, behind the SDK.

Only its model is another one: Sluice's offline model, without pauses, so that both agents wait for
the same words.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from strands import Agent
from strands_tools import calculator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "agent"))
from sluice.models.offline import OfflineModel

app = BedrockAgentCoreApp()
agent = Agent(model=OfflineModel(0), tools=[calculator], callback_handler=None)


@app.entrypoint
async def invoke(payload: dict[str, Any]) -> AsyncIterator[str]:
    """The words of the answer."""
    async for event in agent.stream_async(payload["prompt"]):
        if "data" in event:
            yield event["data"]


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), host="127.0.0.1", log_config=None)
