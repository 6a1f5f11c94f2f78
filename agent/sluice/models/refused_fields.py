"""What a model server says that it does not take of a request, and the request that it would take.

Servers word it differently: OpenAI and Azure by `code` and `param`, others in a sentence, gateways
with both quoted in another. So a field counts as refused when an error names it beside one of these
words; where it only says that a value is wrong, the field stays.
"""

import re
from collections.abc import Callable
from typing import Any

from sluice.models.errors import is_overflow

type Request = dict[str, Any]
type Change = Callable[[Request], Request]

_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_REFUSED = (
    *("unsupported", "not supported", "not support", "unrecognized", "unknown", "unexpected"),
    *("extra inputs", "extra fields", "extra_forbidden", "not permitted", "not allowed"),
    *("invalid parameter", "unexpected keyword", "deprecated"),
)
# What is left to write, where a limit of what may be written does not fit beside the input.
_LEAST_ROOM = 64

# In each, the context's size, and after it what the server counted: the input and the limit
# together (OpenAI, vLLM until 0.8, OpenRouter), or the input alone (vLLM, Anthropic, TGI).
_TOGETHER = re.compile(r"context length is (\d+).*?requested (?:about )?(\d+) tokens")
_ALONE = (
    re.compile(r"context length is (?P<size>\d+).*?(?P<input>\d+) input tokens"),
    re.compile(r"context limit: (?P<input>\d+) \+ \d+ > (?P<size>\d+)"),
    re.compile(r"must be <= (?P<size>\d+).*?given: (?P<input>\d+) inputs? tokens"),
)
# What a model may write at most: OpenAI, Groq, DeepSeek, Anthropic.
_MOST = (
    re.compile(r"at most (\d+) completion tokens"),
    re.compile(r"max_(?:completion_)?tokens must be less than or equal to (\d+)"),
    re.compile(r"range of max_tokens is \[\d+, ?(\d+)\]"),
    re.compile(r"max_tokens: \d+ > (\d+)"),
)


def change_for(request: Request, error: str) -> Change | None:
    """What to do with this and every further request, so that the server takes it; None where the
    error says nothing of that."""
    if is_overflow(error):
        return None
    text = error.lower()
    is_refused = any(words in text for words in _REFUSED)
    for old, new in _LIMITS.items():
        if old in request and (new in text or (old in text and is_refused)):
            return lambda asked: _renamed(asked, old, new)
    if not is_refused:
        return None
    if "stream_options" in request and ("stream_options" in text or "include_usage" in text):
        return lambda asked: {k: v for k, v in asked.items() if k != "stream_options"}
    if "system" in text and "role" in text and request["messages"][0]["role"] == "system":
        return _with_system_in_question
    return None


def with_room(request: Request, error: str) -> Request | None:
    """The request with a limit that fits, where it is the limit that is too large; None where it is
    the input, or where the error does not say."""
    name = next((name for name in _LIMITS if name in request), None)
    if name is None:
        return None
    text = re.sub(r"`|(?<=\d),(?=\d{3}\b)", "", error.lower())
    room = _room(text, request[name])
    if room is None or not _LEAST_ROOM <= room < request[name]:
        return None
    return {**request, name: room}


def _room(text: str, limit: int) -> int | None:
    if found := next((found for each in _MOST if (found := each.search(text))), None):
        return int(found[1])
    if found := _TOGETHER.search(text):
        size, requested = int(found[1]), int(found[2])
        return size - (requested - limit)
    found = next((found for each in _ALONE if (found := each.search(text))), None)
    return int(found["size"]) - int(found["input"]) if found else None


def _renamed(request: Request, old: str, new: str) -> Request:
    if old not in request:
        return request
    return {**{k: v for k, v in request.items() if k != old}, new: request[old]}


def _with_system_in_question(request: Request) -> Request:
    """The system's words before the first question's: some models' templates know no system."""
    first, *rest = request["messages"]
    if first["role"] != "system":
        return request
    if not rest or rest[0]["role"] != "user":
        return {**request, "messages": [{"role": "user", "content": first["content"]}, *rest]}
    content = rest[0]["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    content = [{"type": "text", "text": first["content"]}, *content]
    return {**request, "messages": [{**rest[0], "content": content}, *rest[1:]]}
