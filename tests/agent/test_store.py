"""A folder and S3 are one store to the agent, and whatever is wrong with them has one name."""

import asyncio
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from s3_fake import BUCKET, CREDENTIALS, FakeS3
from sluice.storage.base import ConflictError, StorageUnavailableError, Store
from sluice.storage.factory import open_store
from store_contract import *  # noqa: F403
from support import serve

pytestmark = pytest.mark.anyio
AGENT = Path(__file__).parents[2] / "agent"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    fake = FakeS3(page=3)
    with serve(fake) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}.items():
            monkeypatch.setenv(name, value)
        yield fake
        fake.answering.set()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    place = str(tmp_path / "store")
    if request.param == "s3":
        request.getfixturevalue("s3")
        place = f"s3://{BUCKET}/some/prefix"
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(open_store(place))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def bucket(s3: FakeS3) -> Iterator[Store]:
    store = open_store(f"s3://{BUCKET}/")
    yield store
    store.close()


def files_below(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


async def test_a_folder_and_s3_have_one_layout(s3: FakeS3, tmp_path: Path) -> None:
    for place in (str(tmp_path), f"s3://{BUCKET}", f"s3://{BUCKET}/pre/fix/"):
        store = open_store(place)
        await store.write("owner/threads/a.json", b"{}", None)
        store.close()
    assert files_below(tmp_path) == ["owner/threads/a.json"]
    assert sorted(s3.objects) == ["owner/threads/a.json", "pre/fix/owner/threads/a.json"]


async def test_files_and_folders_are_their_users_alone(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "made" / "store"))
    await store.write("owner/threads/a.json", b"{}", None)
    made = [tmp_path / "made" / "store", *(tmp_path / "made" / "store").rglob("*")]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    assert modes == {"store": 0o700, "owner": 0o700, "threads": 0o700, "a.json": 0o600}


async def test_f2_what_a_dying_writer_left_is_no_entry_and_no_obstacle(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    version = await store.write("owner/a.json", b"whole", None)
    (tmp_path / "owner" / ".a.json").write_bytes(b"half")
    assert [entry.key for entry in await store.list("owner/")] == ["owner/a.json"]
    await store.write("owner/a.json", b"next", version)
    assert [path.name for path in (tmp_path / "owner").iterdir()] == ["a.json"]


async def test_f9_on_a_full_disk_the_old_data_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path))
    version = await store.write("owner/a.json", b"old", None)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageUnavailableError) as failed:
            await store.write("owner/a.json", b"new", version)
    assert isinstance(failed.value.__cause__, OSError)
    assert [path.name for path in (tmp_path / "owner").iterdir()] == ["a.json"]
    assert (tmp_path / "owner" / "a.json").read_bytes() == b"old"
    await store.write("owner/a.json", b"new", version)


async def test_f9_a_place_that_is_no_folder_is_storage_that_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "store" / "a.json").mkdir(parents=True)
    for place, key in ((tmp_path / "file", "a.json"), (tmp_path / "store", "a.json")):
        store = open_store(str(place))
        for attempt in (store.read(key), store.write(key, b"", None), store.delete(key)):
            with pytest.raises(StorageUnavailableError):
                await attempt
    with pytest.raises(StorageUnavailableError):
        await open_store(str(tmp_path / "file")).list("owner/")


async def test_f9_who_keeps_a_folder_locked_makes_a_write_fail_and_the_next_one_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.storage.folder.WRITE_SECONDS", 0.1)
    # One thread: what is asked of it next waits until the write that was given up has ended.
    monkeypatch.setattr("sluice.storage.folder._THREADS", 1)
    store = open_store(str(tmp_path))
    version = await store.write("owner/a.json", b"old", None)
    holder = os.open(tmp_path / "owner", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(StorageUnavailableError):
        await store.write("owner/a.json", b"new", version)
    await store._run(lambda: os.close(holder))
    await store.write("owner/a.json", b"new", version)


@pytest.mark.parametrize(
    "fault", [("SlowDown", 503), ("AccessDenied", 403), ("NoSuchBucket", 404), ("Odd", 400)]
)
async def test_f9_what_s3_refuses_is_storage_that_fails(
    s3: FakeS3, bucket: Store, fault: tuple[str, int]
) -> None:
    s3.faults = [fault] * 8  # each is asked twice at most
    failures = await asyncio.gather(
        bucket.read("a"),
        bucket.write("a", b"", None),
        bucket.delete("a"),
        bucket.list("owner/"),
        return_exceptions=True,
    )
    assert [type(failure) for failure in failures] == [StorageUnavailableError] * 4
    assert all(failure.__cause__ for failure in failures if isinstance(failure, Exception))


async def test_f9_s3_is_asked_twice(s3: FakeS3, bucket: Store) -> None:
    s3.faults = [("SlowDown", 503)]
    assert await bucket.read("a") is None
    assert not s3.faults


async def test_f10_a_write_that_meets_another_under_way_is_a_conflict(
    s3: FakeS3, bucket: Store
) -> None:
    s3.faults = [("ConditionalRequestConflict", 409)]
    with pytest.raises(ConflictError):
        await bucket.write("a", b"first", None)


async def test_f9_a_write_whose_answer_was_lost_is_a_conflict_with_itself(
    s3: FakeS3, bucket: Store
) -> None:
    s3.lost = 1
    with pytest.raises(ConflictError):
        await bucket.write("a", b"first", None)
    stored = await bucket.read("a")
    assert stored
    assert stored.data == b"first"


async def test_f9_an_s3_that_does_not_answer_is_given_up_and_holds_nobody_else(
    s3: FakeS3, bucket: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.storage.s3.READ_SECONDS", 1.0)
    s3.answering.clear()
    reads = [asyncio.create_task(bucket.read(f"{n}")) for n in range(30)]
    await asyncio.sleep(0)
    await asyncio.to_thread(lambda: None)
    assert not any(read.done() for read in reads), "waiting for S3 took the loop's own threads"
    failures = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(failure) for failure in failures] == [StorageUnavailableError] * 30
    assert not s3.answering.is_set()


def test_a_folder_is_opened_without_the_heavy_packages() -> None:
    """Each costs the process to /ping tenths of a second."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, sluice.threads.thread_store, sluice.auth.quotas, sluice.storage.factory\n"
            "sluice.storage.factory.open_store('folder')\n"
            "heavy = ('boto3', 'botocore', 'strands', 'httpx', 'bedrock_agentcore')\n"
            "print([name for name in heavy if name in sys.modules])",
        ],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
