"""What a person can ask for to see how an agent takes it: reasoning, length, loops, silence and
failure.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from local.bedrock.arithmetic import find_expression
from local.bedrock.conversation import Conversation, Reply, say, use_calculator, words
from local.bedrock.errors import IN_STREAM, STATUSES
from local.bedrock.failures import ALWAYS, Failure

MAX_KILOBYTES = 1_000
MAX_SILENCE = 3_600

_LINE = "Line {} of a long answer, which says nothing, but says it at length.\n\n"


def think(conversation: Conversation) -> Reply | None:
    found = re.match(
        r"\s*(?:please )?think (?:about|of|over) (.{1,200})", conversation.question, re.I | re.S
    )
    # Reasoning is told once, before the tool; its result is another skill's.
    if not found or conversation.fresh_result is not None:
        return None
    subject = found[1].strip().rstrip(".!?")
    thought = f'The person wants me to think about "{subject}". '
    if expression := find_expression(subject):
        thought += "That is arithmetic, which I leave to the calculator."
        return replace(use_calculator(conversation, expression), reasoning=words(thought))
    thought += "I am a small program and know nothing about it, so that is what I say."
    said = f"I have thought about {subject}, and nothing came of it: I am not a real model."
    return replace(say(said), reasoning=words(thought))


def write_at_length(conversation: Conversation) -> Reply | None:
    asked = r"\bwrite (?:me )?(\d{1,9}) ?k(?:ilo)?b(?:ytes?)?\b"
    found = re.search(asked, conversation.question, re.I)
    if not found:
        return None
    kilobytes = int(found[1])
    if kilobytes > MAX_KILOBYTES:
        return say(f"I write {MAX_KILOBYTES:,} kB at most.")
    return Reply(_lines(kilobytes * 1000))


def calculate_for_ever(conversation: Conversation) -> Reply | None:
    if not re.search(r"\bcalculate for ?ever\b", conversation.question, re.I):
        return None
    number = conversation.last_number if conversation.fresh_result else None
    return use_calculator(conversation, f"{number or 0} + 1")


def be_silent(conversation: Conversation) -> Reply | None:
    found = re.search(
        r"\b(?:be|stay|keep) (?:silent|quiet) for (\d{1,9}) seconds?\b", conversation.question, re.I
    )
    if not found:
        return None
    seconds = min(int(found[1]), MAX_SILENCE)
    return replace(say(f"That was {seconds} seconds of silence."), silence=seconds)


def fail(conversation: Conversation) -> Reply | None:
    found = _FAIL.fullmatch(conversation.question)
    if not found:
        return None
    count, asked, midway = found.groups()
    error = _error_named(asked or "ThrottlingException")
    if error is None or (midway and error not in IN_STREAM):
        return say(_failures_known())
    times = {"once": 1, "twice": 2}.get(count.lower()) if count else ALWAYS
    failure = Failure(error, times or int(count.split()[0]), bool(midway) or error not in STATUSES)
    return replace(say("Now it works."), failure=failure)


_FAIL = re.compile(
    r"\W*(?:please )?fail(?: (once|twice|\d{1,2} times))?(?: with (?:an? )?(\w+))?"
    r"( in (?:the )?(?:middle|mid-?answer))?\W*",
    re.I,
)


def _error_named(name: str) -> str | None:
    """The documented error of a name, which may leave out "Exception"."""
    wanted = name.lower().removesuffix("exception")
    known = STATUSES | IN_STREAM
    return next((error for error in known if error.lower() == f"{wanted}exception"), None)


def _failures_known() -> str:
    names = "\n".join(
        f"- {name}{', also in the middle' if name in IN_STREAM else ''}" for name in STATUSES
    )
    return f"I can fail with these, once, twice, `3 times` or always:\n\n{names}\n" + "\n".join(
        f"- {name}, in the middle only" for name in IN_STREAM if name not in STATUSES
    )


def _lines(characters: int) -> Iterator[str]:
    """So many characters of ASCII, in pieces of a line."""
    number = 0
    while characters:
        number += 1
        line = _LINE.format(number)[:characters]
        characters -= len(line)
        yield line
