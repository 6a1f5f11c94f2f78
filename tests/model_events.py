"""Reads the events of a model's stream, in the shape of Bedrock's ConverseStream."""

from typing import Any

# Of a surrogate pair, as JSON escapes it.
HALF = "\ud83d"


def deltas(events: list[Any], kind: str) -> str:
    found = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    if kind == "reasoning":
        return "".join(d.get("reasoningContent", {}).get("text", "") for d in found)
    return "".join(d.get("text", "") for d in found)


def calls(events: list[Any]) -> list[tuple[str, str]]:
    """(id, arguments) of each call."""
    found: list[tuple[str, str]] = []
    for event in events:
        start = event.get("contentBlockStart", {}).get("start", {})
        piece = event.get("contentBlockDelta", {}).get("delta", {}).get("toolUse")
        if "toolUse" in start:
            found.append((start["toolUse"]["toolUseId"], ""))
        elif piece is not None:
            name, arguments = found.pop()
            found.append((name, arguments + piece["input"]))
    return found


def stop_reason(events: list[Any]) -> str:
    [reason] = [e["messageStop"]["stopReason"] for e in events if "messageStop" in e]
    return str(reason)
