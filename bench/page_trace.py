"""What a trace of Chromium says about a page's scripts.

Events after "Trace Event Format" (Google): complete events (`ph` "X") with microseconds.
"""

import json
from collections import defaultdict

SCRIPT = {"FunctionCall", "RunMicrotasks", "EvaluateScript", "v8.evaluateModule"}


def script_seconds(trace: bytes) -> float:
    """The time in scripts on the thread that ran most of them, each moment counted once."""
    threads: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for event in json.loads(trace)["traceEvents"]:
        if event.get("ph") == "X" and event.get("name") in SCRIPT:
            start = event["ts"]
            threads[event["pid"], event["tid"]].append((start, start + event.get("dur", 0)))
    return max((_covered(spans) for spans in threads.values()), default=0.0) / 1e6


def _covered(spans: list[tuple[float, float]]) -> float:
    total = until = 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
