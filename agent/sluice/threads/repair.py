"""Makes a conversation one that every provider takes, however its runs ended.

The rules are those of the strictest provider, so that a conversation may go on with any other:

- A person speaks first, and roles alternate.
- The message after one with tool calls holds exactly one result for each of them, and nothing else.
  Anthropic and OpenAI want the results there; Llama, Mistral and others on Bedrock refuse results
  beside words ("Conversation blocks and tool result blocks cannot be provided in the same turn"),
  and Mistral's own API refuses a person's message that follows a result.
- No result without a call, no text without a visible character, no message without content.
- A call's id is its own within the conversation, of at most 40 characters (OpenAI) out of
  [a-zA-Z0-9_-] (Bedrock, API_runtime_ToolUseBlock); its tool's name has at most 64 of the same; its
  input is a JSON object.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sluice.agui.events import carried

# Strands' Message and ContentBlock: TypedDicts, which mypy cannot follow through a spread.
type StrandsMessage = Any
type Block = Any

SILENT = "The tool returned nothing."
LOST = "The tool call was interrupted and has no result."
# Stands where the model's answer is missing before the person's next words.
INTERRUPTED = "[The answer was interrupted.]"

_OTHER = re.compile(r"[^A-Za-z0-9_-]")
_MAX_ID = 40
_MAX_NAME = 64


class CallIds:
    """Gives each call of a conversation an id of its own, that every provider takes.

    An id that is neither used yet nor foreign stays. Some servers count their calls from 0 in each
    answer, and a thread may outlive the provider that made its ids.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def take(self, call_id: str) -> str:
        taken = call_id
        if not call_id or len(call_id) > _MAX_ID or _OTHER.search(call_id):
            taken = _OTHER.sub("_", call_id)[: _MAX_ID // 2] or "call"
        number, name = len(self._used), taken[: _MAX_ID // 2]
        while taken in self._used:
            number += 1
            taken = f"{name}_{number}"
        self._used.add(taken)
        return taken


def repair(messages: Iterable[StrandsMessage], ids: CallIds | None = None) -> list[StrandsMessage]:
    """The messages as every provider takes them; those that are so already come back equal.

    What a person or the model said is kept. Results of no call are dropped, as is what the model
    said before anybody asked; missing results are stated as interrupted. Nothing that is given is
    changed. `ids` are those that the conversation has used so far.
    """
    ids = ids or CallIds()
    repaired: list[StrandsMessage] = []
    # Of the last message: the ids that its calls came with, and those that they have now.
    waiting: list[tuple[str, str]] = []
    for role, content in _join(messages):
        if role == "assistant":
            content, waiting = _name(content, ids) if repaired else ([], [])
        else:
            if waiting:
                repaired.append({"role": "user", "content": _answer(waiting, content)})
                waiting = []
            content = [block for block in content if "toolResult" not in block]
            if content and repaired and repaired[-1]["role"] == "user":
                repaired.append(state_interruption())
        if not content:
            continue
        if repaired and repaired[-1]["role"] == role:
            repaired[-1]["content"] += content
        else:
            repaired.append({"role": role, "content": content})
    if waiting:
        repaired.append({"role": "user", "content": _answer(waiting, [])})
    return repaired


def state_interruption() -> StrandsMessage:
    """What a model is told to have said where it said nothing more."""
    return {"role": "assistant", "content": [{"text": INTERRUPTED}]}


def _join(messages: Iterable[StrandsMessage]) -> Iterator[tuple[str, list[Block]]]:
    """Roles and what models can read of their messages, those of one role in a row as one."""
    role, joined = "", []
    for message in messages:
        content = [block for block in map(_clean, message["content"]) if block is not None]
        wrong = "toolUse" if message["role"] == "user" else "toolResult"
        content = [block for block in content if wrong not in block]
        if message["role"] == role:
            joined += content
        elif content:
            if joined:
                yield role, joined
            role, joined = message["role"], content
    if joined:
        yield role, joined


def _clean(block: Block) -> Block | None:
    """A block as it can travel, or None where there is nothing in it to read."""
    if "text" in block:
        return {**block, "text": carried(block["text"])} if block["text"].strip() else None
    if "toolUse" in block:
        call = block["toolUse"]
        name = _OTHER.sub("_", call["name"])[:_MAX_NAME] or "unnamed"
        return {"toolUse": {**call, "name": name, "input": _clean_input(call["input"])}}
    if "toolResult" in block:
        result = block["toolResult"]
        content = [each for each in map(_clean, result["content"]) if each is not None]
        return {"toolResult": {**result, "content": content or [{"text": SILENT}]}}
    return block


def _clean_input(value: Any) -> dict[str, Any]:
    """The input of a call; empty where it is none that a server reads."""
    try:
        # There and back: models' servers take no NaN, no Infinity and no half of a pair.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return json.loads(carried(text)) if isinstance(value, dict) else {}


def _name(content: list[Block], ids: CallIds) -> tuple[list[Block], list[tuple[str, str]]]:
    """The content with an id of its own for each call, and the calls' ids before and now."""
    named: list[Block] = []
    calls: list[tuple[str, str]] = []
    for block in content:
        if call := block.get("toolUse"):
            calls.append((call["toolUseId"], ids.take(call["toolUseId"])))
            block = {"toolUse": {**call, "toolUseId": calls[-1][1]}}
        named.append(block)
    return named, calls


def _answer(calls: list[tuple[str, str]], content: list[Block]) -> list[Block]:
    """One result for each call, in the order of the calls; ids that repeat take one each."""
    found: dict[str, list[Any]] = {}
    for block in content:
        if result := block.get("toolResult"):
            found.setdefault(result["toolUseId"], []).append(result)
    return [
        {"toolResult": {**found[given].pop(0), "toolUseId": taken}}
        if found.get(given)
        else _lost(taken)
        for given, taken in calls
    ]


def _lost(call_id: str) -> Block:
    said = [{"text": LOST}]
    return {"toolResult": {"toolUseId": call_id, "status": "error", "content": said}}
