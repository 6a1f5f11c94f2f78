"""Plays the official AG-UI client against a stack, or an agent alone."""

import json
import os
import subprocess
from typing import Any

from checkout import ROOT


def play_client(url: str, token: str, *steps: dict[str, Any]) -> Any:
    """What the client made of its runs, and saw; `steps` are those of tests/e2e/agui_client.mjs."""
    ended = subprocess.run(
        ["node", str(ROOT / "tests" / "e2e" / "agui_client.mjs")],
        env={
            **os.environ,
            "CHAT_URL": url,
            "TOKEN": token,
            "CLIENT": os.environ.get("SLUICE_AGUI_CLIENT", str(ROOT / "spa")),
            "STEPS": json.dumps(steps),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
