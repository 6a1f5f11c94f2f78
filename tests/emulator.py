"""A CloudFormation that really creates things, on this machine: MiniStack, with what it lacks.

MiniStack keeps buckets, objects, user pools, REST APIs, distributions and stacks in memory and
answers the AWS APIs for all of them, so that the real `sam`, boto3 and the commands of ops/ can be
tried against it. What it lacks, or lets pass where AWS would not, is in tests/emulator_plugin.
"""

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import cfnlint.data.schemas
from support import free_socket

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Emulator:
    """A running emulator. `environment` is all that a subprocess needs to talk to it, and to
    nobody else: no profile of the person who runs the tests is ever read."""

    endpoint: str
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of this emulator, whatever the test's own environment says."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )


@contextlib.contextmanager
def run_emulator(folder: Path) -> Iterator[Emulator]:
    """Run an empty emulator until the block ends; its log and its home are in `folder`."""
    python = ROOT / ".build" / "emulator" / "bin" / "python"
    assert python.exists(), "the emulator is not installed: `make test-deploy` installs it"
    with free_socket() as sock:
        port = sock.getsockname()[1]
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    endpoint = f"http://127.0.0.1:{port}"
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, ROOT / "tests" / "emulator_plugin" / "serve.py"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "TMPDIR": str(folder),
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "IOT_MTLS_ENABLED": "0",
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "CLOUDFORMATION_SCHEMAS": str(Path(cfnlint.data.schemas.__path__[0])),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, f"{endpoint}/_ministack/health", log)
        yield Emulator(endpoint, _environment(endpoint, home))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(endpoint: str, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials"),
        "NO_PROXY": "127.0.0.1,localhost",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",  # seconds; sam's own 5 are for AWS
        "SLUICE_SAM": os.environ.get("SLUICE_SAM", str(ROOT / ".build" / "sam" / "bin" / "sam")),
    }


def _wait(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    """Return once the emulator answers; there is no event to wait on but its answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), opener.open(health, timeout=2) as answer:
            json.load(answer)
            return
        time.sleep(0.05)
    raise AssertionError(f"the emulator did not start:\n{log.read_text()[-2000:]}")
