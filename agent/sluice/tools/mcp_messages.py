"""Carries what a server says past the mcp package's models, which refuse a whole answer for a part.

One tool whose schema has no type costs the list of all tools there, one part of a kind that is not
known a whole result, and a result that does not fit its output schema the call. Here an answer to
`tools/list` or `tools/call` becomes one that every version of the models takes, with the JSON as
it came beside it, under `_meta`, which is open.
"""

from types import TracebackType
from typing import Any, Self

from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, JSONRPCResponse

# The two ends of a transport, which mcp has protocols for and does not export.
type Streams = tuple[Any, Any]

# Where the JSON stands in `_meta` of a tool, and of a result.
RAW = "sluice/raw"

# What an answer holds beside its tools or its content, and has to keep: what is asked of a person,
# and for how long it is good.
_KEPT = ("resultType", "ttlMs", "cacheScope", "inputRequests", "requestState")


def carry(streams: Streams) -> Streams:
    """The streams of a transport, with answers that the models take."""
    read, write = streams
    asked: dict[Any, str] = {}
    return _Reader(read, asked), _Writer(write, asked)


def list_as_models_take_it(result: dict[str, Any]) -> dict[str, Any]:
    """An answer to `tools/list`; what is no tool, or has no name, is left out."""
    tools = result.get("tools")
    cursor = result.get("nextCursor")
    taken: dict[str, Any] = {name: result[name] for name in _KEPT if name in result}
    taken["tools"] = [_tool(tool) for tool in tools if _is_tool(tool)] if tools else []
    return {**taken, "nextCursor": cursor} if isinstance(cursor, str) and cursor else taken


def result_as_models_take_it(result: dict[str, Any]) -> dict[str, Any]:
    """An answer to `tools/call`. It is called an error, which no output schema judges."""
    if result.get("resultType") == "input_required":
        return result
    kept = {name: result[name] for name in _KEPT if name in result}
    return {**kept, "content": [], "isError": True, "_meta": {RAW: result}}


def _is_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("name"), str) and bool(tool["name"])


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    # Of these, mcp itself reads which are to be sent as headers.
    known = {k: v for k, v in (properties or {}).items() if isinstance(v, dict)}
    taken = {"type": "object", "properties": known}
    return {"name": tool["name"], "inputSchema": taken, "_meta": {RAW: tool}}


_TAKE = {"tools/list": list_as_models_take_it, "tools/call": result_as_models_take_it}


class _Stream:
    """A stream that ends as the one it stands before."""

    def __init__(self, inner: Any, asked: dict[Any, str]) -> None:
        self._inner = inner
        self._asked = asked

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        ended: bool | None = await self._inner.__aexit__(exc_type, exc_val, exc_tb)
        return ended


class _Writer(_Stream):
    async def send(self, item: SessionMessage) -> None:
        message = item.message
        if isinstance(message, JSONRPCRequest) and message.method in _TAKE:
            self._asked[message.id] = message.method
        await self._inner.send(item)


class _Reader(_Stream):
    @property
    def last_context(self) -> Any:
        """The context that the message was sent in, which mcp goes on in."""
        return self._inner.last_context

    async def receive(self) -> SessionMessage | Exception:
        return self._taken(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return self._taken(await self._inner.__anext__())

    def _taken(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        message = item.message if isinstance(item, SessionMessage) else None
        method = self._asked.pop(getattr(message, "id", None), None)
        if method is not None and isinstance(message, JSONRPCResponse):
            message.result = _TAKE[method](message.result)
        return item
