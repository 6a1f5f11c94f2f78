"""A tool of one's own, in any style, passes what `make check` runs; a mistake in it is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from policies.subject import ROOT

OWN = """import json, os
import boto3
from botocore.exceptions import ClientError

def order(number: str) -> str:
  try: table = boto3.resource('dynamodb').Table(os.environ['ORDERS_TABLE'])
  except ClientError as error: return str(error)
  assert number
  return table.get_item(Key={'id': number})

def helper(x): return json.dumps(x)
def text(lines: list) -> str: return helper(lines)
"""
PLACES = ("agent/tools/orders.py", "agent/agent.py")
RUFF_PLACES = (*PLACES, "functions/orders/app.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The configuration of a checkout, and one file of an adopter's in each place."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for place in RUFF_PLACES:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(OWN)
    return tmp_path


def check(project: Path, tool: str, *arguments: str) -> str:
    """What a tool finds; "" where it is content."""
    command = [Path(sys.executable).with_name(tool), *arguments]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True)
    return ran.stdout + ran.stderr if ran.returncode else ""


def test_any_style_and_any_import_pass(project: Path) -> None:
    assert check(project, "ruff", "check", "--no-cache", ".") == ""
    assert check(project, "ruff", "format", "--no-cache", "--check", ".") == ""
    assert check(project, "mypy", "--cache-dir", "cache", *PLACES) == ""


@pytest.mark.parametrize("place", PLACES)
def test_a_mistake_is_found(project: Path, place: str) -> None:
    with (project / place).open("a") as file:
        file.write("print(nothing)\n")
    assert "nothing" in check(project, "ruff", "check", "--no-cache", ".")
    assert "nothing" in check(project, "mypy", "--cache-dir", "cache", place)
