"""Every tool that a run may call: the built-in ones, the person's own, those of MCP servers."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from sluice.agui import events
from sluice.agui.events import Event
from sluice.settings import Settings
from sluice.threads.history import Question
from sluice.tools.calculator import Calculator
from sluice.tools.clock import Clock
from sluice.tools.code_interpreter import SECONDS as CODE_SECONDS
from sluice.tools.code_interpreter import CodeInterpreter
from sluice.tools.knowledge import KnowledgeBase
from sluice.tools.mcp_pool import McpPool
from sluice.tools.own import FOLDER, load_tools
from sluice.tools.services import Services
from sluice.tools.timeout import Limited

# For a description: what nobody calls has nobody to tell anything.
NO_SERVICES = Services("", lambda *_: 0, lambda *_: None, lambda _: None)

_log = logging.getLogger(__name__)


class Toolbox:
    """Made once for a process. Of two tools with one name, the first is had: built-in ones come
    first, then the person's own in the order of files, then those of MCP servers.

    Nothing is sent anywhere unless an MCP server is configured (T5).
    """

    def __init__(self, settings: Settings, folder: Path = FOLDER) -> None:
        self._calculator = Calculator()
        self._told: set[str] = set()
        base, region = settings.knowledge_base, settings.model_region
        self._knowledge = KnowledgeBase(base, region) if base else None
        self._interpreter = CodeInterpreter(region) if settings.code_interpreter else None
        built_in = [Limited(self._calculator.calculate), _clock(None), *self._of_run(NO_SERVICES)]
        own = [Limited(tool, seconds) for tool, seconds in load_tools(folder)]
        self._tools = self._first_of_each_name([*built_in, *own])
        servers = settings.mcp_servers
        self._lines = McpPool(servers) if servers else None
        # Last, so that it takes nothing from what the first answer waits for.
        self._calculator.prepare()

    @property
    def description(self) -> list[dict[str, str]]:
        """What everybody has: names and descriptions, those of servers once they have answered."""
        remote = self._lines.known_tools if self._lines else []
        specs = [tool.tool_spec for tool in self._usable([*self._tools, *remote])[0]]
        return [{"name": spec["name"], "description": spec["description"]} for spec in specs]

    async def tools_for(
        self, question: Question, services: Services
    ) -> tuple[list[Limited], list[Event]]:
        """The tools of one run, and what the person should know of those that are missing."""
        self._calculator.prepare()
        of_run = [_clock(question.time_zone), *self._of_run(services)]
        by_name = {tool.tool_name: tool for tool in of_run}
        tools = [by_name.get(tool.tool_name, tool) for tool in self._tools]
        remote: list[Limited] = []
        unreachable: list[str] = []
        if self._lines is not None:
            remote, unreachable = await self._lines.tools(question.token)
        usable, unusable = self._usable([*tools, *remote])
        notices = []
        if unreachable:
            said = (
                f"The tools of {_all(unreachable)} cannot be reached: "
                "this answer does without them."
            )
            notices.append(events.notice("tools_unavailable", said))
        if unusable:
            said = (
                f"This answer does without {_all(unusable)}: "
                "no model takes the schema of its arguments."
            )
            notices.append(events.notice("tools_unusable", said))
        return usable, notices

    def close(self) -> None:
        self._calculator.close()
        if self._lines is not None:
            self._lines.close()

    def _of_run(self, services: Services) -> list[Limited]:
        """The tools that are there where a service of AWS's is on."""
        tools = []
        if self._knowledge is not None:
            tools.append(Limited(self._knowledge.tool_for(services)))
        if self._interpreter is not None:
            # A call of it is three of the service's.
            tools.append(Limited(self._interpreter.tool_for(services), 3 * CODE_SECONDS))
        return tools

    def _usable(self, tools: Iterable[Limited]) -> tuple[list[Limited], list[str]]:
        """The tools that a model may be offered, and the names of the others."""
        first = self._first_of_each_name(tools)
        unusable = [tool.tool_name for tool in first if not tool.is_usable]
        for name in unusable:
            if name not in self._told:
                self._told.add(name)
                _log.error(
                    "the tool %s is left out: no model takes the schema of its arguments", name
                )
        return [tool for tool in first if tool.is_usable], unusable

    def _first_of_each_name(self, tools: Iterable[Limited]) -> list[Limited]:
        """Strands takes `a-b` and `a_b` for one name, and would refuse the whole list."""
        first: dict[str, Limited] = {}
        for tool in tools:
            name = tool.tool_name.replace("-", "_")
            if first.setdefault(name, tool) is not tool and name not in self._told:
                self._told.add(name)
                _log.error("two tools are named %s: only the first is used", tool.tool_name)
        return list(first.values())


def _all(names: Sequence[str]) -> str:
    return " and ".join(names)


def _clock(time_zone: str | None) -> Limited:
    return Limited(Clock(time_zone).current_time)
