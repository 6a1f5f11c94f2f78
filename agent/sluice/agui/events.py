"""AG-UI 1.0 events as dicts, and the SSE frames that carry them.

Field names follow https://ag-ui.com/spec/1.0/schema.json; ag-ui-protocol's models judge them in
tests, so that the agent itself does not carry that package.
"""

import json
from typing import Any, Literal

from sluice.agui.content import Content
from sluice.service_error import ServiceError, retry_of

PROTOCOL_VERSION = "1.0"
HEARTBEAT = b":\n\n"

# Made once: json.dumps with settings makes an encoder for each call, a third of a frame's cost.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

type Event = dict[str, Any]
type Outcome = dict[str, Any]
"""AG-UI's RunFinishedOutcome: `success`, perhaps with `pendingToolCallIds`; `interrupt`, with
`interrupts`; or `cancelled`, of a run that its person stopped."""

CANCELLED: Outcome = {"type": "cancelled"}
type Notice = Literal[
    "storage_unavailable",
    "model_retry",
    "tools_unavailable",
    "tools_unusable",
    "images_left_out",
    "documents_left_out",
    "knowledge_unavailable",
    "code_unavailable",
    "context_trimmed",
]


def encode_frame(event_id: int, event: Event) -> bytes:
    """One SSE frame: `id: n`, then the event as one line of JSON, its text as `carried` has it."""
    return f"id: {event_id}\ndata: {_encode(event)}\n\n".encode("utf-8", "replace")


def carried(text: str) -> str:
    """A text as it arrives at the other end.

    A lone surrogate, which a model may emit and UTF-8 cannot carry, becomes a question mark.
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def run_started(thread_id: str, run_id: str, parent_run_id: str | None) -> Event:
    event = {"type": "RUN_STARTED", "threadId": thread_id, "runId": run_id}
    if parent_run_id is not None:
        event["parentRunId"] = parent_run_id
    return {**event, "protocolVersion": PROTOCOL_VERSION}


def run_finished(
    thread_id: str, run_id: str, usage: dict[str, Any] | None, outcome: Outcome | None = None
) -> Event:
    """`usage` is one AG-UI TokenUsage: provider, model, inputTokens, outputTokens, totalTokens.

    `outcome` is AG-UI's; without one, the run has succeeded and leaves nothing open.
    """
    event: Event = {
        "type": "RUN_FINISHED",
        "threadId": thread_id,
        "runId": run_id,
        "outcome": outcome or {"type": "success"},
    }
    return event if usage is None else {**event, "usage": [usage]}


def run_error(service_error: ServiceError, *, stored: bool) -> Event:
    """`stored` is whether the run is part of the conversation, as one that failed."""
    return {
        "type": "RUN_ERROR",
        "code": service_error.code,
        "message": service_error.message,
        "metadata": {"retry": retry_of(service_error.code, stored=stored)},
    }


def notice(name: Notice, message: str, seconds: float | None = None) -> Event:
    """Something a person should know that does not end the run.

    `seconds` go with `model_retry`: until the model is asked again.
    """
    value: dict[str, Any] = {"message": message}
    if seconds is not None:
        value["seconds"] = seconds
    return {"type": "CUSTOM", "name": name, "value": value}


def step_started(name: str) -> Event:
    """A node of a graph or a swarm begins."""
    return {"type": "STEP_STARTED", "stepName": name}


def step_finished(name: str) -> Event:
    return {"type": "STEP_FINISHED", "stepName": name}


def subagent_started(subagent_run_id: str, name: str, parent: str | None) -> Event:
    """A node begins; `parent` is that of the node whose graph or swarm it is in, if any."""
    event = {"type": "SUBAGENT_STARTED", "subagentRunId": subagent_run_id, "name": name}
    return event if parent is None else {**event, "parentSubagentRunId": parent}


def subagent_finished(subagent_run_id: str) -> Event:
    outcome = {"type": "success"}
    return {"type": "SUBAGENT_FINISHED", "subagentRunId": subagent_run_id, "outcome": outcome}


def subagent_error(subagent_run_id: str, message: str) -> Event:
    """A node has failed, or the run ended before it."""
    return {"type": "SUBAGENT_ERROR", "subagentRunId": subagent_run_id, "message": message}


def messages_snapshot(messages: list[dict[str, Any]]) -> Event:
    """The conversation's AG-UI messages as they are now; others that were told are taken back."""
    return {"type": "MESSAGES_SNAPSHOT", "messages": messages}


def text_start(message_id: str, metadata: dict[str, Any] | None = None) -> Event:
    event = {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"}
    return {**event, "metadata": metadata} if metadata else event


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


def reasoning_encrypted(message_id: str, value: str) -> Event:
    """What a model wants back of its reasoning, while a call that it led to is open."""
    return {
        "type": "REASONING_ENCRYPTED_VALUE",
        "subtype": "message",
        "entityId": message_id,
        "encryptedValue": value,
    }


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


def tool_call_result(message_id: str, call_id: str, content: Content, failed: bool) -> Event:
    event = {
        "type": "TOOL_CALL_RESULT",
        "messageId": message_id,
        "toolCallId": call_id,
        "content": content,
        "role": "tool",
    }
    # AG-UI has no field of its own for it; `metadata` is open on every event.
    return {**event, "metadata": {"status": "error"}} if failed else event
