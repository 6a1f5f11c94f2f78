"""`make outputs [STACK=]`: where the parts of a stack are, as JSON."""

import functools
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def is_local() -> bool:
    """Whether the verb is about the stack on this machine; STACK names a deployed one."""
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
    parameters = _describe(os.environ["STACK"]).get("Parameters", [])
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in parameters}


def _deployed_outputs(name: str) -> dict[str, str]:
    stack = _describe(name)
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", [])}
    if not outputs:
        sys.exit(
            f"Stack {name} has no outputs; it is {stack['StackStatus']}. Deploy it with "
            f"`make deploy STACK={name}`."
        )
    return outputs


@functools.cache
def _describe(name: str) -> Any:
    from ops import aws  # boto3 takes a fifth of a second, which local verbs can do without

    with aws.failures_in_words():
        return aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


if __name__ == "__main__":
    print(json.dumps(read_outputs(), indent=2))
