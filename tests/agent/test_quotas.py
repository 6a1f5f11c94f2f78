"""What one person may use holds for all processes, survives them, and never stops an answer."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flaky_store import FlakyStore
from s3_fake import BUCKET, CREDENTIALS, FakeS3
from sluice.auth.quotas import Quotas
from sluice.service_error import ServiceError
from sluice.storage.base import digest
from sluice.storage.factory import open_store
from support import serve

pytestmark = pytest.mark.anyio


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 19, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


type Open = Callable[..., Quotas]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def flaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlakyStore:
    monkeypatch.setattr("sluice.storage.document.PAUSE_SECONDS", 0)
    return FlakyStore(open_store(str(tmp_path)))


@pytest.fixture
def process(flaky: FlakyStore, clock: Clock) -> Open:
    """The accounts as a process that has just started has them: two runs, 100 tokens a day."""
    return lambda runs=2, tokens=100: Quotas(flaky, runs, tokens, clock)


async def refused(quotas: Quotas, thread: str, run: str = "run", owner: str = "alice") -> str:
    """The code of a claim's refusal, or "" when it is granted."""
    try:
        await quotas.claim(owner, thread, run)
    except ServiceError as service_error:
        return service_error.code
    return ""


async def use(quotas: Quotas, tokens: int, run: str = "run") -> None:
    await quotas.claim("alice", "t", run)
    await quotas.release("alice", "t", run, tokens)


async def test_t6_run_n_plus_1_is_refused_in_every_process_until_one_ends(process: Open) -> None:
    one, two = process(), process()
    assert await refused(one, "t1") == ""
    assert await refused(two, "t2") == ""
    for quotas in (one, two, process()):
        assert await refused(quotas, "t3") == "too_many_runs"
    assert await refused(one, "t3", owner="bob") == ""
    await two.release("alice", "t1", "run", 1)
    assert await refused(one, "t3") == ""
    assert await refused(two, "t4") == "too_many_runs"


async def test_t6_runs_that_begin_at_once_are_counted_too(process: Open) -> None:
    processes = [process(3), process(3)]
    codes = await asyncio.gather(*(refused(processes[n % 2], f"t{n}") for n in range(20)))
    assert sorted(codes) == [""] * 3 + ["too_many_runs"] * 17


async def test_many_runs_of_one_process_are_written_together(
    process: Open, flaky: FlakyStore
) -> None:
    quotas = process(1000)
    await asyncio.gather(*(quotas.claim("alice", f"t{n}", "run") for n in range(200)))
    await asyncio.gather(*(quotas.release("alice", f"t{n}", "run", 0) for n in range(200)))
    assert len(flaky.asked) <= 6


async def test_t6_the_days_tokens_survive_a_restart(process: Open) -> None:
    await use(process(), 60, "r1")
    await use(process(), 40, "r2")
    with pytest.raises(ServiceError) as service_error:
        await process().claim("alice", "t", "r3")
    assert service_error.value.code == "daily_limit"
    assert "100 tokens" in service_error.value.message
    assert "00:00 UTC" in service_error.value.message
    assert await refused(process(), "t", owner="bob") == ""


async def test_the_sentence_of_too_many_runs_says_how_many(process: Open) -> None:
    for runs, words in ((1, "1 answer under way"), (2, "2 answers under way")):
        await process(runs).claim("carol", f"t{runs}", "run")
        with pytest.raises(ServiceError, match=words):
            await process(runs).claim("carol", "another", "run")


async def test_a_day_ends_at_midnight_in_utc(process: Open, clock: Clock) -> None:
    quotas = process()
    clock.now = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    await use(quotas, 100)
    assert await refused(quotas, "t") == "daily_limit"
    clock.now += timedelta(seconds=1)
    assert await refused(quotas, "t") == ""
    assert await refused(process(), "t") == ""


async def test_a_clock_that_is_behind_does_not_begin_the_day_before_anew(
    process: Open, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 23, tzinfo=UTC)
    await use(process(), 100)
    clock.now -= timedelta(seconds=2)
    assert await refused(process(), "t") == "daily_limit"
    clock.now -= timedelta(days=300)  # the other one was wrong, and locks nobody out
    assert await refused(process(), "t") == ""


async def test_0_tokens_are_no_end(process: Open) -> None:
    quotas = process(tokens=0)
    await use(quotas, 10**12)
    assert await refused(quotas, "t") == ""


async def test_a_claim_lives_90_seconds_after_it_was_renewed(process: Open, clock: Clock) -> None:
    quotas = process(1)
    await quotas.claim("alice", "t1", "run")
    clock.now += timedelta(seconds=60)
    await quotas.renew("alice", "t1", "run")
    clock.now += timedelta(seconds=89)
    assert await refused(process(1), "t2") == "too_many_runs"
    clock.now += timedelta(seconds=1)  # its process is dead
    assert await refused(process(1), "t2") == ""


async def test_f2_a_new_run_on_the_thread_of_a_dead_one_takes_its_claim(process: Open) -> None:
    await process(1).claim("alice", "t1", "dead")
    quotas = process(1)
    await quotas.claim("alice", "t1", "new")
    await quotas.renew("alice", "t1", "dead")
    await quotas.release("alice", "t1", "dead", 1)
    assert await refused(quotas, "t2") == "too_many_runs"
    await quotas.release("alice", "t1", "new", 1)
    await quotas.renew("alice", "t1", "new")
    assert await refused(quotas, "t2") == ""


async def test_a_run_that_is_released_twice_counts_once(process: Open) -> None:
    quotas = process()
    await use(quotas, 60)
    await process().release("alice", "t", "run", 60)
    assert await refused(quotas, "t", "run") == ""
    await quotas.release("alice", "t", "run", 39)
    assert await refused(quotas, "t", "another") == ""
    await quotas.release("alice", "another thread", "run", 1)
    assert await refused(quotas, "t", "another") == "daily_limit"


@pytest.mark.parametrize("fails", ["read", "write", ""])
async def test_f9_without_storage_the_limits_hold_in_the_process_and_are_made_up_for(
    process: Open, flaky: FlakyStore, fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    quotas = process()
    await use(quotas, 30, "r1")
    flaky.fails = lambda request: request.startswith(fails)
    assert await refused(quotas, "t1", "r2") == ""
    assert await refused(quotas, "t2") == ""
    assert await refused(quotas, "t3") == "too_many_runs"
    await quotas.renew("alice", "t1", "r2")
    await quotas.release("alice", "t1", "r2", 70)
    assert await refused(quotas, "t3") == "daily_limit"
    await quotas.release("alice", "t2", "run", 1)
    flaky.fails = lambda _request: False
    assert await refused(quotas, "t3") == "daily_limit"
    assert await refused(process(), "t3") == "daily_limit", "the tokens were not made up for"
    assert caplog.records
    assert "alice" not in caplog.text


async def test_f9_a_release_whose_answer_was_lost_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeS3()
    with serve(fake) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}.items():
            monkeypatch.setenv(name, value)
        store = open_store(f"s3://{BUCKET}")
        quotas = Quotas(store, 2, 100)
        await quotas.claim("alice", "t", "run")
        fake.lost = 1
        await quotas.release("alice", "t", "run", 60)
        assert await refused(Quotas(store, 2, 100), "t2") == ""
        data, _ = fake.objects[f"{digest('alice')}/account.json"]
        store.close()
    assert json.loads(data)["tokens"] == 60


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"format":2}', b'{"format":1,"day":"today","tokens":1}']
)
async def test_f9_an_account_that_cannot_be_read_is_never_written_over(
    process: Open, tmp_path: Path, damage: bytes
) -> None:
    file = tmp_path / digest("alice") / "account.json"
    await use(process(), 1)
    file.write_bytes(damage)
    quotas = process()
    await use(quotas, 100)
    assert await refused(quotas, "t") == "daily_limit"
    assert file.read_bytes() == damage


async def test_who_stops_waiting_takes_nobody_elses_claim_along(
    process: Open, flaky: FlakyStore
) -> None:
    quotas = process(10)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def wait(_request: str) -> None:
        asked.set()
        await answer.wait()

    flaky.before = wait
    first = asyncio.create_task(quotas.claim("alice", "t1", "run"))
    await asked.wait()
    others = [asyncio.create_task(quotas.claim("alice", f"t{n}", "run")) for n in (2, 3)]
    await asyncio.sleep(0)
    first.cancel()
    answer.set()
    await asyncio.gather(*others)
    assert await refused(process(2), "t4") == "too_many_runs"


async def test_a_process_remembers_people_of_late_and_whoever_has_a_run(
    process: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.auth.quotas.MAX_REMEMBERED", 5)
    quotas = process(tokens=0)
    await quotas.claim("alice", "t", "run")
    for n in range(20):
        await quotas.claim(f"owner {n}", "t", "run")
        await quotas.release(f"owner {n}", "t", "run", 1)
    assert len(quotas._desks) == 5
    assert "alice" in quotas._desks
