"""Calls a tool as Strands' executor does."""

import threading
from dataclasses import dataclass, field
from typing import Any

from strands.types.tools import AgentTool, ToolResult


@dataclass
class FakeAgent:
    """What a tool sees of the agent that calls it."""

    cancel_signal: threading.Event = field(default_factory=threading.Event)


async def call(
    tool: AgentTool, arguments: dict[str, Any] | None = None, stop: threading.Event | None = None
) -> ToolResult:
    """The result that the model would read."""
    agent = FakeAgent(stop or threading.Event())
    use: Any = {"toolUseId": "call-1", "name": tool.tool_name, "input": arguments or {}}
    events = [event async for event in tool.stream(use, {"agent": agent})]
    result: ToolResult = events[-1].tool_result
    assert result["toolUseId"] == "call-1"
    return result


def told(result: ToolResult) -> str:
    return "".join(str(block.get("text", "")) for block in result["content"])
