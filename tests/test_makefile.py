"""The Makefile works in any folder, with make 3.81 and BSD tools (macOS), and on a bare machine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()

FOLDERS = (
    "my first agent",
    "mon été 日本",
    'it\'s "quoted"',
    "$HOME $(x) `y`",
    "a&b;c|d (e) *%=,!~",
)

LATER_THAN_MAKE_3_81 = (
    r"\$\((file|let|intcmp|guile|undefine)\b",
    r"^\.(ONESHELL|RECIPEPREFIX|EXTRA_PREREQS|NOTINTERMEDIATE|WAIT)\b",
    r"^[^\t#]*&:",  # grouped targets
    r"^\w+\s*(!=|::=|:::=)",
    r"\$\(shell [^<>|&;()\"'$*?\[]*\)",  # without a shell, of which `command` is a part
)
GNU_ONLY = (
    r"\bsed (-\w*i|--in-place)\b",
    r"\breadlink -f\b",
    r"\bdate (-d|--date)\b",
    r"\bgrep -\w*P",
    r"\bxargs -\w*r\b",
    r"\b(cp|mv|ln) -\w*t\b",
    r"\bstat -\w*c\b",
    r"\bsort -\w*V\b",
    r"\bbase64 -\w*w",
    r"\bhead -n ?-",
    r"\b(mktemp|cp|rm|mkdir|ls|touch|ln) --",
)

FAKE_UV = """#!/bin/sh
echo "uv $UV_PROJECT_ENVIRONMENT $@" >> "$LOG"
[ "$UV" = "$0" ] || { echo "UV is $UV, and not $0" >&2; exit 1; }
[ -z "$OFFLINE" ] || { echo "error: no network" >&2; exit 2; }
"""
FAKE_PYTHON = """#!/bin/sh
# `python3 -m venv .build/uv`, whose pip installs uv.
[ -z "$NO_VENV" ] || { echo "ensurepip is not available" >&2; exit 1; }
mkdir -p .build/uv/bin
printf '#!/bin/sh\\ncp "$FAKES/uv" .build/uv/bin/uv\\n' > .build/uv/bin/python
chmod +x .build/uv/bin/python
"""
FAKE_NPM = """#!/bin/sh
echo "npm $@ in $(pwd) NODE_ENV=$NODE_ENV" >> "$LOG"
[ -z "$OFFLINE" ] || { echo "npm error network" >&2; exit 1; }
mkdir -p node_modules
"""


class Checkout:
    """The Makefile and what it looks at, on a machine whose programs are stand-ins."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder = folder
        self.fakes = tools / "fakes"
        self.path = tools / "path"
        for each in (folder, self.fakes, self.path):
            each.mkdir(parents=True)
        for name in ("sh", "mkdir", "touch", "cp", "rm", "chmod", "awk", "printf"):
            (self.path / name).symlink_to(str(shutil.which(name)))
        self._write(self.fakes / "uv", FAKE_UV)
        self._write(self.path / "python3", FAKE_PYTHON)
        self._write(self.path / "npm", FAKE_NPM)
        self._write(self.path / "node", "#!/bin/sh\necho yes\n")
        for name in ("Makefile", "uv.lock", "pyproject.toml", ".python-version"):
            shutil.copy(ROOT / name, folder)
        for name in ("agent/pyproject.toml", "spa/package-lock.json"):
            (folder / name).parent.mkdir()
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "tools", folder / "tools")

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(shutil.which("make")), *arguments],
            cwd=self.folder,
            env={
                "PATH": str(self.path),
                "LOG": str(self.fakes / "log"),
                "FAKES": str(self.fakes),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def log(self) -> list[str]:
        return (self.fakes / "log").read_text().splitlines()

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "sluice", tmp_path / "tools")


STAMPS = [f".build/{name}.stamp" for name in ("dev", "test", "node", "sam", "emulator", "taskcat")]


@pytest.mark.parametrize("name", FOLDERS)
def test_it_sets_up_in_a_folder_of_any_name_without_uv(name: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / name, tmp_path / "tools")
    targets = [*STAMPS, "spa/node_modules/.package-lock.json"]
    made = checkout.make("--always-make", *targets)
    assert made.returncode == 0, made.stderr
    assert all((checkout.folder / target).exists() for target in targets)
    assert f"in {checkout.folder / 'spa'} " in checkout.log[-1]
    assert "make dev" in checkout.make().stdout
    before = checkout.log
    checkout.make(*targets)
    assert checkout.log == before, "what is there is not made again"


@pytest.mark.parametrize("mark", [":", "#", "?", "[", "{", "\\"])
def test_a_folder_in_which_tools_fail_is_refused_in_a_sentence(mark: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / f"a{mark}b", tmp_path / "tools")
    made = checkout.make("dev")
    assert made.returncode
    assert f'path has "{mark}": move or rename it' in made.stderr


@pytest.mark.parametrize(
    ("target", "step"),
    [
        (".build/dev.stamp", "Installing the Python packages failed"),
        (".build/test.stamp", "Installing the packages of the tests failed"),
        (".build/sam.stamp", "Installing sam failed"),
        ("spa/node_modules/.package-lock.json", "Installing the packages of spa failed"),
    ],
)
def test_a_step_that_fails_is_named_behind_its_reason(
    checkout: Checkout, target: str, step: str
) -> None:
    made = checkout.make(target, OFFLINE="yes")
    assert made.returncode
    assert re.search(rf"network\n{step}", made.stderr), made.stderr
    assert not (checkout.folder / target).exists()


def test_without_uv_and_without_venv_it_says_what_to_install(checkout: Checkout) -> None:
    made = checkout.make(".build/dev.stamp", NO_VENV="yes")
    assert re.search(r"ensurepip.*\n.*install it \(https://docs.astral.sh/uv/\)", made.stderr)


def test_steps_are_told_beside_the_answer_of_a_command(checkout: Checkout) -> None:
    """`$(make -s token)` is a token, on the first call, too."""
    assert checkout.make("-s", ".build/dev.stamp").stdout == ""


def test_the_shell_of_another_project_changes_nothing(checkout: Checkout) -> None:
    checkout.make("spa/node_modules/.package-lock.json", NODE_ENV="production")
    (line,) = [line for line in checkout.log if line.startswith("npm")]
    assert line.endswith("NODE_ENV=")
    assert "--include=dev" in line


def test_no_target_and_no_recipe_holds_this_folders_path() -> None:
    """make cuts targets at spaces, and a shell cuts words there."""
    recipes = [line for line in MAKEFILE.splitlines() if line.startswith("\t")]
    rules = [line for line in MAKEFILE.splitlines() if re.match(r"[^\t#=$ ]+:(?!=)", line)]
    for line in (*recipes, *rules):
        assert not re.search(r"\$\((CURDIR|UV|SLUICE_SAM|HAS_UV)\)", line), line


def test_nothing_asks_for_a_newer_make_than_macos_has() -> None:
    for pattern in LATER_THAN_MAKE_3_81:
        assert not re.findall(pattern, MAKEFILE, re.MULTILINE), pattern


def test_nothing_asks_for_gnus_tools() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    shown = [
        block for page in pages for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.S)
    ]
    for text in (MAKEFILE, (ROOT / ".ci" / "run").read_text(), *shown):
        for pattern in GNU_ONLY:
            assert not re.search(pattern, text), pattern


def test_ci_runs_the_commands_of_the_readme_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    around = ("#", "set ", "cd ", "export ")
    lines = [line for line in script if line and not line.startswith(around)]
    assert lines
    assert all(f"`{line}`" in (ROOT / "README.md").read_text() for line in lines)


MODULES = sorted(set(re.findall(r"\$\(PYTHON\) -m ((?:tests|bench)[\w.]*)", MAKEFILE)))


@pytest.mark.parametrize("module", MODULES)
def test_what_a_command_runs_can_be_imported(module: str) -> None:
    """Those of tests and bench are run by nobody else: a moved name would break them unseen."""
    command = [sys.executable, "-c", f"import {module}"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
