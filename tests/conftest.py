"""Fixtures that every folder of tests shares."""

import functools
import os
import signal
import ssl
from collections.abc import Iterator

import pytest
from botocore.loaders import create_loader
from checkout import ROOT

# For every process that a test starts; tests/agent/conftest.py has the same for this one.
os.environ["SLUICE_AGENT"] = str(ROOT / "tests" / "stock_agent.py")
# A shell's background job, such as `make test &`, ignores Ctrl-C, and so would every program that
# a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with the longest tests first, so that no worker is left alone with one at the end:
    pytest-xdist hands out files in this order (--no-loadscope-reorder)."""
    long = [ROOT / "tests" / name for name in ("spa", "e2e", "ops")]
    items.sort(key=lambda item: not any(folder in item.path.parents for folder in long))


@pytest.fixture(autouse=True, scope="session")
def certificates() -> Iterator[None]:
    """Every httpx.get and httpx.Client reads the authorities of the whole web, which takes 20 ms,
    and the tests call some thousand times, on this machine and by plain HTTP: read them once."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(ssl.create_default_context)
        patch.setattr(ssl, "create_default_context", once)
        yield


@pytest.fixture(autouse=True, scope="session")
def service_models() -> Iterator[None]:
    """Every client of AWS reads a list of all services, and its own, which takes 100 ms: read them
    once. Clients of one session share a loader, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what uvicorn and Strands run on."""
    return "asyncio"
