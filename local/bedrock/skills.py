"""What the model can say: a table of skills, tried in order until one has a reply."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from local.bedrock.arithmetic import find_expression, spell_out
from local.bedrock.attachments import describe
from local.bedrock.conversation import (
    Call,
    Conversation,
    Reply,
    say,
    text_of,
    use_calculator,
    words,
)
from local.bedrock.page import PAGE
from local.bedrock.trials import be_silent, calculate_for_ever, fail, think, write_at_length

MAX_COUNT = 10_000

SIGNATURE = "This is Sluice's offline model, not a real one."


def reply_to(conversation: Conversation) -> Reply:
    """The first skill's reply, after a word on what came with the question; the first answer of a
    conversation says what it comes from."""
    reply = next(reply for skill in SKILLS if (reply := skill.answer(conversation)) is not None)
    if received := describe(conversation):
        reply = replace(reply, pieces=_then(words(received), *reply.pieces))
    if reply.call is None and conversation.is_first_answer:
        return replace(reply, pieces=_then(reply.pieces, *words(f"\n\n*{SIGNATURE}*")))
    return reply


def explain_result(conversation: Conversation) -> Reply | None:
    result = conversation.fresh_result
    if result is None:
        return None
    call, found = conversation.call_of(result), text_of(result)
    failed = result.get("status") == "error"
    if call.tool == "current_time" and not failed:
        return say(f"It is {found}")
    if call.tool == "run_python":
        return say(f"The code {'failed' if failed else 'ran'}:\n\n```\n{found}\n```")
    if call.tool == "search_knowledge" and not failed:
        return say(_cite(found))
    if call.tool != "calculator":
        return say(f"{call.tool} {'failed. It says' if failed else 'says'}: {found}")
    expression = call.arguments.get("expression", "it")
    if failed:
        return say(f"The calculator could not work out `{expression}`. It says: {found}")
    value = found.removeprefix("Result: ")
    if re.search(r"nan|zoo|oo", value):
        return say(f"`{expression}` has no value: it is undefined.")
    return say(f"I gave `{expression}` to the calculator:\n\n{expression} = {value}")


def use_tool(conversation: Conversation) -> Reply | None:
    """Any tool that the conversation has, one's own among them, called by its name."""
    asked = re.match(
        r"\s*(?:use|call) `?([\w-]+)`?(?: with)?\s*(.*)", conversation.question, re.I | re.S
    )
    if not asked or asked[1] not in conversation.tools:
        return None
    try:
        arguments = json.loads(asked[2] or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return say(f'Write the arguments as a JSON object: Use {asked[1]} with {{"name": "value"}}')
    return Reply(words(f"I call {asked[1]}."), Call(asked[1], arguments))


def run_code(conversation: Conversation) -> Reply | None:
    """Code in a fence, where the conversation has an interpreter for it."""
    code = re.search(r"```(?:python|py)?\n(.*?)```", conversation.question, re.S)
    if not code or "run_python" not in conversation.tools:
        return None
    return Reply(words("I run it."), Call("run_python", {"code": code[1]}))


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
        return say(f"{last} comes before {first}, and I only count upwards.")
    return Reply(_numbers(first, last))


def show_page(conversation: Conversation) -> Reply | None:
    return say(PAGE) if re.search(r"\bmarkdown\b", conversation.question, re.I) else None


def remember(conversation: Conversation) -> Reply | None:
    facts = dict(_facts([conversation.question]))
    if not facts:
        return None
    said = " and ".join(f"your {name} is {value}" for name, value in facts.items())
    return say(f"I will remember that {said}.")


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
        return say(f"You have not told me your {name} in this conversation.")
    return say(f"Your {name} is {value}.")


def follow_up(conversation: Conversation) -> Reply | None:
    """Arithmetic on "that": the calculator's last result."""
    question = spell_out(conversation.question)
    for pattern, expression in _FOLLOW_UPS:
        if found := pattern.search(question):
            number = conversation.last_number
            if number is None:
                return say("There is no result to go on from yet. Ask me `25 * 4`, for example.")
            that = f"({number})" if number.startswith("-") else number
            return use_calculator(conversation, expression.format(that, *found.groups()))
    return None


def calculate(conversation: Conversation) -> Reply | None:
    expression = find_expression(conversation.question)
    return None if expression is None else use_calculator(conversation, expression)


def tell_time(conversation: Conversation) -> Reply | None:
    asked = r"\bwhat(?:'s| is)? (?:the )?(?:time|date|day)\b"
    if not re.search(asked, conversation.question, re.I):
        return None
    if "current_time" not in conversation.tools:
        return say("I have no clock, and no tool that tells the time.")
    return Reply(words("Let me look at the clock."), Call("current_time", {}))


def look_up(conversation: Conversation) -> Reply | None:
    """What nothing else answers may stand in the documents, where there are some."""
    asked = re.search(r"\?|\b(?:look up|search)\b", conversation.question, re.I)
    if not asked or "search_knowledge" not in conversation.tools:
        return None
    call = Call("search_knowledge", {"question": conversation.question[:1_000]})
    return Reply(words("I look into the documents."), call)


def greet(conversation: Conversation) -> Reply | None:
    if re.match(r"\s*(?:hello|hi|hey|good (?:morning|evening|day))\b", conversation.question, re.I):
        return say("Hello! Ask me to calculate something, or what I can do.")
    return None


def accept_thanks(conversation: Conversation) -> Reply | None:
    thanks = re.search(r"\b(?:thanks|thank you|cheers)\b", conversation.question, re.I)
    return say("You are welcome.") if thanks else None


def say_what_it_can(_conversation: Conversation) -> Reply:
    examples = "\n".join(f"- {skill.example}" for skill in SKILLS if skill.example)
    return say(f"{SIGNATURE} It knows only a few things. Try:\n\n{examples}")


@dataclass(frozen=True)
class Skill:
    """One thing the model can do: how, and what a person would say to see it."""

    answer: Callable[[Conversation], Reply | None]
    example: str = ""


SKILLS = (
    Skill(calculate_for_ever, "Calculate for ever"),
    Skill(explain_result),
    Skill(use_tool, 'Use calculator with {"expression": "6 * 7"}'),
    Skill(run_code),
    Skill(count, "Count to 20"),
    Skill(show_page, "Show me a page of Markdown"),
    Skill(think, "Think about 25 * 4"),
    Skill(write_at_length, "Write 50 kB"),
    Skill(be_silent, "Be silent for 12 seconds"),
    Skill(fail, "Fail twice"),
    Skill(remember, "My lucky number is 12"),
    Skill(recall, "What is my lucky number?"),
    Skill(follow_up, "Now divide that by 10"),
    Skill(calculate, "What is 25 * 4? Show your work."),
    Skill(tell_time, "What time is it?"),
    Skill(greet),
    Skill(accept_thanks),
    Skill(look_up),
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


def _cite(found: str) -> str:
    """The best passages, each with its number, as the tool gave them."""
    passages = re.findall(r"(?ms)^\[(\d+)\] [^\n]*\n(.*?)(?=\n\n\[\d+\] |\Z)", found)
    if not passages:
        return "The documents say nothing about it."
    said = [f"{_first_sentences(text)} [{number}]" for number, text in passages[:2]]
    return "\n\n".join(["The documents say:", *(f"- {each}" for each in said)])


def _first_sentences(text: str) -> str:
    """The first two sentences of a passage, without its headings."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return " ".join(re.findall(r"[^.!?]+[.!?]", " ".join(lines))[:2]).strip() or text.strip()


def _numbers(first: int, last: int) -> Iterator[str]:
    yield str(first)
    for number in range(first + 1, last + 1):
        yield f", {number}"


def _then(pieces: Iterable[str], *more: str) -> Iterator[str]:
    yield from pieces
    yield from more
