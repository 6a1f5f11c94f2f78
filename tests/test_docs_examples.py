"""The Python that the documents show passes `make check`, and can be imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = [
    (f"{page.stem}_{number}", text)
    for page in PAGES
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each example in a file of its own."""
    folder = tmp_path_factory.mktemp("examples")
    for name, text in EXAMPLES:
        (folder / f"example_{name.replace('-', '_').lower()}.py").write_text(text)
    return folder


def run(*command: str | Path, **environment: str) -> str:
    """What a program says that finds fault; empty if it finds none."""
    ran = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr if ran.returncode else ""


def test_there_are_examples() -> None:
    assert EXAMPLES


def test_ruff_finds_nothing_in_them(folder: Path) -> None:
    for path in folder.iterdir():
        settings = ("--config", ROOT / "pyproject.toml", "--no-cache", path)
        assert run("ruff", "check", *settings) == ""
        assert run("ruff", "format", "--check", *settings) == ""


@pytest.mark.timeout(120)  # mypy reads Strands, where nothing is cached yet
def test_mypy_finds_nothing_in_them(folder: Path) -> None:
    assert run("mypy", *folder.iterdir()) == ""


def test_they_can_be_imported(folder: Path) -> None:
    for path in folder.iterdir():
        code = f"import {path.stem}"
        assert run("python", "-W", "error", "-c", code, PYTHONPATH=f"{folder}:agent") == ""
