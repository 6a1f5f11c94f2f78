"""What model services refuse of a request: their published rules, as judges.

Each takes the body of a request and says what is wrong with it, or None.

Sources. Bedrock: API_runtime_Message, _ContentBlock, _ToolUseBlock and _ToolResultBlock of the API
Reference, and what Converse answers: "A conversation must start with a user message", "A
conversation must alternate between user and assistant roles", "Expected toolResult blocks at
messages.N.content for the following Ids", "The text field in the ContentBlock object is blank",
"Conversation blocks and tool result blocks cannot be provided in the same turn" (Llama, Mistral),
"The toolConfig field must be defined when using toolUse and toolResult content blocks". OpenAI: API
Reference, "Chat Completions", and its answers: "An assistant message with 'tool_calls' must be
followed by tool messages responding to each 'tool_call_id'", "string too long. Expected a string
with maximum length 40". Mistral's order of roles: mistral-common, protocol/instruct/validator.py.
Ollama: docs/api.md, and the types of its Python client.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

type Body = dict[str, Any]

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# OpenAI's limit; Bedrock's is 64.
CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def judge(provider: str, body: Body) -> str | None:
    """The first fault of a request, as its service would say it."""
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False, default=_bytes).encode()
    except (TypeError, ValueError) as error:
        return f"no JSON that can travel: {error}"
    return next(_RULES[provider](body), None)


def _bedrock(body: Body) -> Iterator[str]:
    messages = body["messages"]
    calls: list[str] = []
    known: set[str] = set()
    if any(_blocks(m, "toolUse", "toolResult") for m in messages) and not body.get("toolConfig"):
        yield "The toolConfig field must be defined when using toolUse and toolResult blocks"
    for number, message in enumerate(messages):
        where, content = f"messages.{number}", message["content"]
        if message["role"] != ("user", "assistant")[number % 2]:
            yield f"{where}: roles must begin with user, and alternate"
        if not content or "cachePoint" in content[0]:
            yield f"{where}: the content is empty"
        results = [block["toolResult"] for block in _blocks(message, "toolResult")]
        if [result["toolUseId"] for result in results] != calls:
            yield f"{where}: Expected toolResult blocks for the following Ids: {calls}"
        if results and _blocks(message, "text", "image"):
            yield f"{where}: Conversation blocks and tool result blocks in the same turn"
        for block in [*content, *(each for result in results for each in result["content"])]:
            if "text" in block and not block["text"].strip():
                yield f"{where}: The text field in the ContentBlock object is blank"
        if not all(result["content"] for result in results):
            yield f"{where}: a tool result without content"
        calls = []
        for block in _blocks(message, "toolUse"):
            call = block["toolUse"]
            yield from _name_and_id(where, call["name"], call["toolUseId"], known)
            if message["role"] != "assistant" or not isinstance(call["input"], dict):
                yield f"{where}: toolUse of a person, or with an input that is no object"
            calls.append(call["toolUseId"])
    if not messages or messages[-1]["role"] != "user":
        yield "the last message must be a user's"


def _openai(body: Body) -> Iterator[str]:
    calls: list[str] = []
    known: set[str] = set()
    before = "system"
    for number, message in enumerate(body["messages"]):
        where, role = f"messages.{number}", message["role"]
        if role == "tool":
            if message.get("tool_call_id") not in calls:
                yield f"{where}: a result that has no call before it, or a second one"
                continue
            calls.remove(message["tool_call_id"])
        elif calls:
            yield f"{where}: tool_calls must be followed by tool messages for {calls}"
        # A tool's pictures: OpenAI takes them from a user alone, so Strands sends them as one.
        pictured = role == "user" and _kinds(message) == {"image_url"}
        if not pictured and role not in _AFTER[before]:
            yield f"{where}: Unexpected role '{role}' after role '{before}'"
        before = before if pictured else role
        for call in message.get("tool_calls") or ():
            function = call["function"]
            yield from _name_and_id(where, function["name"], call["id"], known)
            if not isinstance(json.loads(function["arguments"]), dict):
                yield f"{where}: arguments that are no object"
            calls.append(call["id"])
        if not message.get("tool_calls") and not _is_said(message.get("content")):
            yield f"{where}: the content is empty"
    if calls or before not in ("user", "tool"):
        yield f"the last message is {before}'s, and {calls} wait"


# mistral-common's order; OpenAI itself also takes a user's message after a result.
_AFTER = {
    "system": ("system", "user"),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("tool", "assistant"),
}


def _ollama(body: Body) -> Iterator[str]:
    """Ollama joins results to calls by their order."""
    calls = 0
    before = "system"
    for number, message in enumerate(body["messages"]):
        where, role = f"messages.{number}", message["role"]
        if role == "tool" and not (calls or before == "tool"):
            yield f"{where}: a result of no call"
        if role not in ("tool", "assistant") and calls:
            yield f"{where}: {calls} calls have no result"
        if role == "user" and before == "tool":
            yield f"{where}: Unexpected role 'user' after role 'tool'"
        calls = max(0, calls - 1) if role == "tool" else calls
        for call in message.get("tool_calls") or ():
            calls += 1
            if not isinstance(call["function"]["arguments"], dict):
                yield f"{where}: json: cannot unmarshal into Go struct field of type map"
            if not NAME.fullmatch(call["function"]["name"]):
                yield f"{where}: the name {call['function']['name']!r}"
        if not (message.get("tool_calls") or message.get("images") or _is_said(message["content"])):
            yield f"{where}: the content is empty"
        before = role
    if calls or before not in ("user", "tool"):
        yield f"the last message is {before}'s, and {calls} calls wait"


_RULES: dict[str, Callable[[Body], Iterator[str]]] = {
    "bedrock": _bedrock,
    "openai": _openai,
    "ollama": _ollama,
}


def _name_and_id(where: str, name: str, call_id: str, known: set[str]) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"{where}: the name {name!r} does not match {NAME.pattern}"
    if not CALL_ID.fullmatch(call_id):
        yield f"{where}: the id {call_id!r} does not match {CALL_ID.pattern}"
    if call_id in known:
        yield f"{where}: the id {call_id!r} is another call's"
    known.add(call_id)


def _blocks(message: Body, *kinds: str) -> list[Body]:
    return [block for block in message["content"] if any(kind in block for kind in kinds)]


def _kinds(message: Body) -> set[str]:
    content = message.get("content")
    return {part["type"] for part in content} if isinstance(content, list) else set()


def _is_said(content: Any) -> bool:
    if isinstance(content, str):
        return bool(content.strip())
    return bool(content) and all(part["type"] != "text" or part["text"].strip() for part in content)


def _bytes(value: Any) -> str:
    """Pictures, which each client puts into base64."""
    if isinstance(value, bytes):
        return ""
    raise TypeError(f"{type(value).__name__} is no JSON")
