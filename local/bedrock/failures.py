"""Failures on purpose: which of the documented errors, how often, and before or in mid-answer."""

import hashlib
import json
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

# A count that nobody went on with is forgotten after this.
FORGET_SECONDS = 60.0
MOST_COUNTS = 1_000

ALWAYS = -1


@dataclass(frozen=True)
class Failure:
    """So many calls fail with `error`, ALWAYS or a number, before the first byte or `midway`."""

    error: str
    times: int = ALWAYS
    midway: bool = False


@dataclass
class _Count:
    """The calls of one conversation that failed."""

    calls: list[str] = field(default_factory=list)
    seen: float = 0.0


class Failures:
    """Counts by conversation, because a client that asks again sends the same one.

    An SDK's own attempts are one call and share its fate: a failure that they hid would never
    reach the agent.
    """

    def __init__(self) -> None:
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def is_due(self, failure: Failure, messages: list[Any], call: str) -> bool:
        """Whether a call fails; `call` is the SDK's id of it."""
        if failure.times == ALWAYS:
            return True
        key = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
        now = time.monotonic()
        count = self._counts.setdefault(key, _Count())
        if now - count.seen > FORGET_SECONDS:
            count.calls.clear()
        count.seen = now
        if call in count.calls:
            return True
        if len(count.calls) < failure.times:
            count.calls.append(call)
            if len(self._counts) > MOST_COUNTS:
                self._counts.popitem(last=False)
            return True
        del self._counts[key]
        return False
