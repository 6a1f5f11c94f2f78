"""The agent's packages import downwards only, and what answers first imports nothing heavy.

The imports are read, not run: also those within functions and for type checkers count.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from checkout import ROOT

AGENT = ROOT / "agent"
# From the top to the bottom: a module imports from its own row's package, and from rows below.
ROWS = (
    ("server",),
    ("app",),
    ("serving",),
    ("agent_runner",),
    ("tools",),
    ("models",),
    ("runs",),
    ("threads",),
    ("auth",),
    ("agui",),
    ("storage",),
    ("telemetry",),
    ("settings", "network"),
    ("api", "aws", "mcp_servers", "service_error"),
)
LEVEL = {name: level for level, names in enumerate(ROWS) for name in names}
HEAVY = {"boto3", "botocore", "httpx", "httpx2", "mcp", "opentelemetry", "pydantic", "strands"}
# Packages whose modules are all imported late, and the late modules of the others.
LATE = {"sluice.agent_runner", "sluice.tools", "sluice.models"}
LATE |= {"sluice.aws", "sluice.storage.s3", "sluice.telemetry.spans", "sluice.telemetry.xray"}


def _sources() -> dict[str, str]:
    """The text of every module of the agent by its name, `main` among them."""
    files = [AGENT / "main.py", *(AGENT / "sluice").rglob("*.py")]
    return {_name(path): path.read_text() for path in files}


def _name(path: Path) -> str:
    parts = path.relative_to(AGENT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(text: str, at_once: bool = False) -> Iterator[str]:
    """The names that a module imports, dotted; `at_once`: only those of importing it."""
    pending: list[ast.AST] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        checked = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not (at_once and (late or checked)):
            pending += ast.iter_child_nodes(node)


def _imported(sources: Mapping[str, str], module: str, at_once: bool = False) -> set[str]:
    """The modules of the agent that a module imports."""
    names = set(_imports(sources[module], at_once))
    return {name if name in sources else name.rpartition(".")[0] for name in names} & {*sources}


def upward(sources: Mapping[str, str]) -> list[str]:
    """Every import against the direction."""
    return [
        f"{module} imports {imported}"
        for module in sorted(sources)
        if module.startswith("sluice.")
        for imported in sorted(_imported(sources, module))
        if _package(module) != _package(imported)
        and LEVEL[_package(module)] >= LEVEL[_package(imported)]
    ]


def _package(module: str) -> str:
    return module.split(".")[1]


def heavy(sources: Mapping[str, str]) -> list[str]:
    """What is heavy, or belongs to what is, and is imported at once by what answers first."""
    return [
        f"{module} imports {name}"
        for module in sorted(sources)
        if not _is_late(module)
        for name in sorted(_imports(sources[module], at_once=True))
        if name.partition(".")[0] in HEAVY or _is_late(name)
    ]


def _is_late(name: str) -> bool:
    return any(name == late or name.startswith(f"{late}.") for late in LATE)


def test_every_package_has_its_row_and_its_line_on_the_map() -> None:
    found = {_package(module) for module in _sources() if module.startswith("sluice.")}
    assert found == LEVEL.keys()
    text = ast.get_docstring(ast.parse(_sources()["sluice"])) or ""
    lines = re.findall(r"^((?:\w+, )*\w+)(?:  .*)?$", text, flags=re.M)
    assert sorted(name for line in lines for name in line.split(", ")) == sorted(found)


def test_imports_go_downwards() -> None:
    assert upward(_sources()) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    sources = _sources()
    graph = {module: _imported(sources, module) for module in sources}
    TopologicalSorter(graph).prepare()


def test_what_answers_first_imports_nothing_heavy() -> None:
    assert heavy(_sources()) == []


def test_a_package_passes_nothing_on() -> None:
    """What is imported stands in a module of its own, where a reader looks for it.

    `sluice` itself is what agent.py imports `Run` from.
    """
    for module, text in _sources().items():
        if module != "sluice" and (AGENT / module.replace(".", "/")).is_dir():
            body = ast.parse(text).body
            assert len(body) == 1, module
            assert ast.get_docstring(ast.parse(text)), module


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("sluice.storage.base", "from sluice.runs.run import Run"),
        ("sluice.agui.events", "from sluice import serving"),
        ("sluice.models.usage", "def late():\n    import sluice.agent_runner.runner"),
        ("sluice.service_error", "if TYPE_CHECKING:\n    from sluice.settings import Settings"),
    ],
)
def test_an_import_against_the_direction_is_noticed(module: str, line: str) -> None:
    sources = _sources()
    sources[module] += f"\n{line}\n"
    (said,) = upward(sources)
    assert said.startswith(f"{module} imports sluice.")


def test_a_circle_within_a_package_is_noticed() -> None:
    sources = _sources()
    sources["sluice.runs.run"] += "\nfrom sluice.runs import checkpointer\n"
    graph = {module: _imported(sources, module) for module in sources}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import boto3.session", ["sluice.runs.run imports boto3.session"]),
        ("from sluice.storage import s3", ["sluice.runs.run imports sluice.storage.s3"]),
        ("def late():\n    import boto3", []),
        ("if TYPE_CHECKING:\n    from strands import Agent", []),
    ],
)
def test_a_heavy_import_is_noticed_where_it_is_made_at_once(line: str, expected: list[str]) -> None:
    sources = _sources()
    sources["sluice.runs.run"] += f"\n{line}\n"
    assert heavy(sources) == expected
