"""Text that comes in pieces cut anywhere: surrogate pairs, and reasoning between tags."""

import re
from collections.abc import Iterator

_HIGH = re.compile("[\ud800-\udbff]\\Z")
_LONE = re.compile("[\ud800-\udfff]")
# DeepSeek, Qwen and most others; Claude in words of old; Gemma and others; Seed-OSS; Magistral.
_TAGS = {
    f"<{name}>": f"</{name}>"
    for name in ("think", "thinking", "thought", "reasoning", "seed:think")
} | {"[think]": "[/think]"}
_OPENING = re.compile(r"\s*(" + "|".join(map(re.escape, _TAGS)) + ")", re.IGNORECASE)


class Surrogates:
    """Joins the halves of surrogate pairs that JSON escaped in pieces of their own.

    A half that stays alone becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        self._held = text[-1] if _HIGH.search(text) else ""
        return _joined(text[: len(text) - len(self._held)])

    def close(self) -> str:
        held, self._held = self._held, ""
        return _joined(held)


def _joined(text: str) -> str:
    if not _LONE.search(text):
        return text
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _LONE.sub("\ufffd", paired)


class ThinkTags:
    """Tells reasoning between <think> and </think>, or the like, at an answer's beginning from the
    answer.

    Tags anywhere else are text: an answer may speak of them.
    """

    def __init__(self) -> None:
        self._held = ""
        # Before the first word; in reasoning, up to this tag; after it, where blanks are dropped.
        self._state = "begin"
        self._closing = ""

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """(kind, text) of what is certain by now; kind is "text" or "reasoning"."""
        self._held += text
        if self._state == "begin":
            if found := _OPENING.match(self._held):
                self._held = self._held[found.end() :]
                self._closing = _TAGS[found[1].lower()]
                self._state = "reasoning"
            elif _may_open(self._held):
                return
            else:
                self._state = "text"
        if self._state == "reasoning":
            yield from self._reason()
        if self._state == "after":
            self._held = self._held.lstrip()
            if self._held:
                self._state = "text"
        if self._state == "text":
            held, self._held = self._held, ""
            if held:
                yield "text", held

    def close(self) -> Iterator[tuple[str, str]]:
        held, self._held = self._held, ""
        if held:
            yield ("reasoning" if self._state == "reasoning" else "text"), held

    def _reason(self) -> Iterator[tuple[str, str]]:
        thought = self._held
        if (end := thought.lower().find(self._closing)) >= 0:
            self._held, self._state = thought[end + len(self._closing) :], "after"
            thought = thought[:end]
        else:
            kept = _overlap(thought, self._closing)
            self._held = thought[len(thought) - kept :]
            thought = thought[: len(thought) - kept]
        if thought:
            yield "reasoning", thought


def _may_open(text: str) -> bool:
    """Whether a tag may still follow or come to its end."""
    begun = text.lstrip().lower()
    return any(tag.startswith(begun) for tag in _TAGS)


def _overlap(text: str, tag: str) -> int:
    """How many characters at a text's end may be the beginning of a tag."""
    end = text[-len(tag) :].lower()
    sizes = range(min(len(end), len(tag) - 1), 0, -1)
    return next((size for size in sizes if end.endswith(tag[:size])), 0)
