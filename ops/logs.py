"""`make logs [STACK=] [ARGS="--since 1h --follow"]`: what the parts of a stack say.

Locally the lines of `make dev`, also of one that has ended. Of a deployed stack the access log of
its API and the log of its agent, from CloudWatch, in the order they were written.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ops import options
from ops.outputs import is_local, read_outputs, state_folder
from ops.terminal import printable

LOCAL_POLL_SECONDS = 0.2
POLL_SECONDS = 2.0
LATE_MS = 60_000
"""CloudWatch may show an event some seconds after a later one: so far back each poll looks."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4})  ")  # of `keep_log` in local/


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not match:
        raise click.BadParameter(f"{text} is not a length of time such as 90s, 10m or 2h")
    return int(match[1]) * _UNITS[match[2]]


def local_lines(file: Path, since: float, *, follow: bool) -> Iterator[str]:
    """The log's lines since a time in seconds since the epoch; a line without a time of its own
    belongs to the one before it."""
    recent = False
    for line in _read_lines(file, follow=follow):
        if stamp := _STAMP.match(line):
            recent = datetime.strptime(stamp[1], "%Y-%m-%dT%H:%M:%S%z").timestamp() >= since
        if recent:
            yield line


def _read_lines(file: Path, *, follow: bool) -> Iterator[str]:
    """What is in the log, and what comes to it, also when a new file takes its place."""
    before = file.with_name(f"{file.name}.1")
    if before.exists():
        yield from before.read_text().splitlines()
    handle = file.open()
    try:
        while True:
            place = handle.tell()
            line = handle.readline()
            if line.endswith("\n"):
                yield line[:-1]
            elif not follow:
                return
            elif not _is_current(handle.fileno(), file):
                handle.close()
                handle = file.open()
            else:
                handle.seek(place)
                time.sleep(LOCAL_POLL_SECONDS)
    finally:
        handle.close()


def _is_current(number: int, file: Path) -> bool:
    return not file.exists() or os.fstat(number).st_ino == file.stat().st_ino


def deployed_lines(
    logs: Any, groups: Mapping[str, str], since: float, *, follow: bool
) -> Iterator[str]:
    """The events of several log groups since a time, in order: `groups` maps a word for people to
    a group's name. `logs` is a client of CloudWatch Logs; raises aws.Failure."""
    start = int(since * 1000)
    shown: dict[str, int] = {}
    missing: set[str] = set()
    while True:
        events = []
        for name, group in groups.items():
            try:
                pages = logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group, startTime=start
                )
                events += [(event, name) for page in pages for event in page["events"]]
            except logs.exceptions.ResourceNotFoundException:
                if group not in missing:
                    print(f"{group} does not exist: nothing has been said.", file=sys.stderr)
                missing.add(group)
        events.sort(key=lambda found: found[0]["timestamp"])
        for event, name in events:
            if event["eventId"] not in shown:
                shown[event["eventId"]] = event["timestamp"]
                stamp = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield f"{stamp:%Y-%m-%dT%H:%M:%SZ}  {name}: {event['message'].rstrip()}"
        if not follow:
            return
        start = max(start, max(shown.values(), default=0) - LATE_MS)
        shown = {key: at for key, at in shown.items() if at >= start}
        time.sleep(POLL_SECONDS)


def _show_deployed(since: float, *, follow: bool) -> None:
    from ops import aws  # boto3 takes a fifth of a second, which the local log can do without

    outputs = read_outputs()
    with aws.failures_in_words():
        api_log = aws.client("cloudformation").describe_stack_resource(
            StackName=os.environ["STACK"], LogicalResourceId="ApiLog"
        )["StackResourceDetail"]["PhysicalResourceId"]
        groups = {
            "api": api_log,
            # "View observability data for your Amazon Bedrock AgentCore agents"
            "agent": f"/aws/bedrock-agentcore/runtimes/{outputs['RuntimeId']}-DEFAULT",
        }
        for line in deployed_lines(aws.client("logs"), groups, since, follow=follow):
            print(printable(line), flush=True)


@click.command
@options.stack
@options.region
@click.option(
    "seconds",
    "--since",
    callback=_seconds,
    default="10m",
    show_default=True,
    help="How far back: 90s, 10m, 2h or 1d.",
)
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C.")
def main(*, seconds: int, follow: bool) -> None:
    """What a stack says: the API's log and the agent's."""
    since = time.time() - seconds
    file = state_folder() / "stack.log"
    try:
        if not is_local():
            _show_deployed(since, follow=follow)
        elif file.exists():
            for line in local_lines(file, since, follow=follow):
                print(printable(line), flush=True)
        else:
            sys.exit("No local stack has run here: start one with `make dev`, or give STACK=.")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # `make logs | head`: nobody reads any more. Python would complain again as it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
