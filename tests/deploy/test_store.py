"""The agent's store keeps its word in MiniStack's S3 too, not only in the tests' own."""

from collections.abc import Callable, Iterator

import pytest
from emulator import Emulator
from sluice.storage.base import Store
from sluice.storage.factory import open_store
from store_contract import *  # noqa: F403

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture
def store(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Store]]:
    for name, value in emulator.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    bucket = request.node.name.replace("_", "-")[-63:].strip("-")
    emulator.client("s3").create_bucket(Bucket=bucket)
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(open_store(f"s3://{bucket}/prefix"))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
