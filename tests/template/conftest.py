"""The SAM CLI, which has an environment of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from policies.sam import EXECUTABLE, Sam
from policies.subject import ROOT


@pytest.fixture(scope="session")
def sam_cli() -> Path:
    """The `sam` command."""
    executable = ROOT / EXECUTABLE
    if not executable.exists():
        pytest.fail(f"There is no SAM CLI at {executable}: `make test` installs it.")
    return executable


@pytest.fixture(scope="session")
def sam(sam_cli: Path) -> Iterator[Sam]:
    """SAM's translator."""
    with Sam(sam_cli) as translator:
        yield translator
