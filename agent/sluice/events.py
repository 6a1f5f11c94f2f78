"""AG-UI 1.0 events as dicts, and the SSE frames that carry them.

Field names follow https://ag-ui.com/spec/1.0/schema.json; ag-ui-protocol's models judge them in
tests, so that the agent itself does not carry that package.
"""

import json
from typing import Any

from sluice.refusal import Refusal

PROTOCOL_VERSION = "1.0"
HEARTBEAT = b":\n\n"

type Event = dict[str, Any]


def encode_frame(event_id: int, event: Event) -> bytes:
    """One SSE frame: `id: n`, then the event as one line of JSON.

    A lone surrogate, which a model may emit and UTF-8 cannot carry, becomes a question mark.
    """
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event_id}\ndata: {data}\n\n".encode("utf-8", "replace")


def run_started(thread_id: str, run_id: str) -> Event:
    return {
        "type": "RUN_STARTED",
        "threadId": thread_id,
        "runId": run_id,
        "protocolVersion": PROTOCOL_VERSION,
    }


def run_finished(thread_id: str, run_id: str, usage: dict[str, Any]) -> Event:
    """`usage` is one AG-UI TokenUsage: provider, model, inputTokens, outputTokens, totalTokens."""
    return {
        "type": "RUN_FINISHED",
        "threadId": thread_id,
        "runId": run_id,
        "outcome": {"type": "success"},
        "usage": [usage],
    }


def run_error(refusal: Refusal) -> Event:
    return {"type": "RUN_ERROR", "code": refusal.code, "message": refusal.message}


def notice(name: str, message: str) -> Event:
    """Something a person should know that does not end the run."""
    return {"type": "CUSTOM", "name": name, "value": {"message": message}}


def text_start(message_id: str) -> Event:
    return {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"}


def text_content(message_id: str, delta: str) -> Event:
    return {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": delta}


def text_end(message_id: str) -> Event:
    return {"type": "TEXT_MESSAGE_END", "messageId": message_id}


def reasoning_start(message_id: str) -> list[Event]:
    return [
        {"type": "REASONING_START", "messageId": message_id},
        {"type": "REASONING_MESSAGE_START", "messageId": message_id, "role": "reasoning"},
    ]


def reasoning_content(message_id: str, delta: str) -> Event:
    return {"type": "REASONING_MESSAGE_CONTENT", "messageId": message_id, "delta": delta}


def reasoning_end(message_id: str) -> list[Event]:
    return [
        {"type": "REASONING_MESSAGE_END", "messageId": message_id},
        {"type": "REASONING_END", "messageId": message_id},
    ]


def tool_call_start(call_id: str, name: str, parent_message_id: str) -> Event:
    return {
        "type": "TOOL_CALL_START",
        "toolCallId": call_id,
        "toolCallName": name,
        "parentMessageId": parent_message_id,
    }


def tool_call_args(call_id: str, delta: str) -> Event:
    return {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": delta}


def tool_call_end(call_id: str) -> Event:
    return {"type": "TOOL_CALL_END", "toolCallId": call_id}


def tool_call_result(message_id: str, call_id: str, content: str, failed: bool) -> Event:
    event = {
        "type": "TOOL_CALL_RESULT",
        "messageId": message_id,
        "toolCallId": call_id,
        "content": content,
        "role": "tool",
    }
    # AG-UI has no field of its own for it; `metadata` is open on every event.
    return {**event, "metadata": {"status": "error"}} if failed else event
