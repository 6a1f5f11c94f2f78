"""Runs the programs that people deploy with."""

import os
import subprocess
from pathlib import Path

import pytest
from policies.subject import ROOT


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints, in the root of the checkout; it must succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def tool(name: str) -> Path:
    """A tool that has an environment of its own, because it pins what others need newer."""
    executable = ROOT / ".build" / name / "bin" / name
    if not executable.exists():
        pytest.fail(f"There is no {name} at {executable}: `make test` installs it.")
    return executable
