"""The stream of a Strands agent, graph or swarm as AG-UI events: nodes are sub-agents, and steps.

Of a node's items, those that it forwards are an agent's own, or those of a graph within it.
https://docs.ag-ui.com/concepts/events
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sluice.agent_runner.translation import Translation
from sluice.agui import events
from sluice.agui.events import Event
from sluice.runs.run import Run
from sluice.threads.history import OpenCalls
from sluice.threads.thread import Message

FAILED = "This agent failed."
ENDED_FIRST = "The run ended before this agent did."


class Nodes:
    """The state of one run: what each node has open.

    `failure` is what a node raised: a swarm tells of it, and ends as if nothing had happened.
    """

    def __init__(self, run: Run, told: Sequence[Message], opened: OpenCalls | None = None) -> None:
        self._run = run
        self._told = told
        self._opened = opened
        self._translations: dict[str, Translation] = {}
        # AG-UI's subagentRunId of each node under way, by its path, the newest last. A node that
        # begins once more is another sub-agent.
        self._begun: dict[str, str] = {}
        self.failure: Exception | None = None

    def tell(self, item: dict[str, Any], path: str = "") -> Iterator[Event]:
        """What an item of the stream means; `path` are the nodes that it comes from."""
        match item.get("type"):
            case "multiagent_node_start":
                yield from self._begin(str(item["node_id"]), path)
            case "multiagent_node_stream":
                yield from self.tell(item["event"], _step(path, item))
            case "multiagent_node_stop":
                result = item["node_result"].result
                has_failed = isinstance(result, Exception)
                if has_failed:
                    self.failure = result
                yield from self._end(_step(path, item), FAILED if has_failed else None)
            case "multiagent_handoff" | "multiagent_node_cancel" | "multiagent_node_interrupt":
                # Their words are for the next node; the steps tell the rest.
                pass
            case _:
                yield from self._of(path, self._translation(path).translate(item))

    def tell_result(self, result: Any) -> Iterator[Event]:
        """A result of an agent that is no node, which its message will not have."""
        yield from self._translation("").tell_result(result)

    def close(self) -> Iterator[Event]:
        """End whatever is open."""
        for step in reversed([*self._begun]):
            yield from self._end(step, ENDED_FIRST)
        for path, translation in self._translations.items():
            yield from self._of(path, translation.close())

    def _begin(self, node_id: str, path: str) -> Iterator[Event]:
        step = f"{path}/{node_id}" if path else node_id
        parent = self._begun.get(path)
        self._begun[step] = str(uuid.uuid4())
        yield events.subagent_started(self._begun[step], node_id, parent)
        yield from self._of(step, [events.step_started(step)])

    def _end(self, step: str, error: str | None) -> Iterator[Event]:
        yield from self._of(step, self._translation(step).close())
        if step not in self._begun:
            return
        yield from self._of(step, [events.step_finished(step)])
        subagent = self._begun.pop(step)
        if error is None:
            yield events.subagent_finished(subagent)
        else:
            yield events.subagent_error(subagent, error)

    def _of(self, path: str, told: Iterable[Event]) -> Iterator[Event]:
        """The events of a node, each with its sub-agent."""
        for event in told:
            # What has an agent of its own, and a snapshot is of the whole conversation.
            if path in self._begun and event["type"] != "MESSAGES_SNAPSHOT":
                event["subagentRunId"] = self._begun[path]
            yield event

    def _translation(self, path: str) -> Translation:
        """Nodes that speak at once each have messages of their own."""
        if path not in self._translations:
            run, told = self._run, self._told
            self._translations[path] = Translation(
                lambda: (*told, *run.transcript.messages),
                run.files.add,
                self._opened,
                run.files_made_by,
            )
        return self._translations[path]


def _step(path: str, item: dict[str, Any]) -> str:
    return f"{path}/{item['node_id']}" if path else str(item["node_id"])
