"""The figures of a run or of a refused request, as CloudWatch reads them out of a log line.

CloudWatch Logs makes metrics of a line in its Embedded Metric Format, so that the agent sends none
and needs no permission for it ("Specification: Embedded metric format", CloudWatch User Guide).
"""

import time
from dataclasses import dataclass
from typing import Any

NAMESPACE = "Sluice"
DIMENSION = "Model"

# Counts stand in every line, zeros too: the average of `Failed` is then the share of runs that
# failed, and an alarm on it has data. A time or a token count that nobody knows is left out.
UNITS = {
    "Runs": "Count",
    "Refused": "Count",
    "Failed": "Count",
    "Stopped": "Count",
    "Interrupted": "Count",
    "ToolCalls": "Count",
    "InputTokens": "Count",
    "OutputTokens": "Count",
    "FirstTokenMilliseconds": "Milliseconds",
    "RunMilliseconds": "Milliseconds",
}

# How each code of docs/wire.md counts: what Sluice itself did not allow, and what went wrong.
REFUSED = frozenset(
    {
        *("answer_too_long", "attachment_refused", "bad_request", "daily_limit", "not_found"),
        *("nothing_pending", "prompt_too_long", "run_limit", "thread_busy", "thread_full"),
        *("too_many_runs", "unauthorized"),
    }
)
FAILED = frozenset(
    {
        *("answer_cut", "answer_empty", "answer_filtered", "answer_refused", "internal_error"),
        *("model_access_denied", "model_throttled", "model_unavailable", "quota_used_up"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is counted of one run that has ended. It holds no content and names no person."""

    model: str
    """The model's id, `settings.model_id`: the dimension of every metric."""
    code: str | None
    """The code of the terminal RUN_ERROR (docs/wire.md); None for RUN_FINISHED."""
    is_cancelled: bool = False
    """Whether its person stopped the run."""
    run_seconds: float | None
    """From the request to the terminal event; None for a request that no run was made for."""
    first_token_seconds: float | None = None
    """From the request to the model's first word or reasoning; None when there was none."""
    input_tokens: int | None = None
    """All tokens that the model was sent, those from its cache included; None when unknown."""
    output_tokens: int | None = None
    """Tokens that the model wrote; None when unknown."""
    tool_calls: int = 0
    interrupted: int = 0
    """Earlier runs of the thread that this one found dead with their process."""


def record(figures: Figures) -> dict[str, Any]:
    """The fields that make a log line metrics; merge them into the one line of a run's end, or of
    a refused request."""
    values = {
        "Runs": int(figures.run_seconds is not None),
        "Refused": int(figures.code in REFUSED),
        "Failed": int(figures.code in FAILED),
        "Stopped": int(figures.is_cancelled),
        "Interrupted": figures.interrupted + int(figures.code == "interrupted"),
        "ToolCalls": figures.tool_calls,
        "InputTokens": figures.input_tokens,
        "OutputTokens": figures.output_tokens,
        "FirstTokenMilliseconds": _milliseconds(figures.first_token_seconds),
        "RunMilliseconds": _milliseconds(figures.run_seconds),
    }
    known = {name: value for name, value in values.items() if value is not None}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in known],
    }
    return {
        "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]},
        DIMENSION: figures.model,
        **known,
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
