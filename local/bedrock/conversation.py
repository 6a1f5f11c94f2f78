"""What the model is given, and what it gives back: a conversation, and a reply."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.bedrock.failures import Failure


@dataclass(frozen=True)
class Call:
    """A tool call, which follows the words of a reply."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says, in the pieces it says it in, and the tool it then calls.

    It is silent for `silence` seconds first, and then reasons, where it may. With a `failure`,
    calls fail before one says this.
    """

    pieces: Iterable[str]
    call: Call | None = None
    reasoning: Iterable[str] = ()
    silence: float = 0
    failure: Failure | None = None


@dataclass(frozen=True)
class Conversation:
    """A conversation in Converse's messages, and the tools it may call."""

    messages: list[Any]
    tools: set[str] = field(default_factory=set)

    @property
    def question(self) -> str:
        """The last thing the person said."""
        return self.said[-1] if self.said else ""

    @property
    def said(self) -> list[str]:
        """What the person said, oldest first."""
        theirs = [message for message in self.messages if message["role"] == "user"]
        return list(_blocks(theirs, "text"))

    @property
    def is_first_answer(self) -> bool:
        return len(self.said) < 2

    @property
    def fresh_result(self) -> dict[str, Any] | None:
        """The tool result that the model has just been handed."""
        last = self.messages[-1:]
        # A message that also holds words is a new question, after a turn that was interrupted.
        return None if any(_blocks(last, "text")) else next(_blocks(last, "toolResult"), None)

    @property
    def last_number(self) -> str | None:
        """The number that the calculator found last, such as 100 or -2.5."""
        for result in reversed(list(_blocks(self.messages, "toolResult"))):
            found = re.fullmatch(r"Result: (-?[\d,]*\.?\d+(?:e[+-]?\d+)?)", text_of(result))
            if found:
                return found[1].replace(",", "")
        return None

    @property
    def attachments(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and content of what came with the last message beside words, such as an image."""
        last = self.messages[-1:]
        kinds = ("image", "document", "video", "audio", "searchResult")
        return [(kind, block) for kind in kinds for block in _blocks(last, kind)]

    def call_of(self, result: dict[str, Any]) -> Call:
        """The call that a result answers."""
        for use in _blocks(self.messages, "toolUse"):
            if use["toolUseId"] == result["toolUseId"]:
                return Call(use["name"], use["input"])
        return Call("a tool", {})


def say(text: str) -> Reply:
    return Reply(words(text))


def words(text: str) -> Iterator[str]:
    """The text in pieces of a word with its space, and long words in parts."""
    return (piece for piece in re.findall(r"\s*\S{1,12}|\s+$", text))


def use_calculator(conversation: Conversation, expression: str) -> Reply:
    if "calculator" not in conversation.tools:
        return say(f"I would need a calculator for `{expression}`, and have none.")
    call = Call("calculator", {"expression": expression})
    return Reply(words("Let me calculate that."), call)


def text_of(result: dict[str, Any]) -> str:
    """A tool result's content as text."""
    return "\n".join(_part_text(part) for part in result["content"])


def _part_text(part: dict[str, Any]) -> str:
    if "text" in part:
        return str(part["text"])
    return json.dumps(part["json"]) if "json" in part else f"[{', '.join(part)}]"


def _blocks(messages: list[Any], kind: str) -> Iterator[Any]:
    """The contents of one kind of content block, such as text, toolUse or toolResult."""
    return (b[kind] for message in messages for b in message["content"] if kind in b)
