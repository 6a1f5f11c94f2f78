"""The SAM CLI, which has an environment of its own, and a fast reader of YAML."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
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


@pytest.fixture(autouse=True, scope="module")
def libyaml() -> Iterator[None]:
    """Resolving a template reads and writes it several times. libyaml does that ten times faster
    than the loaders that the resolver asks for, and here are more than a hundred templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "FullLoader", yaml.CFullLoader)
        patch.setattr(yaml, "dump", partial(yaml.dump, Dumper=yaml.CDumper))
        yield
