"""docs/threats.md names for every threat and fault tests that carry its id."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(
    r"^\| ([TF]\d+) \|.*\| ([^|]+) \|$", (ROOT / "docs" / "threats.md").read_text(), re.M
)
IDS = [f"T{number}" for number in range(1, 15)] + [f"F{number}" for number in range(1, 11)]


def carries(text: str, threat: str) -> bool:
    """Whether a test in a file's text has the id: in its name, its docstring or its title."""
    python = rf"def test_(\w+_)?{threat}(_|\b)|\"\"\"[^\"]*\b{threat}\b|\"{threat} "
    script = rf"\b(it|test|describe)(\.\w+)?\(\s*[\"'`][^\"'`]*\b{threat}\b"
    return re.search(f"{python}|{script}", text, re.I) is not None


def test_every_threat_and_fault_has_a_row() -> None:
    assert [threat for threat, _ in ROWS] == IDS


@pytest.mark.parametrize(("threat", "cell"), ROWS, ids=[threat for threat, _ in ROWS])
def test_the_tests_of_a_row_carry_its_id(threat: str, cell: str) -> None:
    files = re.findall(r"`([^`]+)`", cell)
    assert files
    assert [name for name in files if not carries((ROOT / name).read_text(), threat)] == []


def test_a_file_without_the_id_would_be_noticed() -> None:
    assert carries('def test_f1_all_of_it() -> None:\n    """..."""', "F1")
    assert not carries('def test_f10_all_of_it() -> None:\n    """F10."""', "F1")
    assert not carries("# F1 stands in a comment only", "F1")
