"""Who is connected to which MCP server, and when a lost one is tried again."""

import asyncio
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from sluice.mcp_servers import Server
from sluice.tools.timeout import Limited

if TYPE_CHECKING:
    from sluice.tools.connection import Connection

type Connect = Callable[[Server, str], Connection]

RETRY_SECONDS = 60.0
# Connections in a person's name are kept for the next message of a conversation, and longer than a
# run takes.
IDLE_SECONDS = 900.0
MAX_PERSONAL = 32

_log = logging.getLogger(__name__)


class Unreachable(Exception):  # noqa: N818 - it is told to a person, not handled as an error
    """The server cannot be reached; the log has why."""


class McpSlot:
    """One server, as one person or as everybody reaches it: at most one connection at a time."""

    def __init__(self, server: Server, token: str, connect: Connect, retry_seconds: float) -> None:
        self.server = server
        self.used_at = time.monotonic()
        self._token = token
        self._connect = connect
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._attempt: Future[Connection] | None = None
        self._failed_at = 0.0

    def reach(self) -> "Future[Connection]":
        """The connection, open or being opened; raises Unreachable."""
        with self._lock:
            self.used_at = time.monotonic()
            attempt = self._attempt
            if attempt is not None and not self._is_worn_out(attempt):
                return attempt
            if attempt is not None:
                _retire(attempt)
            self._attempt = attempt = Future()
        threading.Thread(target=self._open, args=(attempt,), name="mcp", daemon=True).start()
        return attempt

    @property
    def connection(self) -> "Connection | None":
        """The connection, if it is open."""
        attempt = self._attempt
        if attempt is None or not attempt.done() or attempt.exception() is not None:
            return None
        return attempt.result()

    def close(self) -> None:
        """Close the connection, also one that is being opened."""
        if self._attempt is not None:
            self._attempt.add_done_callback(_retire)

    def _is_worn_out(self, attempt: "Future[Connection]") -> bool:
        if not attempt.done():
            return False
        if attempt.exception() is not None:
            return time.monotonic() - self._failed_at >= self._retry_seconds
        return attempt.result().is_broken

    def _open(self, attempt: "Future[Connection]") -> None:
        try:
            attempt.set_result(self._connect(self.server, self._token))
        except Exception as error:
            _log.warning("the MCP server %s cannot be reached", self.server.name, exc_info=error)
            self._failed_at = time.monotonic()
            attempt.set_exception(Unreachable(self.server.name))


def _retire(attempt: "Future[Connection]") -> None:
    if attempt.exception() is None:
        attempt.result().retire()


class McpPool:
    """The lines to every configured server.

    Servers that are told nobody's name are reached by the process, ahead of the first run; the
    others in the name of each person who asks.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        connect: Connect | None = None,
        retry_seconds: float = RETRY_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._servers = servers
        self._connect = connect or _connect
        self._retry_seconds = retry_seconds
        self._idle_seconds = idle_seconds
        self._shared = {
            server.name: self._new_line(server, "") for server in servers if server.auth != "person"
        }
        self._personal: dict[tuple[str, bytes], McpSlot] = {}
        for line in self._shared.values():
            line.reach()

    async def tools(self, token: str) -> tuple[list[Limited], list[str]]:
        """The tools that a person has, who is known by an ID token, and the names of the servers
        that cannot be reached. Waits at most for the slowest of them."""
        self._drop_idle()
        lines = [self._line(server, token) for server in self._servers]
        # Shielded, because an attempt is shared.
        attempts = [asyncio.shield(asyncio.wrap_future(line.reach())) for line in lines]
        found = await asyncio.gather(*attempts, return_exceptions=True)
        tools: list[Limited] = []
        unreachable: list[str] = []
        for line, outcome in zip(lines, found, strict=True):
            if isinstance(outcome, BaseException):
                unreachable.append(line.server.name)
            else:
                tools += outcome.tools
        return tools, unreachable

    @property
    def known_tools(self) -> list[Limited]:
        """The tools of the servers that everybody reaches and that have answered by now."""
        connections = [line.connection for line in self._shared.values()]
        return [tool for connection in connections if connection for tool in connection.tools]

    def close(self) -> None:
        for line in (*self._shared.values(), *self._personal.values()):
            line.close()

    def _new_line(self, server: Server, token: str) -> McpSlot:
        return McpSlot(server, token, self._connect, self._retry_seconds)

    def _line(self, server: Server, token: str) -> McpSlot:
        if server.auth != "person":
            return self._shared[server.name]
        # By the whole token: it is what the server believes, so no other person can have it (T1).
        key = (server.name, hashlib.sha256(token.encode()).digest())
        if key not in self._personal:
            self._personal[key] = self._new_line(server, token)
        return self._personal[key]

    def _drop_idle(self) -> None:
        """Close a person's connections after a while, and the oldest of too many."""
        now = time.monotonic()
        idle = sorted(
            (line.used_at, key)
            for key, line in self._personal.items()
            if (connection := line.connection) is None or connection.is_idle
        )
        for used_at, key in idle:
            if now - used_at >= self._idle_seconds or len(self._personal) >= MAX_PERSONAL:
                self._personal.pop(key).close()


def _connect(server: Server, token: str) -> "Connection":
    """Raises whatever went wrong."""
    from sluice.tools.connection import Connection

    return Connection(server, token)
