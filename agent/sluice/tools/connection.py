"""An MCP server's tools, as the agent calls them over one session."""

import contextlib
import logging
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, override

from strands.tools.registry import ToolRegistry
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolResult, ToolSpec, ToolUse

from sluice.mcp_servers import Server
from sluice.tools.limited import Limited
from sluice.tools.results import fail
from sluice.tools.session import Session

if TYPE_CHECKING:
    from strands.tools.mcp import MCPAgentTool

MAX_TOOLS = 128
MAX_NAME = 64
MAX_DESCRIPTION = 4_000

_log = logging.getLogger(__name__)


class Connection:
    """An open session and its tools, under names and with limits of the agent's.

    Making one blocks, for at most the server's seconds and `CONNECT_SECONDS`. Calls may come from
    any thread.

    Raises:
        Exception: The server cannot be reached; the text may quote anything.
    """

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._session = Session(server, token)
        self._lock = threading.Lock()
        self._calls = 0
        self._is_retired = False
        self._has_failed = False
        self._session.start()
        try:
            self.tools = list(self._adapt(self._list()))
            self._session.keep()
        except BaseException:
            self._session.stop()
            raise

    @property
    def is_idle(self) -> bool:
        return self._calls == 0

    @property
    def is_broken(self) -> bool:
        """Whether the session has ended, or a call could not be made."""
        return self._has_failed or self._session.has_ended

    def retire(self) -> None:
        """Close the session, in a thread beside, as soon as no call is under way on it."""
        with self._lock:
            closes = not self._is_retired and self._calls == 0
            self._is_retired = True
        if closes:
            self._close()

    async def call(self, call_id: str, name: str, arguments: Any) -> ToolResult:
        """Call a tool by its server's name for it."""
        failed = fail(call_id, "The tool's server did not answer, or refused the call.")
        with self._counted():
            try:
                result = await self._session.call_tool_async(call_id, name, arguments)
            except Exception as error:
                _log.warning(
                    "the MCP server %s could not be called", self._server.name, exc_info=error
                )
                self._has_failed = True
                return failed
        # A failure that the tool itself tells is for the model to read. Any other is told in the
        # text of an exception (T8), and may mean that the session is lost.
        if result["status"] == "error" and not result.get("isError"):
            self._has_failed = True
            return failed
        return result

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                closes = self._is_retired and self._calls == 0
            if closes:
                self._close()

    def _close(self) -> None:
        # It says goodbye to the server, which may be slow to hear it.
        threading.Thread(target=self._session.stop, name="mcp goodbye", daemon=True).start()

    def _list(self) -> "Iterator[MCPAgentTool]":
        page: str | None = None
        count = 0
        while count < MAX_TOOLS:
            found = self._session.list_tools_sync(page)
            yield from found[: MAX_TOOLS - count]
            count += len(found)
            page = found.pagination_token
            if not found or page is None:
                return

    def _adapt(self, found: "Iterator[MCPAgentTool]") -> Iterator[AgentTool]:
        """The tools to have, each within the server's seconds."""
        wanted = self._server.tools
        for tool in found:
            if wanted is not None and tool.mcp_tool.name not in wanted:
                continue
            name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{self._server.name}_{tool.mcp_tool.name}")
            adapted = RemoteTool(self, tool, name)
            if len(name) <= MAX_NAME and _is_usable(adapted):
                yield Limited(adapted, self._server.seconds)
            else:
                _log.warning(
                    "a tool of the MCP server %s is not used: its name has more than %d characters "
                    "with the server's, or its schema is not one",
                    self._server.name,
                    MAX_NAME,
                )


class RemoteTool(AgentTool):
    """A tool of an MCP server under the agent's name for it."""

    def __init__(self, connection: Connection, tool: "MCPAgentTool", name: str) -> None:
        super().__init__()
        self._connection = connection
        self._remote_name = tool.mcp_tool.name
        spec = tool.tool_spec
        self._spec: ToolSpec = {
            "name": name,
            "description": spec["description"][:MAX_DESCRIPTION],
            "inputSchema": spec["inputSchema"],
        }

    @property
    def tool_name(self) -> str:
        return self._spec["name"]

    @property
    def tool_spec(self) -> ToolSpec:
        return self._spec

    @property
    def tool_type(self) -> str:
        return "mcp"

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        """Call the tool on its server; yields the result alone."""
        call_id = str(tool_use["toolUseId"])
        yield ToolResultEvent(
            await self._connection.call(call_id, self._remote_name, tool_use["input"])
        )


def _is_usable(tool: AgentTool) -> bool:
    """Whether Strands takes the tool: one bad schema must not cost every run its answer."""
    registry = ToolRegistry()
    try:
        registry.register_tool(tool)
        return tool.tool_name in registry.get_all_tools_config()
    except Exception:  # Schemas of others raise whatever they like.
        return False
