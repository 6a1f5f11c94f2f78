"""AG-UI messages as Strands' (Bedrock Converse): what a model is sent of a run that has ended.

A message is {"role": "user" | "assistant", "content": [{"text"} | {"toolUse"} | {"toolResult"}]}.
Reasoning is sent again only where a run goes on from open calls: a model then wants its own back,
signed or encrypted as it gave it.
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from sluice.agui.content import plain_text
from sluice.agui.events import carried
from sluice.threads.model_files import CUT, ModelFiles, size_of
from sluice.threads.repair import SILENT, Block, StrandsMessage
from sluice.threads.thread import Message

# Roles and braces cost about this much in a model's own format.
_BYTES_OF_A_BLOCK = 16


_REDACTED = "redacted:"


def seal(signature: str, redacted: bytes) -> str:
    """What Bedrock gives beside reasoning, as AG-UI's `encryptedValue`; empty for nothing."""
    return signature or (_REDACTED + base64.b64encode(redacted).decode() if redacted else "")


def translate(
    messages: Iterable[Message], files: ModelFiles | None = None, *, with_reasoning: bool = False
) -> Iterator[StrandsMessage]:
    """The messages of one run, each by itself; what models refuse of them is for `repair`."""
    files = files or ModelFiles()
    for message in messages:
        match message.get("role"):
            case "user":
                yield {"role": "user", "content": files.blocks(message.get("content"))}
            case "assistant":
                calls = [_call(call) for call in message.get("toolCalls") or ()]
                yield {"role": "assistant", "content": _texts(message) + calls}
            case "reasoning" if with_reasoning and message.get("encryptedValue"):
                yield {"role": "assistant", "content": [_reasoning(message)]}
            case "tool":
                yield {"role": "user", "content": [_result(message)]}


def measure(messages: list[StrandsMessage]) -> int:
    """About how many bytes of UTF-8 a model reads."""
    return sum(_size(block) for message in messages for block in message["content"])


def shorten(messages: list[StrandsMessage], max_bytes: int) -> list[StrandsMessage]:
    """The messages, with the longest tool results cut so that all is at most `max_bytes` long.

    What people and the model said is never cut, so it may stay longer than that.
    """
    total = measure(messages)
    if total <= max_bytes:
        return messages
    lengths = [_size(b) for m in messages for b in m["content"] if "toolResult" in b]
    share = max(_share(lengths, max_bytes - total + sum(lengths)), len(CUT) + _BYTES_OF_A_BLOCK)
    return [{**m, "content": [_cut(b, share) for b in m["content"]]} for m in messages]


def _texts(message: Message) -> list[Block]:
    content = plain_text(message.get("content"))
    if not content.strip():
        return []
    return [{"text": carried(content)}]


def _call(call: dict[str, Any]) -> Block:
    function = call.get("function", {})
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            # As an interruption leaves them.
            arguments = {}
    name = function.get("name", "")
    return {"toolUse": {"toolUseId": call.get("id", ""), "name": name, "input": arguments}}


def _reasoning(message: Message) -> Block:
    sealed = message["encryptedValue"]
    if sealed.startswith(_REDACTED):
        redacted = base64.b64decode(sealed.removeprefix(_REDACTED))
        return {"reasoningContent": {"redactedContent": redacted}}
    text = {"text": message.get("content") or "", "signature": sealed}
    return {"reasoningContent": {"reasoningText": text}}


def _result(message: Message) -> Block:
    said = _texts(message) or [{"text": SILENT}]
    status = "error" if "error" in message else "success"
    call_id = message.get("toolCallId", "")
    return {"toolResult": {"toolUseId": call_id, "status": status, "content": said}}


def _size(block: Block) -> int:
    if "reasoningContent" in block:
        text = block["reasoningContent"].get("reasoningText", {}).get("text", "")
    elif "image" in block or "document" in block:
        return size_of(block)
    elif "toolUse" in block:
        call = block["toolUse"]
        text = call["name"] + json.dumps(call["input"], ensure_ascii=False)
    else:
        text = block["text"] if "text" in block else block["toolResult"]["content"][0]["text"]
    return len(text.encode()) + _BYTES_OF_A_BLOCK


def _share(lengths: list[int], room: int) -> int:
    """How long each may be, so that all have room and none is cut for the sake of a shorter one."""
    for index, length in enumerate(sorted(lengths)):
        left = len(lengths) - index
        if length * left > room:
            return room // left
        room -= length
    return room


def _cut(block: Block, size: int) -> Block:
    if "toolResult" not in block or _size(block) <= size:
        return block
    result = block["toolResult"]
    kept = result["content"][0]["text"].encode()[: size - _BYTES_OF_A_BLOCK - len(CUT)]
    content = [{"text": kept.decode("utf-8", "ignore") + CUT}]
    return {"toolResult": {**result, "content": content}}
