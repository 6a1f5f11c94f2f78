"""What the runner adds to an agent of agent.py, and to every other that it can reach.

An agent that is made within a tool's call is not reached; with `run.model` it is metered and
stopped all the same.
"""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from strands import Agent
from strands.agent._agent_as_tool import _AgentAsTool
from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.handlers.callback_handler import PrintingCallbackHandler, null_callback_handler
from strands.multiagent.graph import Graph
from strands.multiagent.swarm import Swarm
from strands.tools.decorator import DecoratedFunctionTool
from strands.types.tools import AgentTool

from sluice.agent_runner.approvals import Approvals
from sluice.agent_runner.retry import Retries, Window
from sluice.models.metered import Ledger, Metered, metered
from sluice.runs.run import Run
from sluice.service_error import AgentFileError
from sluice.tools.client_tools import ToolOfClient
from sluice.tools.own import limit

type Built = Agent | Graph | Swarm

_ADOPTED = "_sluice_run"
_CALCULATOR = "strands_tools.calculator"


def adopt(
    built: Built,
    run: Run,
    ledger: Ledger,
    tools: Sequence[AgentTool],
    approve: Collection[str] = (),
) -> list[Agent]:
    """Add to each agent what a run needs; returns them all. `tools` are those of the run, and
    `approve` the names of those that a person is asked about.

    Raises:
        AgentFileError: One of them cannot be used.
    """
    attributes: dict[str, Any] = {
        # Strands gives these to its own spans of model and tool calls as well.
        "session.id": run.thread_id,
        "gen_ai.conversation.id": run.thread_id,
        "sluice.thread": run.thread_id,
        "sluice.run": run.run_id,
    }
    agents = []
    for each in reachable(built):
        if getattr(each, _ADOPTED, run) is not run or getattr(each, "_session_manager", None):
            raise AgentFileError(_why_not(each))
        setattr(each, _ADOPTED, run)
        each.trace_attributes.update(attributes)
        if isinstance(each, Agent):
            _adopt(each, run, ledger)
            _limit(each, tools)
            if each is built:
                each.hooks.add_hook(Approvals(approve))
            else:
                _ask_nobody(each, approve)
            agents.append(each)
    return agents


def meter(value: object, tools: Sequence[AgentTool]) -> None:
    """Have what a file made for all runs count for the run that uses it, within limits."""
    if isinstance(value, Agent | Graph | Swarm):
        for each in reachable(value):
            if isinstance(each, Agent) and not isinstance(each.model, Metered):
                each.model = metered(each.model, None)
                _limit(each, tools)


def begin_with(built: Built, past: list[Any]) -> None:
    """Give the conversation so far to whoever is asked first; messages of its own come before."""
    match built:
        case Graph():
            for node in built.entry_points:
                _begin_node(node, past)
        case Swarm():
            _begin_node(built._initial_node(), past)
        case _:
            built.messages.extend(past)


def reachable(built: Built) -> list[Built]:
    """It, its nodes, and the agents among their tools, each once."""
    found: dict[int, Built] = {}
    waiting: list[Any] = [built]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Agent | Graph | Swarm) and id(each) not in found:
            found[id(each)] = each
            waiting.extend(_next(each))
    return list(found.values())


def _next(each: Built) -> Iterator[Any]:
    if isinstance(each, Agent):
        tools = each.tool_registry.registry.values()
        yield from (tool.agent for tool in tools if isinstance(tool, _AgentAsTool))
    else:
        yield from (node.executor for node in each.nodes.values())


def _adopt(agent: Agent, run: Run, ledger: Ledger) -> None:
    agent.model = model = metered(agent.model, ledger)
    agent.hooks.add_hook(Retries(run, model))
    # Two would wait twice.
    agent._retry_strategy._max_attempts = 1
    # Strands' default; one that agent.py has chosen is kept.
    if type(agent.conversation_manager) is SlidingWindowConversationManager:
        agent.conversation_manager = Window(run)


def _ask_nobody(agent: Agent, approve: Collection[str]) -> None:
    """An agent within another, a graph or a swarm cannot wait: what would need that, it has not."""
    registry = agent.tool_registry.registry
    for name, tool in list(registry.items()):
        if isinstance(tool, ToolOfClient):
            del registry[name]
        elif name in approve:
            raise AgentFileError(
                f"`approve` names {name}, which {agent.name} has: only an agent that build_agent "
                "returns itself can wait for a person, so give the tool to that one alone."
            )


def _limit(agent: Agent, tools: Sequence[AgentTool]) -> None:
    """What no agent may do: speak on the console, and wait for a tool for ever."""
    if isinstance(agent.callback_handler, PrintingCallbackHandler):
        # It prints prompts and answers, which no log may hold (T8).
        agent.callback_handler = null_callback_handler
    registry = agent.tool_registry.registry
    for name, tool in list(registry.items()):
        if not isinstance(tool, DecoratedFunctionTool):
            continue
        if tool._tool_func.__module__ == _CALCULATOR:
            # Sluice's is the same one, in a process that can be ended (T11).
            ours = [each for each in tools if each.tool_name == name]
            registry[name] = ours[0] if ours else limit(tool, None)
        else:
            registry[name] = limited = limit(tool, sys.modules.get(tool._tool_func.__module__))
            if not limited.is_usable or limited.tool_name != name:
                raise AgentFileError(
                    f"the tool {name} cannot be used: no model takes its name, or the schema of "
                    "its arguments."
                )


def _begin_node(node: Any, past: list[Any]) -> None:
    begin_with(node.executor, past)
    if isinstance(node.executor, Agent):
        # What a node goes back to before it runs again; a swarm's does so before its first time.
        node._initial_messages = [*node.executor.messages]


def _why_not(each: Any) -> str:
    name = getattr(each, "name", None) or getattr(each, "id", "")
    if getattr(each, "_session_manager", None):
        return (
            f"the agent {name} has a session manager: leave it out, because Sluice stores the "
            "conversation and gives it to the agent."
        )
    return (
        f"build_agent returned the agent {name} a second time: make a new one in each call, "
        "because one agent for all would mix the conversations of different people."
    )
