"""`make outputs [STACK=]`: where the parts of a stack are, as JSON."""

import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops import options

if TYPE_CHECKING:
    from ops.stacks import Stack

ROOT = Path(__file__).resolve().parent.parent


def is_local() -> bool:
    """Whether the command is about the stack on this machine; STACK names a deployed one."""
    return not os.environ.get("STACK")


def state_folder() -> Path:
    """Where the local stack keeps what it keeps: .local, or SLUICE_STATE."""
    return Path(os.environ.get("SLUICE_STATE") or ROOT / ".local")


def read_outputs() -> dict[str, str]:
    """The stack's outputs, by the template's names: of the local stack that runs now, or of the
    deployed stack STACK. Exits with a sentence if there is none."""
    if not is_local():
        return _deployed_outputs(os.environ["STACK"])
    try:
        outputs: dict[str, str] = json.loads((state_folder() / "outputs.json").read_text())
    except FileNotFoundError:
        sys.exit(
            "No local stack is running here: start one with `make dev`, or name a deployed one "
            "with STACK=."
        )
    return outputs


def read_parameters() -> dict[str, str]:
    """The parameters that the deployed stack STACK was given. Exits with a sentence as above."""
    return _describe(os.environ["STACK"]).parameters


def _deployed_outputs(name: str) -> dict[str, str]:
    stack = _describe(name)
    if not stack.outputs:
        sys.exit(
            f"Stack {name} has no outputs; it is {stack.status}. Deploy it with "
            f"`make deploy STACK={name}`."
        )
    return stack.outputs


@functools.cache
def _describe(name: str) -> "Stack":
    # boto3 takes a fifth of a second, which local commands can do without.
    from ops import aws, stacks

    with aws.failures_in_words():
        return stacks.describe(name)


@click.command
@options.stack
@options.region
def main() -> None:
    """Where the parts of a stack are, as JSON."""
    print(json.dumps(read_outputs(), indent=2))
