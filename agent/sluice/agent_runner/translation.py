"""Strands' stream of dicts as AG-UI events.

Of `Agent.stream_async` only three kinds of dict are read: `event` (a raw Bedrock-shaped chunk of
the model's stream), `message` (a finished message, which is where tool results appear) and `result`
(read by the agent runner). Everything else repeats these or holds history that must not leave.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sluice.agui import events
from sluice.agui.content import Content, Part, file_part, plain_text, text_part
from sluice.agui.events import Event
from sluice.agui.media import describe, media_type, type_of_name
from sluice.threads.bedrock_messages import seal
from sluice.threads.history import OpenCalls
from sluice.threads.thread import Message

MAX_NAME = 200

type KeepFile = Callable[[bytes], str | None]
"""Keeps a file beside the thread; its name, or None when there is no room for it."""


class Translation:
    """The state of one run's translation: which message, reasoning or tool call is open.

    `conversation` gives the conversation's messages so far, those of the run among them.
    """

    def __init__(
        self,
        conversation: Callable[[], Iterable[Message]] = tuple,
        keep_file: KeepFile = lambda _: None,
        opened: OpenCalls | None = None,
        files_made_by: Callable[[str], list[tuple[str, bytes]]] = lambda _: [],
    ) -> None:
        """`opened` are the calls that the run goes on from: clients know them and their results.
        `files_made_by` gives the names and the bytes of files that are a call's beside its result.
        """
        self._files_made_by = files_made_by
        self._conversation = conversation
        self._keep_file = keep_file
        # What clients call the open calls, and those whose results they have.
        self._given_ids = dict(opened.ids) if opened else {}
        self._answered = {result["toolUseId"] for result in opened.results} if opened else set()
        # The messages of the model call under way, and those of calls that broke off and were
        # made again.
        self._told: set[str] = set()
        self._obsolete: set[str] = set()
        # Text and the tool calls of one model message share an id, so that clients join them.
        self._message_id = _new_id()
        self._text_open = False
        self._text_was_closed = False
        self._reasoning_id: str | None = None
        # What came of the reasoning's own, to be told whole.
        self._signature = ""
        self._redacted = b""
        self._call_id: str | None = None
        self._called: set[str] = set()

    def translate(self, item: dict[str, Any]) -> Iterator[Event]:
        """The events that one dict of `stream_async` means; often none."""
        if "event" in item:
            yield from self._chunk(item["event"])
        elif "message" in item:
            yield from self._message(item["message"])

    def close(self) -> Iterator[Event]:
        """End whatever is open, as an error or a stop in mid-stream leaves it."""
        if self._text_open:
            self._text_open = False
            self._text_was_closed = True
            yield events.text_end(self._message_id)
        if sealed := seal(self._signature, self._redacted):
            self._signature, self._redacted = "", b""
            # A model may think without telling what.
            message_id = self._reasoning_id or _new_id()
            yield from self._begin(message_id)
            yield events.reasoning_encrypted(message_id, sealed)
        if self._reasoning_id is not None:
            yield from events.reasoning_end(self._reasoning_id)
            self._reasoning_id = None
        if self._call_id is not None:
            yield events.tool_call_end(self._call_id)
            self._call_id = None

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[Event]:
        if "contentBlockDelta" in chunk:
            yield from self._delta(chunk["contentBlockDelta"]["delta"])
        elif "contentBlockStart" in chunk:
            if call := chunk["contentBlockStart"].get("start", {}).get("toolUse"):
                yield from self._start_call(call["toolUseId"], call["name"])
        elif "contentBlockStop" in chunk:
            yield from self.close()
        elif "messageStart" in chunk:
            # A retried model call starts a second message without having ended the first.
            yield from self.close()
            self._obsolete |= self._told
            self._told.clear()
            self._message_id = _new_id()
            self._text_was_closed = False
        elif "messageStop" in chunk:
            self._told.clear()

    def _delta(self, delta: dict[str, Any]) -> Iterator[Event]:
        if text := delta.get("text"):
            if not self._text_open:
                yield from self.close()
                if self._text_was_closed:
                    self._message_id = _new_id()
                self._text_open = True
                yield from self._begin(self._message_id)
                yield events.text_start(self._message_id)
            yield events.text_content(self._message_id, text)
        elif "toolUse" in delta:
            arguments = delta["toolUse"].get("input", "")
            if arguments and self._call_id is not None:
                yield events.tool_call_args(self._call_id, arguments)
        elif reasoning := delta.get("reasoningContent", {}).get("text"):
            if self._reasoning_id is None:
                yield from self.close()
                self._reasoning_id = _new_id()
                yield from self._begin(self._reasoning_id)
                yield from events.reasoning_start(self._reasoning_id)
            yield events.reasoning_content(self._reasoning_id, reasoning)
        elif sealed := delta.get("reasoningContent"):
            self._signature += sealed.get("signature") or ""
            self._redacted += sealed.get("redactedContent") or b""

    def _start_call(self, call_id: str, name: str) -> Iterator[Event]:
        yield from self.close()
        self._call_id = call_id
        self._called.add(call_id)
        yield from self._begin(self._message_id)
        yield events.tool_call_start(call_id, name, self._message_id)

    def _begin(self, message_id: str) -> Iterator[Event]:
        """Note a message of the call under way. The first one takes the place of obsolete ones."""
        if self._obsolete:
            kept = [each for each in self._conversation() if each["id"] not in self._obsolete]
            self._obsolete.clear()
            yield events.messages_snapshot(kept)
        self._told.add(message_id)

    def _message(self, message: dict[str, Any]) -> Iterator[Event]:
        known = self._called | self._given_ids.keys()
        for block in message["content"]:
            call = block.get("toolUse")
            if call is not None and call["toolUseId"] not in known:
                # Some providers name a call only in its deltas, so that no start was seen.
                yield from self._start_call(call["toolUseId"], call["name"])
                yield events.tool_call_args(call["toolUseId"], json.dumps(call["input"]))
                yield from self.close()
            if "toolResult" in block:
                yield from self.tell_result(block["toolResult"])
        # The next message may use the same ids for other calls.
        self._called.clear()
        if message["role"] == "user":
            self._given_ids.clear()
            self._answered.clear()

    def tell_result(self, result: Any) -> Iterator[Event]:
        """A tool's result, once."""
        call_id = result["toolUseId"]
        if call_id in self._answered:
            return
        self._answered.add(call_id)
        failed = result.get("status") == "error"
        content = self._content(result.get("content", []), self._files_made_by(call_id))
        told_id = self._given_ids.get(call_id, call_id)
        yield events.tool_call_result(_new_id(), told_id, content, failed)

    def _content(self, blocks: list[dict[str, Any]], made: list[tuple[str, bytes]]) -> Content:
        """A tool result's content: text, or parts where files are kept."""
        parts = [self._part(block) for block in blocks]
        parts += [part for name, data in made if (part := self._document(name, data))]
        is_text = all(part["type"] == "text" for part in parts)
        return plain_text(parts) if is_text else parts

    def _part(self, block: dict[str, Any]) -> Part:
        if "text" in block:
            return text_part(block["text"])
        if "json" in block:
            return text_part(json.dumps(block["json"], ensure_ascii=False))
        if "image" not in block:
            # tools/results.py gives text and images alone.
            return text_part(describe(next(iter(block), "nothing")))
        data = block["image"]["source"]["bytes"]
        kind, size = media_type(data), len(data)
        name = self._keep_file(data)
        if name is None:
            return text_part(describe(kind, size, "this conversation has no room for it"))
        return file_part("image", name, kind, size)

    def _document(self, name: str, data: bytes) -> Part | None:
        """A file that a person can open or download; None for what is none of these."""
        kind = media_type(data, type_of_name(name))
        if kind == "application/octet-stream" or (file_id := self._keep_file(data)) is None:
            return None
        return file_part("document", file_id, kind, len(data), name[:MAX_NAME])


def _new_id() -> str:
    return str(uuid.uuid4())
