"""What `make dev` says of a build of the page."""

import asyncio
import os
from pathlib import Path

import pytest

from local.page import PageBuild, PageError

SAYS = "[plugin brand] brand.css: the contrast of --accent on --ground (light) is 2.00:1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page whose build says what the file `says` holds and ends as `ends` tells."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text('#!/bin/sh\ncat says; exit "$(cat ends)"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "ends").write_text("0")
    return tmp_path


def test_colours_that_are_hard_to_read_are_told_and_nothing_else(folder: Path) -> None:
    (folder / "says").write_text(f"137 modules\n{SAYS}\n")
    said: list[str] = []
    asyncio.run(PageBuild(folder, said.append).rebuild())
    assert said[0] == f"page: {SAYS}"
    assert [line.split(" in ")[0] for line in said[1:]] == ["page: built"]


def test_a_build_that_fails_is_told_whole(folder: Path) -> None:
    (folder / "says").write_text("brand.ts: name is missing")
    (folder / "ends").write_text("1")
    with pytest.raises(PageError, match=r"brand\.ts: name is missing"):
        asyncio.run(PageBuild(folder, lambda _: None).rebuild())


@pytest.mark.parametrize("name", ["brand.ts", "brand.css", "brand.svg"])
def test_an_edited_brand_is_built_anew(folder: Path, name: str) -> None:
    (folder / "says").write_text("")
    (folder / "dist").mkdir()
    (folder / "dist" / "index.html").write_text("")
    os.utime(folder / "dist" / "index.html", (1, 1))
    (folder / "index.html").write_text("")
    os.utime(folder / "index.html", (0, 0))
    said: list[str] = []
    asyncio.run(PageBuild(folder, said.append).ensure())
    assert said == []
    (folder / name).write_text("")
    asyncio.run(PageBuild(folder, said.append).ensure())
    assert len(said) == 1
