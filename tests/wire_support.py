"""Speaks to an agent as AgentCore does, and reads its stream as ag-ui-protocol's models see it."""

import base64
import json
from typing import Any

from ag_ui.core import Event
from pydantic import TypeAdapter

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def make_token(sub: str = "alice", **claims: Any) -> str:
    """An ID token as AgentCore forwards it; the agent does not look at the signature."""
    payload = {"sub": sub, "token_use": "id"} | claims
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, payload)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature"])


def frames(body: bytes) -> list[bytes]:
    """The whole frames of a stream that may have been cut, without the comments."""
    *whole, _cut = body.split(b"\n\n")
    return [frame for frame in whole if frame != b":"]


def parse(body: bytes, after: int = 0) -> list[Any]:
    """The events of a stream, judged by ag-ui-protocol, with one terminal at the end and with ids
    that count on from `after`."""
    events = []
    for frame in body.decode().split("\n\n"):
        if frame in ("", ":"):
            continue
        first, _, second = frame.partition("\n")
        assert first == f"id: {after + len(events) + 1}"
        event = EVENTS.validate_json(second.removeprefix("data: "))
        assert not event.model_extra, f"AG-UI knows no {event.model_extra}"
        events.append(event)
    kinds = [event.type.value for event in events]
    assert [kind for kind in kinds if kind in ("RUN_FINISHED", "RUN_ERROR")] == kinds[-1:]
    return events


def said(events: list[Any]) -> str:
    """The text of all messages of a stream."""
    return "".join(e.delta for e in events if e.type.value == "TEXT_MESSAGE_CONTENT")


def was_cancelled(events: list[Any]) -> bool:
    """Whether a stream ends as that of a run which its person stopped."""
    outcome = getattr(events[-1], "outcome", None)
    return outcome is not None and outcome.type == "cancelled"
