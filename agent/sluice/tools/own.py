"""The person's own tools: every file of agent/tools with Strands' `@tool` functions."""

import importlib.util
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from strands.tools.decorator import DecoratedFunctionTool
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool

from sluice.telemetry.logs import OWN_CODE
from sluice.tools.timeout import SECONDS, Limited
from sluice.tools.values import blocks_of

# Beside the package: agent/tools in a checkout, tools in the bundle.
FOLDER = Path(__file__).parents[2] / "tools"
MAX_SECONDS = 600.0
_LIMITED = "_sluice_limited"

_log = logging.getLogger(__name__)


def load_tools(folder: Path = FOLDER) -> list[tuple[AgentTool, float]]:
    """Import every file of a folder whose name does not begin with `_`, in the order of names.

    A file that cannot be imported is logged and left out: the agent is of use without it.

    Returns:
        The tools and the seconds that a call may take: `SECONDS` of the file, where it has one.
    """
    found: list[tuple[AgentTool, float]] = []
    for path in sorted(folder.glob("[!_.]*.py")):
        try:
            module = _import(path)
            tools = [(tool, _seconds(module)) for tool in _tools(module)]
        # SystemExit is what a script says at its end.
        except (Exception, SystemExit) as error:
            kind = type(error).__name__
            told = "the tools of %s cannot be used: it raised %s"
            _log.error(told, path.name, kind, exc_info=error, extra=OWN_CODE)
            continue
        if not tools:
            _log.error("%s has no tools: a tool is a function with @tool", path.name)
        found += tools
    return found


def limit(tool: DecoratedFunctionTool[..., Any], module: ModuleType | None) -> Limited:
    """A function with `@tool` that agent.py gives its agent itself, with the limits of all others.

    Made once for each function, so that calls which never come back are counted.
    """
    limited: Limited | None = getattr(tool, _LIMITED, None)
    if limited is None:
        _tell_values(tool)
        limited = Limited(tool, _seconds(module))
        setattr(tool, _LIMITED, limited)
    return limited


def _import(path: Path) -> ModuleType:
    # Not `tools.NAME`: a file may have the name of a package that it imports.
    name = f"sluice_own_tools_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and annotations look their module up.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _tools(module: ModuleType) -> Iterator[AgentTool]:
    """The tools that a file defines or imports, each once."""
    seen: list[object] = []
    for value in vars(module).values():
        if isinstance(value, AgentTool) and value not in seen:
            seen.append(value)
            if isinstance(value, DecoratedFunctionTool):
                _tell_values(value)
            yield value


def _tell_values(tool: DecoratedFunctionTool[..., Any]) -> None:
    """Have what a function returns told by values.py.

    Strands' own would tell a Python repr of what is not JSON, and there is no hook before it.
    """
    wrap = tool._wrap_tool_result

    def tell(tool_use_d: str, result: Any, exception: Exception | None = None) -> ToolResultEvent:
        is_told = isinstance(result, dict) and "status" in result and "content" in result
        told = result if is_told else {"status": "success", "content": blocks_of(result)}
        return wrap(tool_use_d, told, exception)

    tool._wrap_tool_result = tell  # type: ignore[method-assign]


def _seconds(module: ModuleType | None) -> float:
    seconds = getattr(module, "SECONDS", SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError("SECONDS is a number")
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError("SECONDS is out of range")
    return float(seconds)
