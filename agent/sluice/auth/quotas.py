"""What each person may use: so many runs at once, so many tokens a day (UTC).

One object for each owner, `<sha256 of owner>/account.json`, holds for all processes. While the
store fails, a process counts in memory: answers go on, and the limits hold within it (F9).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sluice.auth import quota as rules
from sluice.auth.quota import Quota
from sluice.service_error import ServiceError
from sluice.storage.base import StorageUnavailableError, Store, digest
from sluice.storage.document import Document

# People whose accounts a process remembers (deployed, a process has one), and runs of each whose
# end the store has missed.
MAX_REMEMBERED = 1000

_log = logging.getLogger(__name__)

type _Change = Callable[[Quota], Quota]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Quotas:
    """The counters of everybody in a store. Used on one event loop; no method raises what is the
    store's to blame for."""

    def __init__(
        self,
        store: Store,
        max_runs: int,
        max_tokens: int,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`max_tokens` is a day's, 0 for no end."""
        self._store, self._clock = store, clock
        self._max_runs, self._max_tokens = max_runs, max_tokens
        self._desks: dict[str, _Desk] = {}

    async def claim(self, owner: str, thread_id: str, run_id: str) -> None:
        """Count a run as under way for the next 90 s; it takes the place of another on its thread.

        Raises:
            ServiceError: `too_many_runs` or `daily_limit`.
        """

        def change(quota: Quota) -> Quota:
            now = self._clock()
            return quota.claim(thread_id, run_id, now, self._max_runs, self._max_tokens)

        await self._desk(owner).hand_in(_Order(change))

    async def renew(self, owner: str, thread_id: str, run_id: str) -> None:
        """Count the run for another 90 s."""

        def change(quota: Quota) -> Quota:
            return quota.renew(thread_id, run_id, self._clock())

        await self._desk(owner).hand_in(_Order(change))

    async def release(self, owner: str, thread_id: str, run_id: str, tokens: int) -> None:
        """Count the run no more, and its tokens for today; said twice, they count once."""
        day = self._clock().date()

        def change(quota: Quota) -> Quota:
            return quota.release(thread_id, run_id, tokens, day)

        await self._desk(owner).hand_in(_Order(change, lasting=True))

    def _desk(self, owner: str) -> "_Desk":
        desk = self._desks.pop(owner, None)
        if desk is None:
            key = f"{digest(owner)}/account.json"
            document = Document(self._store, key, rules.decode, rules.encode)
            desk = _Desk(document, self._clock)
            idle = (name for name, each in self._desks.items() if each.idle)
            if len(self._desks) >= MAX_REMEMBERED and (longest := next(idle, None)):
                del self._desks[longest]
        self._desks[owner] = desk
        return desk


class _Order:
    """A change of an account, and what became of it. One that is lasting is made up for when the
    store works again."""

    def __init__(self, change: _Change, lasting: bool = False) -> None:
        self.change = change
        self.lasting = lasting
        self.done = False
        self.service_error: ServiceError | None = None

    def apply(self, quota: Quota) -> Quota:
        try:
            changed = self.change(quota)
        except ServiceError as service_error:
            self.service_error = service_error
            return quota
        self.service_error = None
        return changed


class _Desk:
    """One owner's account. Orders that come while it is written are written together next."""

    def __init__(self, document: Document[Quota], clock: Callable[[], datetime]) -> None:
        self._document, self._clock = document, clock
        self._waiting: list[_Order] = []
        self._serving = asyncio.Lock()
        # As last written, or as this process alone counts it; and what the store has missed.
        self._account = Quota(clock().date())
        self._missed: list[_Order] = []

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if the desk were forgotten."""
        quota = self._account.at(self._clock())
        return not (self._serving.locked() or self._waiting or self._missed or quota.claims)

    async def hand_in(self, order: _Order) -> None:
        """Have an order done.

        Raises:
            ServiceError: The account refuses it.
        """
        self._waiting.append(order)
        async with self._serving:
            if not order.done:
                await self._serve()
        if order.service_error:
            raise order.service_error

    async def _serve(self) -> None:
        orders, self._waiting = self._waiting, []
        try:
            await self._write(orders)
        except StorageUnavailableError as error:
            cause = error.__cause__ or error
            _log.warning(
                "an account was not written", extra={"fields": {"error": type(cause).__name__}}
            )
            self._account = _apply(orders, self._account.at(self._clock()))
            missed = [*self._missed, *(order for order in orders if order.lasting)]
            self._missed = missed[-MAX_REMEMBERED:]
        except BaseException:
            # Called off: others' orders are done by the next who comes.
            self._waiting = orders + self._waiting
            raise
        for order in orders:
            order.done = True

    async def _write(self, orders: list[_Order]) -> None:
        def change(quota: Quota | None) -> Quota:
            now = self._clock()
            quota = quota.at(now) if quota else Quota(now.date())
            return _apply([*self._missed, *orders], quota)

        self._account = await self._document.change(change)
        if any(order.service_error for order in orders):
            # By what this process remembers, which another may have changed.
            self._document.forget()
            self._account = await self._document.change(change)
        self._missed = []


def _apply(orders: list[_Order], quota: Quota) -> Quota:
    for order in orders:
        quota = order.apply(quota)
    return quota
