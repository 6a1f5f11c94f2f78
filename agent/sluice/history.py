"""Repairs a stored history, so that no interruption can brick a thread.

Models refuse a conversation in which a tool call has no result, a result has no call, or two
messages in a row have the same role. A process that died in mid-run leaves exactly these.
Messages and blocks are Strands' (Bedrock Converse): {"role", "content": [{"text"} | {"toolUse"}
| {"toolResult"} ...]}.
"""

from typing import Any

# Strands' Message and ContentBlock: TypedDicts, which mypy cannot follow through a spread.
type Message = Any
type Block = Any


def repair(messages: list[Message]) -> list[Message]:
    """A history that models take: it opens with a person, roles alternate, calls have results.

    A well-formed history comes back equal. What a person or the model said is kept; results of no
    call are dropped, and missing results are stated as interrupted.
    """
    repaired: list[Message] = []
    for message in messages:
        role = message["role"]
        said = [block for block in message["content"] if "toolResult" not in block]
        if role == "user":
            said = [block for block in said if "toolUse" not in block]
        if calls := _open_calls(repaired):
            # Results open the turn after their calls: providers require them first.
            results = _results(calls, message["content"] if role == "user" else [])
            if role == "user":
                said = [*results, *said]
            else:
                _append(repaired, {"role": "user", "content": results})
        _append(repaired, {**message, "content": said})
    if calls := _open_calls(repaired):
        _append(repaired, {"role": "user", "content": _results(calls, [])})
    return repaired


def open_turn(history: list[Message], text: str) -> tuple[list[Message], list[Block]]:
    """Split a repaired history and a new message into what is past and what is now asked.

    A last message from a person, which no answer followed, becomes part of the new turn, because
    two messages of the same role in a row are refused.
    """
    if history and history[-1]["role"] == "user":
        return history[:-1], [*history[-1]["content"], {"text": text}]
    return history, [{"text": text}]


def _open_calls(messages: list[Message]) -> list[str]:
    """The ids of the calls that the next message must answer, each once."""
    if not messages:
        return []
    calls = [block["toolUse"] for block in messages[-1]["content"] if "toolUse" in block]
    return list(dict.fromkeys(call["toolUseId"] for call in calls))


def _results(calls: list[str], content: list[Block]) -> list[Block]:
    found = {block["toolResult"]["toolUseId"]: block for block in content if "toolResult" in block}
    return [found.get(call) or _interrupted(call) for call in calls]


def _interrupted(call: str) -> Block:
    said = [{"text": "The tool call was interrupted and has no result."}]
    return {"toolResult": {"toolUseId": call, "status": "error", "content": said}}


def _append(messages: list[Message], message: Message) -> None:
    """Add a message that says something, joining it with the last when both have one role."""
    if not message["content"] or (not messages and message["role"] != "user"):
        return
    if messages and messages[-1]["role"] == message["role"]:
        joined = [*messages[-1]["content"], *message["content"]]
        messages[-1] = {**messages[-1], "content": joined}
    else:
        messages.append(message)
