"""An upgrade, as docs/customise.md has it, leaves an adopter's files and blocks as they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from additions import extended
from policies.additions import sluices_template
from policies.subject import ROOT

OWN = ("agent/agent.py", "agent/tools/README.md", "spa/brand.ts", "spa/brand.css", "samconfig.toml")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """An adopter's clone with a commit of their own; upstream has gone on, in the same files."""
    upstream, clone = tmp_path / "upstream", tmp_path / "clone"
    upstream.mkdir()
    git(upstream, "init", "--quiet", "--initial-branch=main")
    for name in (".gitattributes", "template.yaml", "agent/pyproject.toml"):
        write(upstream, name, (ROOT / name).read_text())
    shutil.copy(sluices_template(), upstream)
    for name in OWN:
        write(upstream, name, "as it came\n")
    git(upstream, "add", ".")
    git(upstream, "commit", "--quiet", "-m", "First")
    git(tmp_path, "clone", "--quiet", str(upstream), str(clone))
    for name in OWN:
        write(clone, name, "mine\n")
        write(upstream, name, "new\n")
    write(clone, "template.yaml", extended())
    template = sluices_template().read_text()
    write(upstream, "template.yaml", template.replace("MinimumLength: 8", "MinimumLength: 12"))
    agent = (ROOT / "agent/pyproject.toml").read_text()
    mark = re.findall(r"    # --- yours: .*\n", agent)[0]
    write(clone, "agent/pyproject.toml", agent.replace(mark, f'{mark}    "humanize",\n'))
    write(upstream, "agent/pyproject.toml", agent.replace("boto3>=1.43", "boto3>=1.44"))
    for folder in (upstream, clone):
        git(folder, "commit", "--quiet", "--all", "-m", "Second")
    return clone


def commands() -> list[list[str]]:
    """The git commands of the page, with its remote's address left to the clone's."""
    page = (ROOT / "docs" / "customise.md").read_text().split("## Upgrade", 1)[1]
    block = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0]
    lines = [line.split("#")[0].split()[1:] for line in block.splitlines()]
    return [each for each in lines if each[:2] != ["remote", "add"]]


def test_an_upgrade_keeps_what_is_yours_and_brings_what_is_new(clone: Path) -> None:
    git(clone, "remote", "rename", "origin", "upstream")
    for command in commands():
        git(clone, *command)
    for name in OWN:
        assert (clone / name).read_text() == "mine\n", name
    merged = (clone / "template.yaml").read_text()
    assert merged == extended().replace("MinimumLength: 8", "MinimumLength: 12")
    packages = (clone / "agent/pyproject.toml").read_text()
    assert '"humanize"' in packages
    assert "boto3>=1.44" in packages


def test_every_file_of_an_adopters_is_named() -> None:
    names = [*OWN, "agent/tools/deep/orders.py", "spa/brand.svg"]
    told = git(ROOT, "check-attr", "merge", *names, "template.yaml", "spa/src/main.tsx")
    ours = {line.split(":")[0] for line in told.splitlines() if line.endswith("merge: ours")}
    assert ours == set(names)
