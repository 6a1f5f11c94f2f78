"""A local stack, and its addresses as those of a deployed stack, which an emulator tells."""

from collections.abc import Iterator

import pytest
from e2e_stack import RunningStack, run_stack
from emulator import Emulator, run_emulator
from ops_support import STACK_NAME, Deployed, deploy
from support import free_socket


@pytest.fixture(scope="session")
def dev_url() -> str:
    """Where a sign-in from a terminal comes back to: a registered address, with a free port."""
    with free_socket() as sock:
        return f"http://localhost:{sock.getsockname()[1]}"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, dev_url: str) -> Iterator[RunningStack]:
    """`python -m local` on free ports, with a state folder of its own."""
    with run_stack(
        tmp_path_factory.mktemp("stack"),
        f"--parameter=DevUrl={dev_url}",
        environment={"SLUICE_OFFLINE_DELAY_MS": "10"},
    ) as running:
        yield running


@pytest.fixture
def here(stack: RunningStack) -> dict[str, str]:
    """What a command is run with to be about the local stack."""
    return {"SLUICE_STATE": str(stack.state)}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """CloudFormation, Cognito and CloudWatch Logs on this machine."""
    with run_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed(emulator: Emulator, stack: RunningStack, dev_url: str) -> Deployed:
    """The local stack's addresses as a deployed stack's outputs, with a real pool and log."""
    deploy(emulator, STACK_NAME, stack.outputs, dev_url)
    return Deployed(emulator, dev_url)
