"""Asking again while AgentCore still starts a session.

Two requests at once on a session that is just starting: AgentCore answers one of them with 409,
RetryableConflictException ("Session operation in progress"), before it reaches the agent. The agent
itself never answers 409: that a thread is busy is told in-band.
"""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt, about 15 together; each varies by a quarter."""
VARIATION = 0.25


@contextlib.contextmanager
def open_answer(
    http: httpx.Client, url: str, pause: Callable[[float], None] = time.sleep, **request: Any
) -> Iterator[httpx.Response]:
    """Post, and hand out the answer to be read as it comes; post again after each 409.

    The last attempt's answer is handed out whatever it is. Raises what `httpx.Client.stream` does.
    """
    for seconds in (*PAUSES, None):
        with http.stream("POST", url, **request) as answer:
            if seconds is None or answer.status_code != httpx.codes.CONFLICT:
                yield answer
                return
        pause(seconds * random.uniform(1 - VARIATION, 1 + VARIATION))  # noqa: S311 - no secret
