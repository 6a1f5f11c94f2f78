"""The stream of a Strands agent, graph or swarm as AG-UI events: nodes are steps.

Of a node's items, those that it forwards are an agent's own, or those of a graph within it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sluice.agent_runner.translation import Translation
from sluice.agui import events
from sluice.agui.events import Event
from sluice.runs.run import Run
from sluice.threads.history import OpenCalls
from sluice.threads.thread import Message


class Nodes:
    """The state of one run: what each node has open.

    `failure` is what a node raised: a swarm tells of it, and ends as if nothing had happened.
    """

    def __init__(self, run: Run, told: Sequence[Message], opened: OpenCalls | None = None) -> None:
        self._run = run
        self._told = told
        self._opened = opened
        self._translations: dict[str, Translation] = {}
        self._steps: list[str] = []
        self.failure: Exception | None = None

    def tell(self, item: dict[str, Any], path: str = "") -> Iterator[Event]:
        """What an item of the stream means; `path` are the nodes that it comes from."""
        match item.get("type"):
            case "multiagent_node_start":
                step = _step(path, item)
                self._steps.append(step)
                yield events.step_started(step)
            case "multiagent_node_stream":
                yield from self.tell(item["event"], _step(path, item))
            case "multiagent_node_stop":
                step = _step(path, item)
                yield from self._translation(step).close()
                if step in self._steps:
                    self._steps.remove(step)
                    yield events.step_finished(step)
                result = item["node_result"].result
                if isinstance(result, Exception):
                    self.failure = result
            case "multiagent_handoff" | "multiagent_node_cancel" | "multiagent_node_interrupt":
                # Their words are for the next node; the steps tell the rest.
                pass
            case _:
                yield from self._translation(path).translate(item)

    def tell_result(self, result: Any) -> Iterator[Event]:
        """A result of an agent that is no node, which its message will not have."""
        yield from self._translation("").tell_result(result)

    def close(self) -> Iterator[Event]:
        """End whatever is open."""
        for translation in self._translations.values():
            yield from translation.close()
        while self._steps:
            yield events.step_finished(self._steps.pop())

    def _translation(self, path: str) -> Translation:
        """Nodes that speak at once each have messages of their own."""
        if path not in self._translations:
            run, told = self._run, self._told
            self._translations[path] = Translation(
                lambda: (*told, *run.transcript.messages), run.files.add, self._opened
            )
        return self._translations[path]


def _step(path: str, item: dict[str, Any]) -> str:
    return f"{path}/{item['node_id']}" if path else str(item["node_id"])
