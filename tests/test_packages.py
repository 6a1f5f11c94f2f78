"""A package of one's own: a line in agent/pyproject.toml, and the next `make` does the rest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from policies.subject import ROOT

from ops.pruning import UNUSED
from ops.wheels import unused

UV = """#!/bin/sh
echo "$@" >> calls
case "$*" in
  "lock --check --quiet") grep -q humanize uv.lock ;;
  "lock --quiet") [ -z "$UV_LOCKED" ] && echo humanize >> uv.lock ;;
  sync*) grep -q humanize uv.lock ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the Makefile reads of a checkout, and a uv whose lock is good once it has humanize."""
    for name in ("Makefile", "pyproject.toml", ".python-version", "agent/pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    return tmp_path


def install(project: Path, **environment: str) -> int:
    """Install what `make dev` needs."""
    shell = {name: value for name, value in os.environ.items() if name != "UV_LOCKED"}
    shell["PATH"] = f"{project / 'bin'}:{shell['PATH']}"
    ran = subprocess.run(
        ["make", ".build/dev.stamp"], cwd=project, env=shell | environment, capture_output=True
    )
    return ran.returncode


def calls(project: Path) -> list[str]:
    """The first two words of each call of uv."""
    return [" ".join(line.split()[:2]) for line in (project / "calls").read_text().splitlines()]


def test_a_lock_that_lacks_a_package_gets_it_before_anything_is_installed(project: Path) -> None:
    assert install(project) == 0
    assert calls(project) == ["lock --check", "lock --quiet", "sync --quiet"]


def test_a_lock_that_is_whole_stays_as_it_is(project: Path) -> None:
    (project / "uv.lock").write_text("humanize")
    assert install(project) == 0
    assert calls(project) == ["lock --check", "sync --quiet"]
    assert (project / "uv.lock").read_text() == "humanize"


def test_continuous_integration_refuses_a_lock_that_lags_behind(project: Path) -> None:
    assert install(project, UV_LOCKED="1") != 0
    assert not (project / ".build" / "dev.stamp").exists()
    assert "UV_LOCKED=1" in (ROOT / ".ci" / "run").read_text()


def test_the_bundle_keeps_a_package_that_is_named_although_sluice_does_without_it() -> None:
    project = """[project]\ndependencies = ["boto3>=1", "Pillow>=12; python_version > '3'"]"""
    assert UNUSED.keys() - unused(project) == {"pillow"}


def test_the_agents_packages_have_a_place_for_others() -> None:
    assert "    # --- yours:" in (ROOT / "agent" / "pyproject.toml").read_text()
