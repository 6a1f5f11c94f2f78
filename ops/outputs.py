"""`make outputs`: where the parts of a running stack are, as JSON."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_outputs() -> dict[str, str]:
    """The outputs of the local stack that runs now, by the template's output names.

    SLUICE_STATE names another state folder than .local. Exits with a sentence if no stack runs.
    """
    state = Path(os.environ.get("SLUICE_STATE", ROOT / ".local"))
    try:
        outputs: dict[str, str] = json.loads((state / "outputs.json").read_text())
    except FileNotFoundError:
        sys.exit("No local stack is running here: start one with `make dev`.")
    return outputs


if __name__ == "__main__":
    print(json.dumps(read_outputs(), indent=2))
