"""The SDK's own way to stream: an entry point that is an async generator."""

import sys
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp

app = BedrockAgentCoreApp()


@app.entrypoint
async def invoke(payload: dict[str, Any]) -> AsyncIterator[dict[str, str]]:
    """As many events as the request's `events` says."""
    for number in range(payload["events"]):
        yield {"delta": f"{number}, "}


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), host="127.0.0.1", log_config=None)
