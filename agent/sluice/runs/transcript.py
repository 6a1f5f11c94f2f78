"""A run's events as AG-UI messages, and messages as events again.

Messages are what is stored and what a model is sent of the past; events are what streams.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

from sluice.agui import events
from sluice.agui.content import Content, plain_text
from sluice.agui.events import Event, carried
from sluice.agui.state import snapshot_of
from sluice.service_error import Code, ServiceError
from sluice.threads.thread import Message, StoredRun


class Transcript:
    """The messages that a run's events make, in the order in which they began.

    An event costs the same however long the run is. A look joins the texts that grew since the
    last one, and its messages do not change afterwards. Writing and looking happen on one loop.
    """

    def __init__(self, *given: Message) -> None:
        """`given` are the client's messages, which are no events of the run."""
        self._entries: list[Message | _Said] = [*given]
        self._said: dict[tuple[str, str], _Said] = {}
        self._arguments: dict[str, _Text] = {}

    def add(self, event: Event) -> None:
        """Take one event; those that are no part of a message change nothing."""
        match event["type"]:
            case "TEXT_MESSAGE_CONTENT":
                self._of("assistant", event["messageId"]).text.append(event["delta"])
            case "TOOL_CALL_ARGS":
                if arguments := self._arguments.get(event["toolCallId"]):
                    arguments.append(event["delta"])
            case "REASONING_MESSAGE_CONTENT":
                self._of("reasoning", event["messageId"]).text.append(event["delta"])
            case "REASONING_ENCRYPTED_VALUE":
                self._of("reasoning", event["entityId"]).encrypted = event["encryptedValue"]
            case "TEXT_MESSAGE_START" | "TEXT_MESSAGE_END":
                said = self._of("assistant", event["messageId"])
                said.metadata = event.get("metadata") or said.metadata
            case "REASONING_MESSAGE_START":
                self._of("reasoning", event["messageId"])
            case "TOOL_CALL_START":
                call_id = event["toolCallId"]
                # As AG-UI's clients do: a call without a parent is a message of its own.
                parent = self._of("assistant", event.get("parentMessageId") or call_id)
                # An id that repeats is another call: what follows belongs to the newest.
                self._arguments[call_id] = parent.call(call_id, event["toolCallName"])
            case "TOOL_CALL_RESULT":
                self._entries.append(_result(event))
            case "MESSAGES_SNAPSHOT":
                kept = {message["id"] for message in event["messages"]}
                self._entries = [entry for entry in self._entries if _id(entry) in kept]

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far, the last of them perhaps with half of its text or arguments."""
        return tuple(e.message() if isinstance(e, _Said) else e for e in self._entries)

    def _of(self, role: str, message_id: str) -> "_Said":
        said = self._said.get((role, message_id))
        if said is None:
            said = self._said[role, message_id] = _Said(role, message_id)
            self._entries.append(said)
        return said


def replay(stored_run: StoredRun, thread_id: str) -> Iterator[Event]:
    """A stored run as a stream: RUN_STARTED, each message whole, and its terminal event.

    The client's own messages are not part of it, as they are none of a live stream.

    Raises:
        ValueError: The run is stored as under way, so that nobody knows its end.
    """
    if stored_run.state == "running":
        raise ValueError("a run that is stored as running has no end to tell")
    return _replay(stored_run, thread_id)


def _replay(stored_run: StoredRun, thread_id: str) -> Iterator[Event]:
    yield events.run_started(thread_id, stored_run.run_id, stored_run.parent_run_id)
    for message in stored_run.messages[stored_run.given :]:
        if events_of := _EVENTS.get(message["role"]):
            yield from events_of(message)
    if stored_run.shared_state is not None:
        yield snapshot_of(stored_run.shared_state)
    if stored_run.state in ("finished", "stopped"):
        outcome = events.CANCELLED if stored_run.state == "stopped" else stored_run.outcome
        yield events.run_finished(thread_id, stored_run.run_id, stored_run.usage, outcome)
    else:
        error = stored_run.error or _UNTOLD
        # A code of an older format is passed on as it is.
        service_error = ServiceError(cast(Code, error["code"]), error["message"])
        yield events.run_error(service_error, stored=True)


def _assistant(message: Message) -> Iterator[Event]:
    message_id, content = message["id"], message.get("content")
    calls = message.get("toolCalls", [])
    if content or not calls:
        yield events.text_start(message_id, message.get("metadata"))
        if content:
            yield events.text_content(message_id, content)
        yield events.text_end(message_id)
    for call in calls:
        yield events.tool_call_start(call["id"], call["function"]["name"], message_id)
        if arguments := call["function"]["arguments"]:
            yield events.tool_call_args(call["id"], arguments)
        yield events.tool_call_end(call["id"])


def _reasoning(message: Message) -> Iterator[Event]:
    message_id, encrypted = message["id"], message.get("encryptedValue")
    # Live, what a model thinks without telling what has neither a beginning nor an end.
    is_told = message["content"] or not encrypted
    if is_told:
        yield from events.reasoning_start(message_id)
    if message["content"]:
        yield events.reasoning_content(message_id, message["content"])
    if encrypted:
        yield events.reasoning_encrypted(message_id, encrypted)
    if is_told:
        yield from events.reasoning_end(message_id)


def _tool(message: Message) -> Iterator[Event]:
    failed = "error" in message
    yield events.tool_call_result(message["id"], message["toolCallId"], message["content"], failed)


# No run is stored so; a stream must end in any case.
_UNTOLD = {"code": "internal_error", "message": "The run ended, and did not say why."}

_EVENTS: dict[str, Callable[[Message], Iterator[Event]]] = {
    "assistant": _assistant,
    "reasoning": _reasoning,
    "tool": _tool,
}


def _result(event: Event) -> Message:
    content = _carried(event["content"])
    message = {
        "id": event["messageId"],
        "role": "tool",
        "content": content,
        "toolCallId": carried(event["toolCallId"]),
    }
    failed = event.get("metadata", {}).get("status") == "error"
    return {**message, "error": plain_text(content) or "The tool failed."} if failed else message


def _carried(content: Content) -> Content:
    if isinstance(content, str):
        return carried(content)
    return [{**p, "text": carried(p["text"])} if p["type"] == "text" else p for p in content]


def _id(entry: "Message | _Said") -> str:
    return entry.id if isinstance(entry, _Said) else str(entry["id"])


class _Text:
    """A text that grows by pieces, which are joined when somebody looks."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.append = self._pieces.append

    def join(self) -> str:
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return carried(self._pieces[0]) if self._pieces else ""


class _Said:
    """A message of the model that is still growing: text or reasoning, and the calls it makes."""

    def __init__(self, role: str, message_id: str) -> None:
        self._role = role
        self.id = message_id
        self._calls: list[tuple[str, str, _Text]] = []
        self.text = _Text()
        self.encrypted = ""
        self.metadata: dict[str, Any] | None = None

    def call(self, call_id: str, name: str) -> _Text:
        """Add a call; its arguments are for the caller to fill."""
        arguments = _Text()
        self._calls.append((carried(call_id), carried(name), arguments))
        return arguments

    def message(self) -> Message:
        message: Message = {"id": self.id, "role": self._role, "content": self.text.join()}
        if self.encrypted:
            message["encryptedValue"] = self.encrypted
        if self.metadata:
            message["metadata"] = self.metadata
        if self._calls:
            message["toolCalls"] = [
                {
                    "id": call_id,
                    "type": "function",
                    "function": {"name": name, "arguments": arguments.join()},
                }
                for call_id, name, arguments in self._calls
            ]
        return message
