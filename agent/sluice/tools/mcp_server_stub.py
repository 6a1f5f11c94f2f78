"""Spares the agent the server's half of the mcp package.

`import mcp` imports the package's servers, and with them cryptography: 5 MB of the bundle's zip, a
fifth of a second and 12 MB of memory. The agent is a client only, and the client asks of that half
no more than names that exist. So those names are given, and the bundle leaves the half out
(ops/pruning.py).
"""

import sys
from types import ModuleType

_HALF = "mcp.server"
_MODULES = (_HALF, *(f"{_HALF}.{name}" for name in ("mcpserver", "runner", "session", "stdio")))


class _Absent(ModuleType):
    """A module in which every name is a class that nothing is an instance of."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def install() -> None:
    """Stand in for the server's half, unless it, or the client, has been imported before."""
    if "mcp" not in sys.modules:
        sys.modules.update({name: _Absent(name) for name in _MODULES})
