"""What the offline model can say: a table of skills, tried in order until one has a reply."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sluice.models.arithmetic import find_expression, spell_out
from sluice.models.page import PAGE

MAX_COUNT = 10_000

SIGNATURE = "This is Sluice's offline model, not a real one."


@dataclass(frozen=True)
class Call:
    """A tool call, which follows the words of a reply."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says, in the pieces it says it in, and the tool it then calls."""

    pieces: Iterable[str]
    call: Call | None = None


@dataclass(frozen=True)
class Conversation:
    """A conversation as a model is given it, and the tools it may call."""

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
            found = re.fullmatch(r"Result: (-?[\d,]*\.?\d+(?:e[+-]?\d+)?)", _tool_text(result))
            if found:
                return found[1].replace(",", "")
        return None

    def expression_of(self, result: dict[str, Any]) -> str:
        """What was calculated for a result."""
        calls = _blocks(self.messages, "toolUse")
        inputs = (c["input"] for c in calls if c["toolUseId"] == result["toolUseId"])
        return str(next((i["expression"] for i in inputs if "expression" in i), "it"))


def reply_to(conversation: Conversation) -> Reply:
    """The first skill's reply; the first answer of a thread says what it comes from."""
    reply = next(reply for skill in SKILLS if (reply := skill.answer(conversation)) is not None)
    if reply.call is None and conversation.is_first_answer:
        return Reply(_then(reply.pieces, *_words(f"\n\n*{SIGNATURE}*")))
    return reply


def explain_result(conversation: Conversation) -> Reply | None:
    result = conversation.fresh_result
    if result is None:
        return None
    expression, found = conversation.expression_of(result), _tool_text(result)
    if result.get("status") == "error":
        return _say(f"The calculator could not work out `{expression}`. It says: {found}")
    value = found.removeprefix("Result: ")
    if re.search(r"nan|zoo|oo", value):
        return _say(f"`{expression}` has no value: it is undefined.")
    return _say(f"I gave `{expression}` to the calculator:\n\n{expression} = {value}")


def count(conversation: Conversation) -> Reply | None:
    found = re.search(
        r"\bcount\b(?:.*?\bfrom (\d{1,9}))?.*?\bto (\d+)", conversation.question, re.I
    )
    if not found:
        return None
    first, last = int(found[1] or 1), int(found[2][:9])
    if last - first >= MAX_COUNT:
        limit = f"I count {MAX_COUNT:,} numbers at most, so I stop there.\n\n"
        return Reply(_then([limit], *_numbers(first, first + MAX_COUNT - 1)))
    if last < first:
        return _say(f"{last} comes before {first}, and I only count upwards.")
    return Reply(_numbers(first, last))


def show_page(conversation: Conversation) -> Reply | None:
    return _say(PAGE) if re.search(r"\bmarkdown\b", conversation.question, re.I) else None


def remember(conversation: Conversation) -> Reply | None:
    facts = dict(_facts([conversation.question]))
    if not facts:
        return None
    said = " and ".join(f"your {name} is {value}" for name, value in facts.items())
    return _say(f"I will remember that {said}.")


def recall(conversation: Conversation) -> Reply | None:
    asked = re.search(
        r"\b(?:what|who|which|do you (?:know|remember)|tell me|remind me)\b.*?\bmy ([\w' -]{1,60})",
        re.sub(r"\bwho am i\b", "what is my name", conversation.question, flags=re.I),
        re.I,
    )
    if not asked or find_expression(conversation.question):
        return None
    name = _fact_name(asked[1])
    value = dict(_facts(conversation.said)).get(name)
    if value is None:
        return _say(f"You have not told me your {name} in this conversation.")
    return _say(f"Your {name} is {value}.")


def follow_up(conversation: Conversation) -> Reply | None:
    """Arithmetic on "that": the calculator's last result."""
    question = spell_out(conversation.question)
    for pattern, expression in _FOLLOW_UPS:
        if found := pattern.search(question):
            number = conversation.last_number
            if number is None:
                return _say("There is no result to go on from yet. Ask me `25 * 4`, for example.")
            that = f"({number})" if number.startswith("-") else number
            return _calculate(conversation, expression.format(that, *found.groups()))
    return None


def calculate(conversation: Conversation) -> Reply | None:
    expression = find_expression(conversation.question)
    return None if expression is None else _calculate(conversation, expression)


def tell_time(conversation: Conversation) -> Reply | None:
    if re.search(r"\bwhat(?:'s| is)? (?:the )?(?:time|date|day)\b", conversation.question, re.I):
        return _say("I have no clock, and no tool that tells the time.")
    return None


def greet(conversation: Conversation) -> Reply | None:
    if re.match(r"\s*(?:hello|hi|hey|good (?:morning|evening|day))\b", conversation.question, re.I):
        return _say("Hello! Ask me to calculate something, or what I can do.")
    return None


def accept_thanks(conversation: Conversation) -> Reply | None:
    thanks = re.search(r"\b(?:thanks|thank you|cheers)\b", conversation.question, re.I)
    return _say("You are welcome.") if thanks else None


def say_what_it_can(_conversation: Conversation) -> Reply:
    examples = "\n".join(f"- {skill.example}" for skill in SKILLS if skill.example)
    return _say(f"{SIGNATURE} It knows only a few things. Try:\n\n{examples}")


@dataclass(frozen=True)
class Skill:
    """One thing the model can do: how, and what a person would say to see it."""

    answer: Callable[[Conversation], Reply | None]
    example: str = ""


SKILLS = (
    Skill(explain_result),
    Skill(count, "Count to 20"),
    Skill(show_page, "Show me a page of Markdown"),
    Skill(remember, "My lucky number is 12"),
    Skill(recall, "What is my lucky number?"),
    Skill(follow_up, "Now divide that by 10"),
    Skill(calculate, "What is 25 * 4? Show your work."),
    Skill(tell_time),
    Skill(greet),
    Skill(accept_thanks),
    Skill(say_what_it_can),
)

_THAT = r"(?:that|it|this|the result|the answer)"
_N = r"(-?\d+(?:\.\d+)?)"
_FOLLOW_UPS = tuple(
    (re.compile(pattern, re.IGNORECASE), expression)
    for pattern, expression in (
        (rf"\bdivide {_THAT} by {_N}", "{0} / {1}"),
        (rf"\bmultiply {_THAT} by {_N}", "{0} * {1}"),
        (rf"\badd {_N}(?: to {_THAT})?\s*[.!?]?\s*$", "{0} + {1}"),
        (rf"\b(?:subtract|take) {_N} from {_THAT}", "{0} - {1}"),
        (rf"\bsubtract {_N}\s*[.!?]?\s*$", "{0} - {1}"),
        (rf"\bdouble {_THAT}", "{0} * 2"),
        (rf"\btriple {_THAT}", "{0} * 3"),
        (rf"\b(?:halve|half of) {_THAT}", "{0} / 2"),
        (rf"\bsquare {_THAT}", "{0} ** 2"),
        (rf"\bsquare root of {_THAT}", "sqrt({0})"),
        (rf"{_N}/100\*\s*{_THAT}", "{1} / 100 * {0}"),
        (rf"\b{_THAT}\s*(\*\*|[-+*/%])\s*{_N}", "{0} {1} {2}"),
        (rf"^\W*(?:now|and|then)?\W*(\*\*|[+*/%])\s*{_N}\s*[.!?]?\s*$", "{0} {1} {2}"),
    )
)

_FACT = re.compile(
    r"\b(?:my ([\w' -]{1,60}?)\s+(?:is|are)|(?:i am|i'm) (?:called|named)|call me)\s+"
    r"(?!what\b)(\S.{0,100})",
    re.IGNORECASE,
)


def _facts(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name, value) of what the person said of themselves, oldest first."""
    sentences = (sentence for text in texts for sentence in re.findall(r"[^.!?\n]+\??", text))
    for sentence in sentences:
        found = _FACT.search(sentence)
        if found and not sentence.endswith("?"):
            yield _fact_name(found[1] or "name"), found[2].strip()


def _fact_name(text: str) -> str:
    return re.sub(r"\s+(?:again|now|please)$", "", " ".join(text.lower().split()))


def _calculate(conversation: Conversation, expression: str) -> Reply:
    if "calculator" not in conversation.tools:
        return _say(f"I would need a calculator for `{expression}`, and have none.")
    call = Call("calculator", {"expression": expression})
    return Reply(_words("Let me calculate that."), call)


def _say(text: str) -> Reply:
    return Reply(_words(text))


def _words(text: str) -> Iterator[str]:
    """The text in pieces of a word with its space, and long words in parts."""
    return (piece for piece in re.findall(r"\s*\S{1,12}|\s+$", text))


def _numbers(first: int, last: int) -> Iterator[str]:
    yield str(first)
    for number in range(first + 1, last + 1):
        yield f", {number}"


def _then(pieces: Iterable[str], *more: str) -> Iterator[str]:
    yield from pieces
    yield from more


def _blocks(messages: list[Any], kind: str) -> Iterator[Any]:
    """The contents of one kind of content block: text, toolUse or toolResult."""
    return (b[kind] for message in messages for b in message["content"] if kind in b)


def _tool_text(result: dict[str, Any]) -> str:
    return "\n".join(block["text"] for block in result["content"] if "text" in block)
