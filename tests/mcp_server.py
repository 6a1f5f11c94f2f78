"""An MCP server of the mcp package itself, over streamable HTTP in a process of its own.

`python -m mcp_server PORT` serves /mcp on a loopback port, 0 for a free one, and
prints the port. A process of its own, because the agent does without the package's server half.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class McpServer:
    """A running server; it is at `url`, wherever it was started last."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def restart(self) -> None:
        self.stop()
        self.process, self.port = _start(self.port)


@contextlib.contextmanager
def mcp_server() -> Iterator[McpServer]:
    server = McpServer(*_start(0))
    try:
        yield server
    finally:
        server.stop()


def _start(port: int) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "mcp_server", str(port)],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def _serve(port: int) -> None:
    import socket

    import anyio
    import uvicorn
    from mcp.server.mcpserver import Context, MCPServer

    server = MCPServer("test", log_level="CRITICAL")

    @server.tool()
    def echo(text: str) -> str:
        """Say it again."""
        return text

    @server.tool()
    def headers(context: Context) -> dict[str, str]:
        """What the request's headers were."""
        return dict(context.headers or {})

    @server.tool()
    def fail() -> str:
        """Fail in the tool's own words."""
        raise ValueError("the moon is not up")

    @server.tool()
    async def hang() -> str:
        """Never come back."""
        await anyio.Event().wait()
        return ""

    @server.tool()
    def flood() -> str:
        """Say too much."""
        return "x" * 200_000

    @server.tool(name="a.dotted/name")
    def dotted() -> str:
        """A name that models do not take."""
        return "dotted"

    @server.tool(name="x" * 64)
    def long_named() -> str:
        """A name that is too long with a prefix."""
        return ""

    @server.tool()
    def end() -> str:
        """End the process in mid-call."""
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    app: Any = server.streamable_http_app()

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(sock.getsockname()[1], flush=True)

    Announced(uvicorn.Config(app, log_level="error")).run(sockets=[sock])


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
