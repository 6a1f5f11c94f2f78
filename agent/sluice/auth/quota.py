"""What is counted of one person: the runs under way, and the tokens of the day (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sluice.service_error import ServiceError
from sluice.storage import json_codec
from sluice.storage.base import digest

# A run holds its claim for so long after it was last renewed, so that a dead process frees it.
LEASE_SECONDS = 90

_FORMAT = 1
# Ended runs that are remembered, so that one whose write is repeated is not counted twice.
_REMEMBERED = 32


@dataclass(frozen=True)
class Claim:
    """A run under way; its claim ends at `until` (UTC) unless renewed."""

    run_id: str
    until: datetime


@dataclass(frozen=True)
class Quota:
    """`tokens` of `day`; `claims` by thread id; `ended` has a mark of each run that ended
    lately, the latest last."""

    day: date
    tokens: int = 0
    claims: Mapping[str, Claim] = field(default_factory=dict)
    ended: tuple[str, ...] = ()

    def at(self, now: datetime) -> "Quota":
        """The account without what has lapsed: claims, and the tokens of another day.

        A day that is one ahead stands, because the clock of another machine may be.
        """
        claims = {thread: claim for thread, claim in self.claims.items() if claim.until > now}
        today = now.date()
        if self.day in (today, today + timedelta(days=1)):
            return replace(self, claims=claims)
        return Quota(today, claims=claims, ended=self.ended)

    def claim(
        self, thread_id: str, run_id: str, now: datetime, max_runs: int, max_tokens: int
    ) -> "Quota":
        """The account with a run under way on the thread, in the place of any other run there.

        Raises:
            ServiceError: `too_many_runs` or `daily_limit`.
        """
        if len(self.claims.keys() - {thread_id}) >= max_runs:
            limit = "1 answer" if max_runs == 1 else f"{max_runs} answers"
            raise ServiceError(
                "too_many_runs",
                f"You may have {limit} under way at once; wait for one to end, or stop one.",
            )
        if max_tokens and self.tokens >= max_tokens:
            raise ServiceError(
                "daily_limit",
                f"You have used your {max_tokens:,} tokens of today; the count begins anew "
                "at 00:00 UTC.",
            )
        again = replace(self, ended=tuple(e for e in self.ended if e != _mark(thread_id, run_id)))
        return again._put(thread_id, run_id, now)

    def renew(self, thread_id: str, run_id: str, now: datetime) -> "Quota":
        """The account with the run's claim for another lease; nothing new when the run has ended,
        or another has its thread."""
        other = self.claims.get(thread_id)
        if _mark(thread_id, run_id) in self.ended or (other and other.run_id != run_id):
            return self
        return self._put(thread_id, run_id, now)

    def release(self, thread_id: str, run_id: str, tokens: int, day: date) -> "Quota":
        """The account without the run's claim and with its tokens, which are counted once, and on
        their own day only."""
        mark = _mark(thread_id, run_id)
        if mark in self.ended:
            return self
        claims = {t: c for t, c in self.claims.items() if (t, c.run_id) != (thread_id, run_id)}
        counted = tokens if day == self.day else 0
        ended = (*self.ended, mark)[-_REMEMBERED:]
        return replace(self, tokens=self.tokens + counted, claims=claims, ended=ended)

    def _put(self, thread_id: str, run_id: str, now: datetime) -> "Quota":
        claim = Claim(run_id, now + timedelta(seconds=LEASE_SECONDS))
        return replace(self, claims={**self.claims, thread_id: claim})


def encode(quota: Quota) -> bytes:
    """The account as it is stored."""
    claims = [
        {"threadId": thread, "runId": claim.run_id, "until": claim.until.isoformat()}
        for thread, claim in quota.claims.items()
    ]
    fields = {"day": quota.day.isoformat(), "tokens": quota.tokens, "claims": claims}
    return json_codec.encode({"format": _FORMAT, **fields, "ended": quota.ended})


def decode(data: bytes) -> Quota:
    """What `encode` wrote.

    Raises:
        ValueError: It is damaged, something else, or of another format.
    """
    record = json_codec.decode(data, _FORMAT)
    return Quota(
        day=date.fromisoformat(record.text("day")),
        tokens=record.number("tokens"),
        claims={
            claim.text("threadId"): Claim(claim.text("runId"), claim.moment("until"))
            for claim in record.records("claims")
        },
        ended=tuple(record.texts("ended")),
    )


def _mark(thread_id: str, run_id: str) -> str:
    """A short name of a run, whose id is unique in its thread only."""
    return digest(f"{thread_id} {run_id}")[:16]
