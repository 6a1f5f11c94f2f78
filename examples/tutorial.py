"""AgentCore's own form of an agent, as tutorials have it: it runs here unchanged.

The agent is one for the whole session, so its memory is the session's: docs/agent.md says what that
loses. Also needs: uv add --package sluice-agent bedrock-agentcore
"""

from bedrock_agentcore.runtime import BedrockAgentCoreApp
from strands import Agent
from strands_tools import calculator

app = BedrockAgentCoreApp()
agent = Agent(tools=[calculator], callback_handler=None)


@app.entrypoint
async def invoke(payload):
    """Stream the answer's words."""
    async for event in agent.stream_async(payload.get("prompt")):
        if "data" in event:
            yield event["data"]


if __name__ == "__main__":
    app.run()
