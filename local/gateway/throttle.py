"""Throttling by the token bucket algorithm.

Source: "Throttle requests to your REST APIs for better throughput in API Gateway": a stage's
method settings hold for each method on its own; 10,000 requests/s with a burst of 5,000 hold
where the template says nothing ("Amazon API Gateway quotas").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local.gateway import strict_schema

_KEYS = {
    *("HttpMethod", "ResourcePath", "ThrottlingRateLimit", "ThrottlingBurstLimit"),
    # These three say what CloudWatch gets, which nothing here plays.
    *("MetricsEnabled", "LoggingLevel", "DataTraceEnabled"),
}


@dataclass(frozen=True)
class Throttle:
    """Requests per second that a bucket gains, and the most that it holds."""

    rate: float = 10_000
    burst: float = 5_000


@dataclass(frozen=True)
class MethodSetting:
    """One of the stage's MethodSettings; `*` and `/*` stand for every method and path."""

    method: str
    path: str
    throttle: Throttle

    @classmethod
    def of(cls, definition: Any, place: str) -> "MethodSetting":
        """Parse one; in ResourcePath a slash inside the path is written ~1."""
        found = strict_schema.keys(definition, _KEYS, place)
        path = strict_schema.text(found.get("ResourcePath"), f"{place}.ResourcePath")
        default = Throttle()
        limits = [
            strict_schema.number(found.get(key, value), 0, 1_000_000, f"{place}.{key}")
            for key, value in (
                ("ThrottlingRateLimit", default.rate),
                ("ThrottlingBurstLimit", default.burst),
            )
        ]
        return cls(
            strict_schema.text(found.get("HttpMethod"), f"{place}.HttpMethod"),
            path if path == "/*" else "/" + path.removeprefix("/").replace("~1", "/").lstrip("/"),
            Throttle(*limits),
        )


def throttle_of(settings: Sequence[MethodSetting], method: str, path: str) -> Throttle:
    """The limits of an operation: those of its own setting, else of `*` on `/*`, else AWS's."""
    for wanted in ((method, path), ("*", "/*")):
        for setting in settings:
            if (setting.method, setting.path) == wanted:
                return setting.throttle
    return Throttle()


class Bucket:
    """The requests that an operation may still take right now."""

    def __init__(self, throttle: Throttle) -> None:
        """A bucket starts full."""
        self._throttle = throttle
        self._tokens = throttle.burst
        self._filled_at = 0.0

    def take(self, now: float) -> bool:
        """Take one if there is one; `now` is in seconds of any clock that never goes back."""
        gained = (now - self._filled_at) * self._throttle.rate
        self._tokens = min(self._throttle.burst, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
