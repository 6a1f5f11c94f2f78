"""The page's own tests, and what it weighs."""

import gzip
import html
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e_stack import ROOT
from spa_build import brand_name

SPA = ROOT / "spa"
OWN_TESTS = sorted(str(path.relative_to(SPA)) for path in SPA.glob("test/**/*.test.ts*"))
RUN_SECONDS = 300
"""All of vitest's tests take 50 s on two quiet cores; other tests run beside them."""
BUDGET = 60_000
"""Bytes, compressed, of all that is fetched before the first paint."""


def run(*command: str) -> str:
    ended = subprocess.run(
        command, cwd=SPA, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, in a folder of its own."""
    folder = tmp_path_factory.mktemp("dist")
    run("npx", "vite", "build", "--outDir", str(folder), "--emptyOutDir", "--logLevel", "error")
    return folder


@dataclass(frozen=True)
class OwnTests:
    """What vitest says of the page's own tests, and of each file of them by its path in spa/."""

    status: int
    said: str
    files: dict[str, Any]


@pytest.fixture(scope="module")
def own_tests(tmp_path_factory: pytest.TempPathFactory) -> OwnTests:
    """All files in one run of vitest, which starts slowly."""
    report = tmp_path_factory.mktemp("vitest") / "report.json"
    ended = subprocess.run(
        [
            *("npm", "test", "--silent", "--", "--no-color"),
            *("--reporter=default", "--reporter=json", f"--outputFile={report}"),
        ],
        cwd=SPA,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert report.exists(), said
    results = json.loads(report.read_text())["testResults"]
    files = {str(Path(each["name"]).relative_to(SPA)): each for each in results}
    return OwnTests(ended.returncode, said, files)


# A test for each file: xdist begins with the files that hold most tests, so that this one, which
# runs for long, is not left for the end, when the other processes have nothing to do.
@pytest.mark.timeout(RUN_SECONDS)
@pytest.mark.parametrize("path", OWN_TESTS)
def test_a_file_of_the_pages_own_tests_passes(path: str, own_tests: OwnTests) -> None:
    found = own_tests.files[path]
    tests = found["assertionResults"]
    failed = [each for each in tests if each["status"] != "passed"]
    messages = [f"{each['fullName']}: {each['failureMessages']}" for each in failed]
    assert found["status"] == "passed", [found["message"], *messages]
    assert tests, "it holds no test"
    assert not failed, messages


@pytest.mark.timeout(RUN_SECONDS)
def test_the_pages_own_tests_end_well_and_are_all_here(own_tests: OwnTests) -> None:
    """Vitest also fails for what no test of its waits for, such as an unhandled rejection."""
    assert own_tests.status == 0, own_tests.said
    assert sorted(own_tests.files) == OWN_TESTS


def test_the_page_weighs_at_most_60_kb_before_it_paints(dist: Path) -> None:
    page = (dist / "index.html").read_text()
    fetched = {dist / "index.html"} | {
        dist / name.lstrip("/") for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    }
    scripts = "".join(path.read_text() for path in fetched if path.suffix == ".js")
    # What a script imports without `import()` is fetched before it runs.
    needed = re.findall(r"""\b(?:import|from)\s*["'`]\./([^"'`]+)""", scripts)
    assert {dist / "assets" / name for name in needed} <= fetched, "a chunk is left out of the sum"
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in fetched) <= BUDGET


def test_the_page_has_the_brands_name_and_logo(dist: Path) -> None:
    page = (dist / "index.html").read_text()
    assert f"<title>{brand_name()}</title>" in html.unescape(page)
    assert "%BRAND%" not in page
    (logo,) = re.findall(r'<link rel="icon" [^>]*href="/(assets/brand-[^"]+\.svg)"', page)
    assert (dist / logo).read_bytes() == (SPA / "brand.svg").read_bytes()


def test_the_page_holds_no_inline_script_style_or_foreign_address(dist: Path) -> None:
    page = (dist / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert "http" not in page
