"""Interrupts: what an agent asks a person in mid-run, and how the run goes on with the answer.

A tool that agent.py lists in `approve` is not called before a person has allowed it. Hooks and
tools of one's own may ask, too (`event.interrupt`, `tool_context.interrupt`). A run that asks ends,
with AG-UI's outcome `interrupt`; another run goes on from it, in whatever process.
https://strandsagents.com/latest/documentation/docs/user-guide/concepts/interrupts/
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, override

from strands import Agent
from strands.hooks import BeforeToolCallEvent, HookProvider, HookRegistry
from strands.interrupt import Interrupt, PendingToolExecution, _InterruptState

from sluice.agui.run_input import Answer
from sluice.runs.outcome import APPROVAL
from sluice.threads.history import OpenCalls
from sluice.tools.client_tools import ID_PREFIX

# A day, and a weekend: an answer that comes later may be to a question that nobody remembers.
OPEN_FOR = timedelta(days=3)
_SCHEMA = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["approved"],
}


class Approvals(HookProvider):
    """Has a person asked before the tools of these names are called."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    @override
    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:
        registry.add_callback(BeforeToolCallEvent, self._ask)

    def _ask(self, event: BeforeToolCallEvent) -> None:
        name = event.tool_use["name"]
        if name not in self._names:
            return
        answer = event.interrupt(APPROVAL, reason=f"Allow {name}?")
        if isinstance(answer, dict) and answer.get("approved") is True:
            return
        reason = answer.get("reason") if isinstance(answer, dict) else None
        said = "The person did not allow this call."
        event.cancel_tool = f"{said} They say: {reason}" if reason else said


def told_as_agui(
    interrupts: Sequence[Interrupt], calls: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The interrupts that a person is to answer; `calls` has the tool call of each by its id."""
    expires = (datetime.now(UTC) + OPEN_FOR).isoformat(timespec="seconds").replace("+00:00", "Z")
    for each in interrupts:
        if each.id.startswith(ID_PREFIX):
            continue
        told: dict[str, Any] = {"id": each.id, "reason": each.name}
        if isinstance(each.reason, str):
            told["message"] = each.reason
        if call := calls.get(each.id):
            told["toolCallId"] = call
        if each.name == APPROVAL:
            told["responseSchema"] = _SCHEMA
        told["expiresAt"] = expires
        if each.reason is not None and not isinstance(each.reason, str):
            told["metadata"] = {"reason": json.loads(json.dumps(each.reason, default=str))}
        yield told


def go_on(agent: Agent, opened: OpenCalls, answers: Sequence[Answer]) -> list[Any]:
    """Have an agent stand where its last run ended; what to call it with."""
    interrupts: dict[str, Interrupt] = {}
    responses = []
    for answer in answers:
        name = answer.interrupt_id
        for taken, given in opened.ids.items():
            # Strands' ids of interrupts hold that of the call, which has another one by now.
            name = name.replace(given, taken) if taken != given else name
        interrupts[name] = Interrupt(name, "")
        response = {"cancelled": True} if answer.is_cancelled else answer.payload
        # None is an answer to a person; to Strands it is none.
        response = {} if response is None else response
        responses.append({"interruptResponse": {"interruptId": name, "response": response}})
    agent._interrupt_state = _InterruptState(
        interrupts=interrupts,
        activated=True,
        pending_tool_execution=PendingToolExecution(agent.messages[-1], [*opened.results]),
    )
    return responses
