"""A project that can be changed at will, and an account that nobody pays for."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator, run_emulator

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command said, and whether it ended well."""

    ok: bool
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A copy of what a deployment is made from, beside an emulator."""

    folder: Path
    emulator: Emulator

    def run(self, command: str, *arguments: str, typed: str = "", **variables: str) -> Ran:
        """Run `python -m ops.VERB` here, as make does; `variables` such as STACK."""
        ran = subprocess.run(
            [sys.executable, Path(__file__).parent / "command.py", command, *arguments],
            cwd=self.folder,
            env={**self.emulator.environment, "PYTHONPATH": str(self.folder), **variables},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(ran.returncode == 0, ran.stdout, ran.stderr)

    def deploy(self, **variables: str) -> Ran:
        """Run `make deploy`, which has to succeed."""
        ran = self.run("deploy", **variables)
        assert ran.ok, ran.out + ran.err
        return ran

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one place of a file that reads `old`."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))

    def stack(self, name: str = "sluice") -> dict[str, Any]:
        """The stack, as CloudFormation describes it."""
        answer = self.emulator.client("cloudformation").describe_stacks(StackName=name)
        return answer["Stacks"][0]

    def outputs(self, name: str = "sluice") -> dict[str, str]:
        """The stack's outputs."""
        return {o["OutputKey"]: o["OutputValue"] for o in self.stack(name)["Outputs"]}

    def objects(self, bucket: str) -> dict[str, dict[str, Any]]:
        """The objects of a bucket with their headers, by key."""
        s3 = self.emulator.client("s3")
        found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {o["Key"]: s3.head_object(Bucket=bucket, Key=o["Key"]) for o in found}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with run_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was never deployed."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("ops", "local"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".build").mkdir()
    (folder / "agent").mkdir()
    (folder / "agent" / "main.py").write_text("print('the first agent')\n")
    page = folder / "spa" / "dist"
    (page / "assets").mkdir(parents=True)
    (folder / "spa" / "index.html").write_text("the page's source, older than what was built\n")
    (page / "assets" / "index-1a2b3c4d.js").write_text("console.log('first')\n")
    (page / "assets" / "favicon-5e6f7a8b.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'/>"
    )
    (page / "index.html").write_text("<script src='/assets/index-1a2b3c4d.js'></script>\n")
    return Project(folder, emulator)
