"""AG-UI events as an agent's file gives them: each judged, and each in an order that clients take.

ag-ui-protocol's models judge single events; that a message begins before its text, and that all
ends that was begun, is a rule of clients (@ag-ui/client, verifyEvents).
"""

import json
from collections.abc import Iterator
from typing import Any

from sluice.agui.events import Event
from sluice.api import NOTICES

# Per type the fields that it must have, then those that it may have; others are left out. What is
# not here is Sluice's own to send, or nothing that a run's log and its stored messages can hold.
# https://docs.ag-ui.com/concepts/events
type _Form = dict[str, type]
_FIELDS: dict[str, tuple[_Form, _Form]] = {
    "TEXT_MESSAGE_START": ({"messageId": str}, {}),
    "TEXT_MESSAGE_CONTENT": ({"messageId": str, "delta": str}, {}),
    "TEXT_MESSAGE_END": ({"messageId": str}, {}),
    "REASONING_START": ({"messageId": str}, {}),
    "REASONING_MESSAGE_START": ({"messageId": str}, {}),
    "REASONING_MESSAGE_CONTENT": ({"messageId": str, "delta": str}, {}),
    "REASONING_MESSAGE_END": ({"messageId": str}, {}),
    "REASONING_END": ({"messageId": str}, {}),
    "TOOL_CALL_START": (
        {"toolCallId": str, "toolCallName": str},
        {"parentMessageId": str},
    ),
    "TOOL_CALL_ARGS": ({"toolCallId": str, "delta": str}, {}),
    "TOOL_CALL_END": ({"toolCallId": str}, {}),
    "TOOL_CALL_RESULT": (
        {"messageId": str, "toolCallId": str, "content": str},
        {"metadata": dict},
    ),
    "STEP_STARTED": ({"stepName": str}, {}),
    "STEP_FINISHED": ({"stepName": str}, {}),
    "STATE_SNAPSHOT": ({"snapshot": object}, {}),
    "STATE_DELTA": ({"delta": list}, {}),
    "ACTIVITY_SNAPSHOT": (
        {"messageId": str, "activityType": str, "content": dict},
        {"replace": bool},
    ),
    "ACTIVITY_DELTA": ({"messageId": str, "activityType": str, "patch": list}, {}),
    "CUSTOM": ({"name": str, "value": object}, {}),
}
_ROLES = {
    "TEXT_MESSAGE_START": "assistant",
    "REASONING_MESSAGE_START": "reasoning",
    "TOOL_CALL_RESULT": "tool",
}
# What an event begins, what goes on with it, and what ends it; and by which field.
_SPANS = {
    "TEXT_MESSAGE": ("messageId", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"),
    "REASONING": ("messageId", "REASONING_START", "", "REASONING_END"),
    "REASONING_MESSAGE": (
        "messageId",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
    ),
    "TOOL_CALL": ("toolCallId", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"),
    "STEP": ("stepName", "STEP_STARTED", "", "STEP_FINISHED"),
}


class GivenError(Exception):
    """What was given cannot be sent; a sentence for the file's author."""


class GivenEvents:
    """The events of one run that an agent's file gives."""

    def __init__(self) -> None:
        # What has begun and not ended: the event that ends each, the newest last.
        self._open: dict[tuple[str, str], Event] = {}

    def take(self, given: object) -> Event:
        """An event as it is sent: a dict, or a model of ag-ui-protocol.

        Raises:
            GivenError: It is none, or not in its place; a sentence for the file's author.
        """
        if hasattr(given, "model_dump"):
            given = given.model_dump(mode="json", by_alias=True, exclude_none=True)
        if not isinstance(given, dict):
            raise GivenError(
                f"something of the type {type(given).__name__} is neither text nor an AG-UI event"
            )
        event = _read(given)
        self._place(event)
        return event

    def close(self) -> Iterator[Event]:
        """End what was begun and is still open."""
        while self._open:
            yield self._open.popitem()[1]

    def _place(self, event: Event) -> None:
        for span, (field, start, middle, end) in _SPANS.items():
            if event["type"] not in (start, middle, end):
                continue
            key = (span, event[field])
            if event["type"] == start:
                if key in self._open:
                    raise GivenError(f"{start} comes twice for {field} {event[field]}")
                self._open[key] = {"type": end, field: event[field]}
            elif key not in self._open:
                raise GivenError(f"{event['type']} comes before the {start} of its {field}")
            elif event["type"] == end:
                del self._open[key]


def _read(given: dict[str, Any]) -> Event:
    kind = given.get("type")
    if not isinstance(kind, str):
        raise GivenError("a dict without a `type` is no AG-UI event")
    if kind in ("RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "MESSAGES_SNAPSHOT"):
        raise GivenError(f"{kind} is Sluice's own to send: leave it out")
    if kind not in _FIELDS:
        raise GivenError(f"{kind} is not among the AG-UI events that an answer may give")
    required, optional = _FIELDS[kind]
    event: Event = {"type": kind}
    for name, form in (required | optional).items():
        if name not in given or (given[name] is None and name in optional):
            if form is object:
                event[name] = None
            elif name in required:
                raise GivenError(f"{kind}.{name} is missing")
        elif not isinstance(given[name], form):
            raise GivenError(f"{kind}.{name} must be {_NAMES[form]}")
        else:
            event[name] = given[name]
    if kind in _ROLES:
        if given.get("role") not in (None, _ROLES[kind]):
            raise GivenError(f"{kind}.role must be {_ROLES[kind]}")
        event["role"] = _ROLES[kind]
    if kind == "CUSTOM" and event["name"] in NOTICES:
        raise GivenError(f"CUSTOM.name {event['name']} is one that Sluice uses itself")
    if not required.keys() | optional.keys() <= {"messageId", "delta", "toolCallId", "stepName"}:
        try:
            json.dumps(event, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise GivenError(f"{kind} is not JSON: {error}") from None
    return event


_NAMES = {str: "text", list: "a list", dict: "an object", bool: "true or false"}
