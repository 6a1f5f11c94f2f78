"""Fixtures that every folder of tests shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what uvicorn and Strands run on."""
    return "asyncio"
