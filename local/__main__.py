"""`python -m local`: template.yaml on this machine, whole, until Ctrl-C."""

import argparse
import asyncio
import logging
import logging.handlers
import os
import signal
import socket
import sys
import time
from pathlib import Path

import watchfiles

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from local.errors import TemplateError
from local.model import ModelError, read_delay
from local.page import SOURCES, PageError
from local.pool.store import StoreError
from local.runtime.process import AgentFailedError
from local.stack import SERVICES, Stack
from local.template import Template

ROOT = Path(__file__).resolve().parent.parent
CAN_FAIL = (TemplateError, PageError, AgentFailedError, StoreError)
LOG_BYTES = 1_000_000

_kept = logging.getLogger("stack")
_kept.propagate = False


def log(line: str) -> None:
    """One line for the person who watches, and for `make logs`."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)
    _kept.warning(line)


def keep_log(state: Path) -> None:
    """From now on, keep the log's lines in `state`/stack.log too, and the last megabyte of it in
    stack.log.1."""
    file = logging.handlers.RotatingFileHandler(state / "stack.log", "a", LOG_BYTES, 1)
    file.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    _kept.addHandler(file)


def parse_arguments() -> argparse.Namespace:
    """The command line; `make dev` passes PORT on."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--port",
        type=_port,
        default=3000,
        help="the page's port; API, sign-in, runtime and Bedrock take the next four (0: any free)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=ROOT / ".local",
        help="folder of keys, users, conversations and outputs.json",
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a template parameter; wins over samconfig.toml",
    )
    parser.add_argument(
        "--faults",
        action="store_true",
        help="let tests break the API's answers: see local/faults.py",
    )
    return parser.parse_args()


def _port(text: str) -> int:
    """A port that has room for the others behind it, or 0."""
    last = 65_536 - len(SERVICES)
    if not (text.isascii() and text.isdigit() and int(text) <= last):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to {last}")
    return int(text)


def bind(first: int) -> list[socket.socket]:
    """A listening address on 127.0.0.1 for each service. Exits with a sentence if one is taken."""
    sockets = []
    for offset, service in enumerate(SERVICES):
        port = first + offset if first else 0
        # Named in full, because asyncio sends small pieces at once (TCP_NODELAY) only on sockets
        # whose protocol says TCP; left to 0, each pause of a stream would cost 40 ms.
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen(128)
        except OSError as error:
            sys.exit(
                f"Port {port} ({service}) cannot be had: {error.strerror}. Is another `make dev` "
                f"running? Stop what uses it, or start here with `make dev PORT={first + 100}`."
            )
        sockets.append(sock)
    return sockets


def describe(stack: Stack, template: Template) -> str:
    """What a person needs to begin: addresses, the demo user, a line to paste."""
    outputs = template.outputs
    return f"""
  Sluice runs template.yaml on this machine.

    Chat       {outputs["SpaUrl"]}    sign in as {DEMO_EMAIL} with {DEMO_PASSWORD}
    API        {outputs["ApiUrl"]}/chat
    Sign-in    {outputs["LoginUrl"]}
    Runtime    {stack.origins.runtime}
    Model      {stack.model}
    Bedrock    {stack.bedrock_url}    for programs of your own, as AWS_ENDPOINT_URL_BEDROCK_RUNTIME

  In another terminal:

    curl -N {outputs["ApiUrl"]}/chat \\
      -H "Authorization: Bearer $(make -s token)" \\
      -H 'Content-Type: application/json' \\
      -d '{{"prompt": "What is 25 * 4? Show your work."}}'

  Edit agent/, spa/ or template.yaml, and it takes effect. Ctrl-C ends everything.
"""


async def watch(stack: Stack, root: Path) -> None:
    """Take up edits until cancelled."""
    one_at_a_time = asyncio.Lock()

    async def follow(*folders: Path, recursive: bool) -> None:
        async for changes in watchfiles.awatch(*folders, recursive=recursive, step=50):
            async with one_at_a_time:
                await take_up(stack, root, {Path(path) for _, path in changes})

    async with asyncio.TaskGroup() as tasks:
        # Not the whole tree: .venv and node_modules alone have thousands of folders to watch.
        tasks.create_task(follow(root, root / "spa", recursive=False))
        tasks.create_task(follow(root / "agent", root / "spa" / "src", recursive=True))
        if agent_file := os.environ.get("SLUICE_AGENT"):
            tasks.create_task(follow(Path(agent_file).parent, recursive=False))


async def take_up(stack: Stack, root: Path, paths: set[Path]) -> None:
    """Take up edited files, and say so; an edit that does not work leaves what ran before."""
    try:
        if paths & {root / "template.yaml", root / "samconfig.toml"}:
            await stack.apply()
            log("template: taken up")
        own = os.environ.get("SLUICE_AGENT")
        if any(path.is_relative_to(root / "agent") or str(path) == own for path in paths):
            await stack.renew_agent()
            log("agent: taken up with each conversation's next message")
        if any(path.is_relative_to(root / "spa" / name) for path in paths for name in SOURCES):
            await stack.page.rebuild()
            log("page: reload to see it")
    except CAN_FAIL as error:
        log(f"not taken up: {error}")


async def run(arguments: argparse.Namespace) -> None:
    """Start, serve, watch, and end everything on SIGINT or SIGTERM."""
    began = time.monotonic()
    try:
        parameters = dict(entry.split("=", 1) for entry in arguments.parameter)
    except ValueError:
        sys.exit("--parameter takes NAME=VALUE, such as Model=bedrock.")
    try:
        delay = read_delay()
    except ModelError as error:
        sys.exit(str(error))
    arguments.state.mkdir(parents=True, exist_ok=True)
    keep_log(arguments.state)
    sockets = bind(arguments.port)
    stack = Stack(ROOT, arguments.state, sockets, parameters, log, delay, arguments.faults)
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    starting = asyncio.create_task(stack.start())
    stopped = asyncio.create_task(done.wait())
    watching: asyncio.Task[None] | None = None
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            print(describe(stack, starting.result()), flush=True)
            if arguments.faults:
                log("faults: whoever asks for them at /_faults of the API breaks its answers")
            log(f"ready in {time.monotonic() - began:.1f} s")
            watching = asyncio.create_task(watch(stack, ROOT))
            await asyncio.wait({watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
    except CAN_FAIL as error:
        sys.exit(str(error))
    finally:
        for task in (starting, stopped, watching):
            if task:
                task.cancel()
        await stack.close()
        log("ended")


if __name__ == "__main__":
    if own := os.environ.get("SLUICE_AGENT"):
        # From the folder that the person is in; the agent's process is in another.
        os.environ["SLUICE_AGENT"] = str(Path(own).resolve())
    os.umask(0o077)  # keys, users and conversations are this person's alone
    asyncio.run(run(parse_arguments()))
