"""Two processes on one thread, in any order of their requests, and dying where they like (F10, F2).

A process is a program of saves. Each of its requests waits for its turn, and hypothesis says whose
turn it is, so an order that breaks something is found again and made small.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flaky_store import FlakyStore
from hypothesis import given, settings
from hypothesis import strategies as st
from s3_fake import BUCKET, CREDENTIALS, FakeS3
from sluice.storage.base import Store
from sluice.storage.factory import open_store
from sluice.threads.thread import State, StoredRun, Thread
from sluice.threads.thread_store import Threads
from support import serve

RANKS: dict[State, int] = {"running": 0, "interrupted": 1, "finished": 2, "stopped": 2, "failed": 2}


@dataclass(frozen=True)
class Save:
    """One save of a program: `run` is 0 to 3, and gives when the turn began."""

    run: int
    state: State


@dataclass(frozen=True)
class Race:
    """Two programs; whose request goes next; after how many of its requests each dies; and which
    run each run replaces."""

    programs: tuple[list[Save], list[Save]]
    order: list[int]
    deaths: tuple[int, int]
    replaces: list[int]


# At most four saves: with five attempts, no writer has to give up.
PROGRAMS = st.lists(
    st.builds(Save, st.integers(0, 3), st.sampled_from([*RANKS])), min_size=1, max_size=4
)
RACES = st.builds(
    Race,
    programs=st.tuples(PROGRAMS, PROGRAMS),
    order=st.lists(st.integers(0, 1), max_size=30),
    deaths=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    replaces=st.lists(st.integers(0, 3), min_size=4, max_size=4),
)


class Process:
    """One process's store, on which each request waits until it is let go."""

    def __init__(self, store: Store, life: int) -> None:
        self.store = FlakyStore(store)
        self.store.before = self._wait
        self.tried: list[StoredRun] = []
        self.done: list[StoredRun] = []
        self._life = life
        self._standing = asyncio.Event()
        self._go = asyncio.Event()

    async def start(self, program: list[StoredRun], owner: str) -> None:
        """Begin the program and stand before its first request."""
        self.task = asyncio.create_task(self._run(program, owner))
        await self._stand()

    async def step(self) -> None:
        """Do one request, up to the next one or the end; a process whose life is over is killed."""
        self._standing.clear()
        self._life -= 1
        if self._life:
            self._go.set()
        else:
            self.task.cancel()
        await self._stand()

    async def _run(self, program: list[StoredRun], owner: str) -> None:
        opened = await Threads(self.store).open(owner, "t")
        for stored_run in program:
            self.tried.append(stored_run)
            await opened.save(stored_run)
            self.done.append(stored_run)

    async def _wait(self, _request: str) -> None:
        self._standing.set()
        await self._go.wait()
        self._go.clear()

    async def _stand(self) -> None:
        standing = asyncio.create_task(self._standing.wait())
        await asyncio.wait([standing, self.task], return_when=asyncio.FIRST_COMPLETED)
        standing.cancel()


def program(race: Race, process: int) -> list[StoredRun]:
    stored_runs = []
    for step, save in enumerate(race.programs[process]):
        question = {"id": f"q{save.run}", "role": "user", "content": f"{process} {step}"}
        replaced = race.replaces[save.run]
        stored_runs.append(
            StoredRun(
                run_id=f"r{save.run}",
                state=save.state,
                started_at=f"2026-11-22T19:00:0{save.run}.000Z",
                messages=(question,),
                replaces=f"r{replaced}" if replaced < save.run else None,
            )
        )
    return stored_runs


async def run(race: Race, store: Store, owner: str) -> tuple[list[Process], Thread | None]:
    """Run the race, and read what is stored then."""
    processes = [Process(store, life) for life in race.deaths]
    for number, process in enumerate(processes):
        await process.start(program(race, number), owner)
    order = itertools.chain(race.order, itertools.cycle([0, 1]))
    while living := [process for process in processes if not process.task.done()]:
        await living[next(order) % len(living)].step()
    for process in processes:
        with contextlib.suppress(asyncio.CancelledError):
            await process.task
    opened = await Threads(store).open(owner, "t")
    return processes, opened.thread


def judge(processes: list[Process], thread: Thread | None) -> None:
    tried = [stored_run for process in processes for stored_run in process.tried]
    done = [stored_run for process in processes for stored_run in process.done]
    stored_runs = thread.runs if thread else ()
    runs = [stored_run.run_id for stored_run in stored_runs]
    assert len(set(runs)) == len(runs), "a turn is stored twice"
    assert {stored_run.run_id for stored_run in done} <= set(runs), "a turn is lost"
    assert runs == sorted(runs)
    for stored_run in stored_runs:
        assert replace(stored_run, replaced_by=None) in tried, "a turn is a mixture"
        least = [RANKS[saved.state] for saved in done if saved.run_id == stored_run.run_id]
        assert RANKS[stored_run.state] >= max(least, default=0), "an end is lost"
    well_formed(stored_runs)


def well_formed(stored_runs: tuple[StoredRun, ...]) -> None:
    """What a run replaces, and all between, is gone; nothing else is."""
    gone = set()
    for index, stored_run in enumerate(stored_runs):
        earlier = [each.run_id for each in stored_runs[:index]]
        if stored_run.replaces in earlier:
            gone |= set(earlier[earlier.index(stored_run.replaces) :])
    assert {
        stored_run.run_id for stored_run in stored_runs if stored_run.replaced_by is not None
    } == gone


@contextlib.contextmanager
def opened(place: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    if place == "folder":
        yield open_store(str(folder))
        return
    with serve(FakeS3()) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}.items():
            monkeypatch.setenv(name, value)
        store = open_store(f"s3://{BUCKET}")
        yield store
        store.close()


@pytest.mark.parametrize(("place", "races"), [("folder", 80), ("s3", 15)])
def test_f10_f2_however_two_processes_race_no_turn_is_lost_or_stored_twice(
    place: str, races: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.storage.document.PAUSE_SECONDS", 0)
    owners = itertools.count()
    with opened(place, tmp_path, monkeypatch) as store:

        @settings(max_examples=races, deadline=None, database=None)
        @given(RACES)
        def check(race: Race) -> None:
            judge(*asyncio.run(run(race, store, f"owner {next(owners)}")))

        check()


def test_the_judge_of_races_sees_a_store_without_conditions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were writes not conditional, the second would write over the first."""
    store = open_store(str(tmp_path))
    write = store.write

    async def overwrite(key: str, data: bytes, _version: str | None) -> str:
        stored = await store.read(key)
        return await write(key, data, stored.version if stored else None)

    monkeypatch.setattr(store, "write", overwrite)
    race = Race(
        programs=([Save(0, "finished")], [Save(1, "finished")]),
        order=[0, 1],
        deaths=(30, 30),
        replaces=[0, 0, 0, 0],
    )
    with pytest.raises(AssertionError, match="lost"):
        judge(*asyncio.run(run(race, store, "owner")))
