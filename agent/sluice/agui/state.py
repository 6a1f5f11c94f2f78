"""The state that an agent and its client share: any JSON, told as AG-UI's STATE_SNAPSHOT and
STATE_DELTA (https://docs.ag-ui.com/concepts/state)."""

import json
from typing import Any

from sluice.agui.events import Event
from sluice.api import MAX_EMITTED_BYTES, json_copy

MAX_STATE_BYTES = MAX_EMITTED_BYTES


class StateError(ValueError):
    """What was given is no state, or changes none; a sentence for the author of agent.py."""


def change(before: Any, after: Any) -> Event:
    """The event that turns one state into another: a delta, where that is the shorter one.

    Raises:
        StateError: `after` is not JSON, or of more than 64 KiB.
    """
    after = _read(after)
    snapshot = snapshot_of(after)
    if before is None:
        return snapshot
    # Imported only where an agent has a state.
    import jsonpatch

    delta = {"type": "STATE_DELTA", "delta": jsonpatch.make_patch(before, after).patch}
    return delta if len(json.dumps(delta)) < len(json.dumps(snapshot)) else snapshot


def snapshot_of(state: Any) -> Event:
    return {"type": "STATE_SNAPSHOT", "snapshot": state}


def apply(state: Any, event: Event) -> Any:
    """The state after an event of these two types; of any other, as it was.

    Raises:
        StateError: The delta is none of this state, or the state becomes too large.
    """
    if event["type"] == "STATE_SNAPSHOT":
        return _read(event["snapshot"])
    if event["type"] != "STATE_DELTA":
        return state
    import jsonpatch

    try:
        return _read(jsonpatch.apply_patch(state, event["delta"]))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
        raise StateError(f"STATE_DELTA is no patch of the state: {error}") from None


def _read(state: Any) -> Any:
    try:
        return json_copy(state, "the state")
    except ValueError as error:
        raise StateError(str(error)) from None
