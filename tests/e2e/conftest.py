"""One whole stack for the journeys that change nothing about it."""

from collections.abc import Iterator

import pytest
from e2e_stack import RunningStack, run_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """`python -m local` on free ports, with a state folder of its own."""
    with run_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def token(stack: RunningStack) -> str:
    """The demo user's ID token."""
    return stack.tokens()["id_token"]
