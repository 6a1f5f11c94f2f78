"""The page's own tests, and what it weighs."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest
from e2e_stack import ROOT

SPA = ROOT / "spa"
BUDGET = 60_000
"""Bytes, compressed, of all that is fetched before the first paint."""


def run(*command: str) -> str:
    ended = subprocess.run(
        command, cwd=SPA, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, in a folder of its own."""
    folder = tmp_path_factory.mktemp("dist")
    run("npx", "vite", "build", "--outDir", str(folder), "--emptyOutDir", "--logLevel", "error")
    return folder


@pytest.mark.timeout(120)
def test_the_pages_own_tests_pass() -> None:
    assert re.search(r"Tests\s+\d+ passed", run("npm", "test", "--silent", "--", "--no-color"))


def test_the_page_weighs_at_most_60_kb_before_it_paints(dist: Path) -> None:
    page = (dist / "index.html").read_text()
    fetched = {dist / "index.html"} | {
        dist / name.lstrip("/") for name in re.findall(r'(?:src|href)="(/[^"]+)"', page)
    }
    scripts = "".join(path.read_text() for path in fetched if path.suffix == ".js")
    # What a script imports without `import()` is fetched before it runs.
    needed = re.findall(r"""\b(?:import|from)\s*["'`]\./([^"'`]+)""", scripts)
    assert {dist / "assets" / name for name in needed} <= fetched, "a chunk is left out of the sum"
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in fetched) <= BUDGET


def test_the_page_holds_no_inline_script_style_or_foreign_address(dist: Path) -> None:
    page = (dist / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert "http" not in page
