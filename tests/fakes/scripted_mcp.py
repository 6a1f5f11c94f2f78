"""An MCP server over streamable HTTP that says what a test tells it to, right or wrong.

It answers with plain JSON, as the standard allows, and does not judge what it is told to say.
"""

import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

type Json = dict[str, Any]


def tool(name: str, schema: Any = None, **fields: Any) -> Json:
    """A tool as a server lists it."""
    return {"name": name, "inputSchema": schema or {"type": "object"}, **fields}


@dataclass
class ScriptedMcp:
    """An ASGI app.

    `pages` are the lists of tools, by cursor, each with the cursor of the next; `results` are
    what tools give by name, or functions of the arguments, also `async` ones. A session is
    `lost` after so many calls, which a status and a message tell. `asked` has every request as it
    came.
    """

    tools: list[Any] = field(default_factory=list)
    pages: Callable[[str | None], Json] | None = None
    results: dict[str, Any] = field(default_factory=dict)
    lost_after: int | None = None
    lost_says: tuple[int, str] = (404, "Session not found")
    asked: list[Json] = field(default_factory=list)
    sessions: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)

    def count(self, method: str) -> int:
        return sum(message["method"] == method for message in self.asked)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405 if request.method == "GET" else 200)
        message = await request.json()
        if "id" not in message:
            return Response(status_code=202)
        self.asked.append(message)
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        session = request.headers.get("mcp-session-id", "")
        if message["method"] == "initialize":
            session = uuid.uuid4().hex
            self.sessions[session] = 0
            said = {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"},
            }
            return JSONResponse({**reply, "result": said}, headers={"Mcp-Session-Id": session})
        result = self._result(message, session)
        if inspect.isawaitable(result):
            result = await result
        if result is None:
            status, message = self.lost_says
            error = {"code": -32600, "message": message}
            return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status)
        if "code" in result:
            return JSONResponse({**reply, "error": result})
        return JSONResponse({**reply, "result": result})

    def _result(self, message: Json, session: str) -> Any:
        params = message.get("params") or {}
        if session not in self.sessions:
            return None
        if message["method"] == "tools/list":
            return self.pages(params.get("cursor")) if self.pages else {"tools": self.tools}
        if message["method"] != "tools/call":
            return {"code": -32601, "message": "unknown"}
        if self.sessions[session] == self.lost_after:
            del self.sessions[session]
            return None
        self.sessions[session] += 1
        result: Any = self.results.get(params["name"], {"code": -32602, "message": "unknown"})
        return result(params.get("arguments")) if callable(result) else result
