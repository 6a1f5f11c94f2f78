"""README.md is true: its tables agree with the code, its commands run, its links lead somewhere."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from e2e_stack import ROOT, RunningStack, events_of, run_stack
from policies.subject import PARAMETERS
from sluice.agui.body import MAX_BODY_BYTES
from sluice.settings import VARIABLES

from local.runtime.sessions import MOST
from local.template import parse

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
COMMANDS = re.findall(r"^([a-z-]+):.*?## ", MAKEFILE, re.MULTILINE)


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, its own heading left out; code marks removed."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]


def code_blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_what_follows_a_deployment_names_its_stack() -> None:
    """Without STACK= a command acts on the local stack."""
    block = next(each for each in code_blocks() if each.startswith("make deploy"))
    assert all("STACK=" in line for line in block.splitlines()[1:])


def test_the_verbs_are_the_makefiles() -> None:
    assert [row[0].removeprefix("make ") for row in table("Commands")] == [
        command for command in COMMANDS if command != "help"
    ]


def test_the_parameters_and_their_defaults_are_the_templates() -> None:
    declared = parse((ROOT / "template.yaml").read_text())["Parameters"]
    ours = {name: entry for name, entry in declared.items() if name in PARAMETERS}
    wanted = [[name, str(entry.get("Default", ""))] for name, entry in ours.items()]
    assert [row[:2] for row in table("Parameters")] == wanted


def test_the_environment_variables_and_their_defaults_are_the_agents() -> None:
    wanted = [[variable.name, variable.default, variable.meaning] for variable in VARIABLES]
    assert table("Environment variables") == wanted


def test_the_limits_are_the_codes() -> None:
    limits = {row[0]: row[1] for row in table("Limits")}
    template = (ROOT / "template.yaml").read_text()
    characters = next(v.default for v in VARIABLES if v.name == "SLUICE_MAX_PROMPT")
    assert limits["one message"] == f"{int(characters):,} characters"
    assert f"prompt: {{ type: string, minLength: 1, maxLength: {characters} }}" in template
    assert limits["one request"] == f"{MAX_BODY_BYTES // 1024} KiB"
    assert limits["sessions at once"].startswith(f"{MOST} on a laptop")
    assert limits["one stream"].startswith("15 minutes")
    assert "timeoutInMillis: 900000" in template
    assert limits["refresh token"].startswith("30 days")
    assert "RefreshTokenValidity: 30" in template


def test_every_verb_that_is_named_anywhere_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for command in re.findall(r"`(?:[A-Z_]+=\S+ )*make (?:-s )?([a-z-]+)", page.read_text()):
            assert command in COMMANDS, f"{page.name}: make {command}"


def test_every_link_leads_to_a_file() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text()
        targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text) + re.findall(
            r'(?:src|srcset)="(.*?)"', text
        )
        for target in targets:
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack as the README starts it."""
    with run_stack(tmp_path_factory.mktemp("state")) as running:
        yield running


def test_the_curl_line_streams_the_tutorials_answer(stack: RunningStack) -> None:
    """Run as it is written but for the port."""
    line = next(block for block in code_blocks() if block.startswith("curl"))
    answered = subprocess.run(
        ["bash", "-c", line.replace("http://localhost:3001/prod", stack.outputs["ApiUrl"])],
        cwd=ROOT,
        env={**_environment(), "SLUICE_STATE": str(stack.state)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    events = events_of(answered)
    assert events[0]["type"] == "RUN_STARTED"
    assert any(event.get("toolCallName") == "calculator" for event in events)
    assert events[-1]["type"] == "RUN_FINISHED"
    assert "100" in answered


def test_the_stack_prints_the_readmes_curl_line(stack: RunningStack) -> None:
    line = next(block for block in code_blocks() if block.startswith("curl"))
    printed = "\n".join(stack.lines).replace(stack.outputs["ApiUrl"], "http://localhost:3001/prod")
    for part in line.splitlines():
        assert part.strip() in printed


def test_make_dev_starts_the_stack(tmp_path: Path) -> None:
    """The README's first command, with a port and a state of its own."""
    process = subprocess.Popen(
        ["make", "dev", "PORT=0", f"ARGS=--state {tmp_path}"],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if "ready in" in line:
                break
        else:
            pytest.fail("".join(printed))
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


@pytest.mark.slow
def test_another_model_is_a_variable_of_the_shell(tmp_path: Path) -> None:
    """`SLUICE_MODEL=... make dev`: each variable is known, and the stack starts."""
    lines = [line for block in code_blocks() for line in block.splitlines() if "SLUICE_" in line]
    assert len(lines) == 2
    known = {variable.name for variable in VARIABLES}
    for number, line in enumerate(lines):
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        assert set(words) <= known
        with run_stack(tmp_path / str(number), environment=words):
            pass


def test_the_workflow_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert {"run": "bash .ci/run"} in workflow["jobs"]["test"]["steps"]
    script = (ROOT / ".ci" / "run").read_text()
    assert "make check" in script
    assert "make test" in script


def test_make_alone_lists_every_verb() -> None:
    printed = subprocess.run(
        ["make"], cwd=ROOT, env=_environment(), capture_output=True, text=True, check=True
    ).stdout
    for command in COMMANDS:
        assert f"make {command} " in printed


def _environment() -> dict[str, str]:
    """Without what an outer make hands down: these are a person's own calls."""
    return {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
