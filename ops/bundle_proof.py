"""Proof that a bundle works: the unpacked zip answers, on this machine, with nothing else at hand.

The zip is for arm64 Linux. Its twin is the zip itself with only the machine code (and what else
differs between the wheels) replaced by this machine's.
"""

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import httpx

from local.agent_check import fault_of_agent
from local.physical_ids import REGION
from ops.archive import Files

# AgentCore gives the agent so long to answer /ping.
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
QUESTION = "What is 25 * 4?"
STOCK_AGENT = """\
from strands import Agent

def build_agent(run):
    return Agent(model=run.model, tools=run.tools)
"""


@contextlib.contextmanager
def unpacked(bundle: Path, theirs: Files, ours: Files) -> Iterator[Path]:
    """The twin of a zip in a new folder: what is `theirs` alone is replaced by what is `ours`."""
    with tempfile.TemporaryDirectory(prefix="sluice-twin-") as name:
        folder = Path(name)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
        for path in theirs.keys() - ours.keys():
            (folder / path).unlink()
        for path, content in ours.items():
            if theirs.get(path) != content:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        yield folder


def prove(twin: Path) -> float:
    """Ask the twin with the local Bedrock as its model, and have it make its client for S3 (which
    sends nothing).

    Returns:
        Seconds from its start to its first answer to /ping.

    Exits with what the agent said when it does not start, or answers anything but 100.
    """
    with tempfile.TemporaryDirectory() as place, _local_bedrock() as url:
        # Not the user's own: what that one answers is not for us to say.
        stock = Path(place, "stock_agent.py")
        stock.write_text(STOCK_AGENT)
        asking = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "SLUICE_CONVERSATIONS": place,
        }
        with started(twin, asking | {"SLUICE_AGENT": str(stock)}) as agent:
            _expect(agent, {"prompt": QUESTION}, "Result: 100")
        stored = {"SLUICE_CONVERSATIONS": "s3://sluice-conversations", "AWS_REGION": REGION}
        with started(twin, stored | {"SLUICE_AGENT": str(stock)}) as other:
            _expect(other, {"action": "warm"}, '"warm"')
    with _python() as python:
        if fault := fault_of_agent(twin, stored, python):
            sys.exit(f"The bundle cannot use agent/agent.py:\n{fault}")
    return agent.seconds


_TRY_TOOLS = """
import json, logging, sys
from botocore.exceptions import DataNotFoundError, UnknownServiceError

class Failures(logging.Handler):
    def emit(self, record):
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            missing = (ImportError, SyntaxError, DataNotFoundError, UnknownServiceError)
            told = f"{record.args[0]}: {type(error).__name__}: {error}"
            print(json.dumps([isinstance(error, missing), told]))

logging.getLogger("sluice.tools.own").addHandler(Failures())
from sluice.tools.own import load_tools
load_tools()
import boto3
for name in sys.argv[1:]:
    try:
        boto3.client(name)
    except Exception as error:
        print(json.dumps([True, f"a client of {name}: {type(error).__name__}: {error}"]))
"""


def try_tools(twin: Path, services: Collection[str]) -> list[str]:
    """Import every file of tools/ in the bundle, and make a client of each service.

    Returns:
        A sentence for each file that failed for a reason which the deployed agent may not have,
        such as a variable of the environment.

    Exits with the reasons if the bundle lacks something.
    """
    with _python() as python:
        tried = subprocess.run(  # noqa: S603 - our own interpreter
            [python, "-c", _TRY_TOOLS, *sorted(services)],
            cwd=twin,
            env={"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    told = [line for line in tried.stdout.splitlines() if line.startswith(("[true", "[false"))]
    failures = [json.loads(line) for line in told]
    lacking = [reason for is_lacking, reason in failures if is_lacking]
    if tried.returncode:
        lacking.append(tried.stderr.strip()[-2000:])
    if lacking:
        sys.exit(
            "What your tools use cannot be had in the bundle:\n  " + "\n  ".join(lacking) + "\n"
            "What they import has to be among the dependencies of agent/pyproject.toml, and not "
            "left out by ops/pruning.py."
        )
    return [
        f"tools/{reason}. Without it the agent starts; if it is for want of a variable, set that "
        "in template.yaml."
        for _, reason in failures
    ]


@contextlib.contextmanager
def _local_bedrock() -> Iterator[str]:
    """The local Bedrock, without pauses, in a process of its own; yields its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.bedrock"],
        cwd=Path(__file__).resolve().parents[1],
        env={**os.environ, "SLUICE_OFFLINE_DELAY_MS": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class Agent:
    """The agent of an unpacked bundle, running."""

    def __init__(self, origin: str, seconds: float, log: Path) -> None:
        self.origin = origin
        self.seconds = seconds
        """From its start to its first answer to /ping."""
        self.log = log

    def ask(self, body: dict[str, object]) -> str:
        """The whole answer to a request. Raises httpx.HTTPError."""
        answer = httpx.post(
            f"{self.origin}/invocations",
            json=body,
            headers={"Authorization": f"Bearer {_token()}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        return answer.raise_for_status().text


@contextlib.contextmanager
def started(twin: Path, environment: dict[str, str]) -> Iterator[Agent]:
    """Run `python main.py` in an unpacked bundle until the block ends.

    Its Python is that of a new and empty virtual environment, and its environment variables are
    the given ones alone, so that whatever it imports, beside Python's own, is in the bundle.
    """
    with tempfile.TemporaryDirectory() as name, socket.socket() as sock, _python() as python:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.close()
        log = Path(name, "log")
        start = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [python, "main.py"],
                cwd=twin,
                env={"SLUICE_HOST": "127.0.0.1", "SLUICE_PORT": str(port), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            origin = f"http://127.0.0.1:{port}"
            _wait(process, origin, log)
            yield Agent(origin, time.monotonic() - start, log)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _python() -> Iterator[Path]:
    """The Python of a new and empty virtual environment."""
    with tempfile.TemporaryDirectory() as name:
        venv.create(name, symlinks=True)
        yield Path(name, "bin", "python")


def _wait(process: "subprocess.Popen[bytes]", origin: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as http:
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if http.get(f"{origin}/ping").is_success:
                    return
            time.sleep(0.01)  # the port opens when it opens: nothing tells us
    _fail("did not start", log)


def _expect(agent: Agent, body: dict[str, object], wanted: str) -> None:
    try:
        answer = agent.ask(body)
    except httpx.HTTPError as error:
        _fail(f"did not answer ({type(error).__name__})", agent.log)
    if wanted not in answer or "RUN_ERROR" in answer:
        _fail(f"answered {body} without {wanted}: {answer}", agent.log)


def _fail(what: str, log: Path) -> None:
    sys.exit(
        f"The bundled agent {what}. If it misses a module, ops/pruning.py leaves out too much. Its "
        f"last words:\n{log.read_text(errors='replace')[-2000:]}"
    )


def _token() -> str:
    """An ID token as AgentCore forwards it to the agent, which leaves signatures to AgentCore."""
    claims = json.dumps({"sub": "bundle", "token_use": "id"}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.none"
