"""Tools that run in the client: a call of one ends the run, and the client's next request has its
result (https://docs.ag-ui.com/concepts/tools)."""

from typing import Any, override

from strands.interrupt import Interrupt
from strands.types._events import ToolInterruptEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from sluice.agui.fields import bad
from sluice.agui.run_input import ClientTool
from sluice.tools.schemas import SchemaError, normalise

# Of an interrupt that only means that the client is to call the tool.
ID_PREFIX = "sluice-client-tool:"


class ToolOfClient(AgentTool):
    """One tool of the client, as an agent has it."""

    def __init__(self, tool: ClientTool) -> None:
        """Raises ServiceError (`bad_request`) when no model takes the schema of its arguments."""
        super().__init__()
        self._tool = tool
        try:
            # The client gets what the model gives: a renamed argument would be none of its own.
            arguments = normalise(tool.parameters)
        except (SchemaError, RecursionError):
            arguments = None
        if arguments is None or arguments.names:
            raise bad(
                f"The parameters of the tool {tool.name} are no JSON schema of an object whose "
                "properties have names of 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -."
            )
        self._schema = arguments.schema

    @property
    def tool_name(self) -> str:
        return self._tool.name

    @property
    def tool_spec(self) -> ToolSpec:
        return {
            "name": self._tool.name,
            "description": self._tool.description or self._tool.name,
            "inputSchema": {"json": self._schema},
        }

    @property
    def tool_type(self) -> str:
        return "client"

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        """End the run here: the result comes with the next one."""
        name = ID_PREFIX + str(tool_use["toolUseId"])
        yield ToolInterruptEvent(tool_use, [Interrupt(name, "client_tool")])
