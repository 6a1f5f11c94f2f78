"""A session with an MCP server, over streamable HTTP.

Imported only where a server is configured: Strands' client and the mcp package take half a second.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from types import TracebackType
from typing import Any, override

import httpx2

from sluice import network
from sluice.mcp_servers import Server
from sluice.tools import mcp_server_stub
from sluice.tools.signing import Signature

mcp_server_stub.install()

from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client  # noqa: E402
from strands.tools.mcp import MCPClient  # noqa: E402

from sluice.tools.mcp_messages import RAW, carry  # noqa: E402

# A person waits for this, so it is shorter than what a call may take.
CONNECT_SECONDS = 10.0


class CallFailedError(Exception):
    """A call has no result; whether the server carried it out is not known. The log has why."""


class SessionLostError(CallFailedError):
    """The server does not know the session any more, and has not taken the call."""


@dataclass
class _Asked:
    """One call, as the requests that it makes see it."""

    is_session_lost: bool = False


_asked: ContextVar[_Asked] = ContextVar("asked")


class Session(MCPClient):
    """Strands' client with a transport that keeps to its time, and is used once.

    Its methods block, but for those that say `async`. `token` is the person's, for a server with
    auth `person`.
    """

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._connect_seconds = min(server.seconds, CONNECT_SECONDS)
        self._token = token if server.auth == "person" else server.token
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._limit: asyncio.Timeout | None = None
        self.has_ended = False
        super().__init__(
            self._transport,
            # The transport's own limit comes first: at this one, Strands' client would go on
            # waiting for its thread.
            startup_timeout=ceil(self._connect_seconds) + 5,
            application_name="sluice",
        )

    def list_page(self, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The tools of a page as JSON came from the server, and the cursor of the next page.

        Raises:
            Exception: Whatever went wrong.
        """
        found = self.list_tools_sync(cursor)
        return [(tool.mcp_tool.meta or {})[RAW] for tool in found], found.pagination_token

    async def call(self, name: str, arguments: Any) -> dict[str, Any]:
        """The result of a tool, by its server's name, as JSON came from the server.

        Raises:
            SessionLostError, CallFailedError: There is none.
        """
        # mcp goes on in the caller's context, up to the request.
        _asked.set(asked := _Asked())
        try:
            result: Any = await self.call_tool_async("call", name, arguments)
        except Exception as error:
            raise CallFailedError from error
        raw: dict[str, Any] | None = (result.get("metadata") or {}).get(RAW)
        if raw is None:
            raise SessionLostError if asked.is_session_lost else CallFailedError
        return raw

    def keep(self) -> None:
        """Connecting is over: from now on, the session stays until it is stopped."""
        if self._loop is not None and self._limit is not None:
            self._loop.call_soon_threadsafe(self._limit.reschedule, None)

    @override
    def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """End the session; nobody is told how it went."""
        if self.has_ended and self._thread is not None and self._loop is not None:
            # Strands' own would send word to the thread, which does not listen any more.
            self._thread.join()
            self._loop.close()
            return
        with contextlib.suppress(Exception):
            super().stop(exc_type, exc_val, exc_tb)

    @contextlib.asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        """What the client speaks through, on the loop of its own thread."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.current_thread()
        try:
            async with (
                asyncio.timeout(self._connect_seconds) as self._limit,
                self._http_client() as http,
                streamable_http_client(self._server.url, http_client=http) as streams,
            ):
                yield carry(streams)
        finally:
            self.has_ended = True

    def _http_client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
            auth=Signature(self._server.url) if self._server.auth == "iam" else None,
            # A call is ended by its tool's own limit: this one would end the session with it.
            timeout=httpx2.Timeout(self._connect_seconds, read=self._server.seconds + 30),
            # Proxies and certificates as the shell says, and nothing else of it.
            proxy=network.proxy_for(self._server.url),
            verify=network.certificates(),
            trust_env=False,
            # A server may not send the agent, with what it has been given, elsewhere (T5).
            follow_redirects=False,
            event_hooks={"response": [_notice]},
        )


async def _notice(response: httpx2.Response) -> None:
    """What the standard says of a session that is lost: 404, for a request that names it.

    https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#session-management

    The examples of the TypeScript SDK, and servers made after them, say 400 and "No valid session
    ID provided", or "Server not initialized".
    """
    asked = _asked.get(None)
    if asked is None or MCP_SESSION_ID not in response.request.headers:
        return
    if response.status_code == 404:
        asked.is_session_lost = True
    elif response.status_code == 400:
        said = (await response.aread()).lower()
        asked.is_session_lost = b"session" in said or b"not initialized" in said
