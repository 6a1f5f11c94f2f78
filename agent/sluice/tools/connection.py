"""An MCP server's tools, as the agent calls them over one session."""

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, override

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolResult, ToolSpec, ToolUse

from sluice.mcp_servers import Server
from sluice.tools.mcp_content import blocks_of_result
from sluice.tools.names import usable_name
from sluice.tools.results import fail
from sluice.tools.session import Session, SessionLostError
from sluice.tools.timeout import Limited

MAX_TOOLS = 128
MAX_PAGES = 64
# Pages in a row that bring no tool: a server that hides some may have a few.
MAX_IDLE_PAGES = 3

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
        self._token = token
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        # Calls under way, by the session that they use: one that is lost may have some left.
        self._calls: Counter[Session] = Counter()
        self._is_retired = False
        self._has_failed = False
        self._session = Session(server, token)
        self._session.start()
        try:
            self.tools = list(self._adapt(self._list()))
            self._session.keep()
        except BaseException:
            self._session.stop()
            raise

    @property
    def is_idle(self) -> bool:
        return not self._calls.total()

    @property
    def is_broken(self) -> bool:
        """Whether the session has ended, or a call could not be made."""
        return self._has_failed or self._session.has_ended

    def retire(self) -> None:
        """Close the session, in a thread beside, as soon as no call is under way on it."""
        with self._lock:
            closes = not self._is_retired and not self._calls[self._session]
            self._is_retired = True
        if closes:
            _close(self._session)

    async def call(self, call_id: str, name: str, arguments: Any) -> ToolResult:
        """Call a tool by its server's name for it."""
        try:
            result = await self._call(name, arguments)
        except Exception as error:
            _log.warning("the MCP server %s could not be called", self._server.name, exc_info=error)
            self._has_failed = True
            # What went wrong is told in the text of an exception (T8).
            return fail(call_id, "The tool's server did not answer, or refused the call.")
        return {
            "toolUseId": call_id,
            # A failure that the tool itself tells is for the model to read.
            "status": "error" if result.get("isError") else "success",
            "content": blocks_of_result(result),
        }

    async def _call(self, name: str, arguments: Any) -> dict[str, Any]:
        with self._session_in_use() as session:
            try:
                return await session.call(name, arguments)
            except SessionLostError:
                self._renew(session)
                with self._session_in_use() as renewed:
                    return await renewed.call(name, arguments)

    def _renew(self, lost: Session) -> None:
        """Put a session in the place of one that is lost: one for all calls that find it so.

        It blocks, which every call may, because it has a thread of its own.
        """
        with self._renewing:
            if self._session is lost:
                session = Session(self._server, self._token)
                session.start()
                session.keep()
                self._session = session

    @contextlib.contextmanager
    def _session_in_use(self) -> Iterator[Session]:
        """The present session, which stays open until the last call on it has returned."""
        with self._lock:
            session = self._session
            self._calls[session] += 1
        try:
            yield session
        finally:
            with self._lock:
                self._calls[session] -= 1
                is_last = not self._calls[session]
                if is_last:
                    del self._calls[session]
                closes = is_last and (self._is_retired or session is not self._session)
            if closes:
                _close(session)

    def _list(self) -> Iterator[dict[str, Any]]:
        """The server's tools, each name once, from as many pages as bring some."""
        names: set[str] = set()
        asked: set[str | None] = set()
        cursor: str | None = None
        idle = 0
        while cursor not in asked and len(asked) < MAX_PAGES and idle < MAX_IDLE_PAGES:
            asked.add(cursor)
            try:
                page, cursor = self._session.list_page(cursor)
            except Exception as error:
                if not names or self._session.has_ended:
                    raise
                # Better some of the tools than none.
                told = "a page of the tools of the MCP server %s is missing"
                _log.warning(told, self._server.name, exc_info=error)
                return
            found = {tool["name"]: tool for tool in page if tool["name"] not in names}
            idle = 0 if found else idle + 1
            for name, tool in found.items():
                if len(names) == MAX_TOOLS:
                    return
                names.add(name)
                yield tool
            if cursor is None:
                return

    def _adapt(self, found: Iterator[dict[str, Any]]) -> Iterator[Limited]:
        """The tools to have, each within the server's seconds."""
        wanted = self._server.tools
        names: list[str] = []
        for tool in found:
            if wanted is None or tool["name"] in wanted:
                names.append(usable_name(f"{self._server.name}_{tool['name']}", names))
                yield Limited(RemoteTool(self, tool, names[-1]), self._server.seconds)


class RemoteTool(AgentTool):
    """A tool of an MCP server under the agent's name for it; `tool` is JSON of the server's."""

    def __init__(self, connection: Connection, tool: dict[str, Any], name: str) -> None:
        super().__init__()
        self._connection = connection
        self._tool = tool
        self._name = name

    @property
    def tool_name(self) -> str:
        return self._name

    @property
    def tool_spec(self) -> ToolSpec:
        """As the server has it: its form is for the caller to judge."""
        return {
            "name": self._name,
            "description": self._tool.get("description") or self._tool.get("title") or "",
            "inputSchema": self._tool.get("inputSchema"),  # type: ignore[typeddict-item]
        }

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
            await self._connection.call(call_id, self._tool["name"], tool_use["input"])
        )


def _close(session: Session) -> None:
    # It says goodbye to the server, which may be slow to hear it.
    threading.Thread(target=session.stop, name="mcp goodbye", daemon=True).start()
