"""The AWS services that the agent's own files make clients of, as far as reading them tells.

Here every service works; the bundle holds the descriptions of those that are used alone, because
all of them would double it. So `make bundle` keeps what is named here, and `make dev` says what it
could not.
"""

import ast
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETTING = "[tool.sluice] services in agent/pyproject.toml"

_MAKERS = ("client", "resource", "create_client")
_MODULES = ("boto3", "aioboto3", "botocore", "aiobotocore")
# Their own code names services that are not asked for, or that the bundle has anyway.
_KNOWN_PACKAGES = (*_MODULES, "s3transfer", "strands", "strands_tools", "mcp")


@dataclass(frozen=True)
class Services:
    """What the files and the setting name, and a sentence for each thing that is wrong or unseen.

    Names are botocore's, such as `dynamodb`.
    """

    names: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def read_services(agent: Path, with_packages: bool = False) -> Services:
    """Read the files of a folder agent/ that are not Sluice's, and its pyproject.toml.

    `with_packages` also reads the installed packages that they import, for what those ask for.
    """
    found = _setting(agent / "pyproject.toml")
    is_listed = bool(found.names)
    modules: set[str] = set()
    for path in own_files(agent):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue  # the agent says so itself when it starts
        reader = _Reader(tree, path.relative_to(agent.parent))
        names = found.names | reader.strings() & services()
        unseen = () if is_listed else reader.unseen
        found = Services(names, found.unknown + reader.unknown, found.unseen + unseen)
        modules |= set(_imports(tree))
    if with_packages:
        found = replace(found, names=found.names | _asked_by(modules))
    return found


def own_files(agent: Path) -> list[Path]:
    """The Python files of agent/ that the person wrote."""
    files = []
    for path in sorted(agent.rglob("*.py")):
        parts = path.relative_to(agent).parts
        if parts[0] not in ("sluice", "main.py") and not any(p.startswith(".") for p in parts):
            files.append(path)
    return files


@cache
def services() -> frozenset[str]:
    """Every service that botocore knows."""
    spec = find_spec("botocore")
    assert spec is not None and spec.origin is not None  # noqa: S101, PT018 - a dependency
    data = Path(spec.origin).parent / "data"
    return frozenset(path.name for path in data.iterdir() if path.is_dir())


def _setting(pyproject: Path) -> Services:
    try:
        table = tomllib.loads(pyproject.read_text()).get("tool", {}).get("sluice", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        return Services(unknown=(f"agent/pyproject.toml cannot be read: {error}.",))
    listed = table.get("services", [])
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return Services(unknown=(f"{SETTING}: a list of names such as dynamodb is expected.",))
    unknown = [f"{SETTING}: {_no_service(name)}" for name in listed if name not in services()]
    return Services(frozenset(listed) & services(), tuple(unknown))


def _no_service(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), services(), 3)
    hint = f"; is it {' or '.join(close)}?" if close else "."
    return f"AWS has no service {name!r} by botocore's names{hint}"


class _Reader:
    """What one file of the person says about clients."""

    def __init__(self, tree: ast.Module, path: Path) -> None:
        self._tree = tree
        self._aliases, self._functions = _boto_names(tree)
        self._sessions = self._session_names()
        self._constants = _constants(tree)
        unknown, unseen = [], []
        for call in self._calls():
            place = f"{path.as_posix()}:{call.lineno}"
            argument = _service_argument(call)
            name = self._constants.get(argument.id) if isinstance(argument, ast.Name) else None
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                name = argument.value
            if name is None:
                unseen.append(
                    f"{place} makes a client of a service that only a run knows: list it as "
                    f"{SETTING}, or the deployed agent may lack it."
                )
            elif name not in services():
                unknown.append(f"{place}: {_no_service(name)}")
        self.unknown, self.unseen = tuple(unknown), tuple(unseen)

    def strings(self) -> set[str]:
        """Every string of the file: a service's name may stand anywhere, such as in a table."""
        nodes = ast.walk(self._tree)
        return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}

    def _calls(self) -> Iterator[ast.Call]:
        """The calls that are boto3's for certain."""
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) if name in self._functions:
                    yield node
                case ast.Attribute(value=value, attr=name) if name in _MAKERS:
                    if self._is_boto(value):
                        yield node

    def _is_boto(self, node: ast.expr) -> bool:
        """Whether an expression is boto3 itself or a session of it."""
        if isinstance(node, ast.Name):
            return node.id in self._aliases or node.id in self._sessions
        if isinstance(node, ast.Attribute):
            return node.attr in self._sessions
        return isinstance(node, ast.Call) and self._is_session(node)

    def _is_session(self, node: ast.Call) -> bool:
        name = ast.unparse(node.func)
        module, _, function = name.rpartition(".")
        is_maker = function in ("Session", "get_session")
        return is_maker and (module.partition(".")[0] or function) in self._aliases

    def _session_names(self) -> set[str]:
        """Variables and attributes that hold a session."""
        names = set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if self._is_session(node.value):
                    names |= {t.id for t in targets if isinstance(t, ast.Name)}
                    names |= {t.attr for t in targets if isinstance(t, ast.Attribute)}
        return names


def _boto_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """What a file calls boto3's modules and session makers, and its functions."""
    modules: set[str] = set()
    functions: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.partition(".")[0] in _MODULES:
                    modules.add(name.asname or name.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _MODULES:
            for name in node.names:
                kind = functions if name.name in _MAKERS else modules
                kind.add(name.asname or name.name)
    return modules, functions


def _constants(tree: ast.Module) -> dict[str, str]:
    """The names that a file gives one string, and nothing else."""
    given: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            given.setdefault(node.id, []).append(None)
        elif isinstance(node, ast.arg):
            given.setdefault(node.arg, []).append(None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                given[target.id][given[target.id].index(None)] = node.value
    return {
        name: values[0].value
        for name, values in given.items()
        if len(values) == 1
        and isinstance(values[0], ast.Constant)
        and isinstance(values[0].value, str)
    }


def _service_argument(call: ast.Call) -> Any:
    for keyword in call.keywords:
        if keyword.arg == "service_name":
            return keyword.value
    return call.args[0] if call.args else None


def _imports(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports, and what it takes from them, which may be modules too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _asked_by(modules: set[str]) -> frozenset[str]:
    """The services that installed packages make clients of, by name: the whole of a package that
    is imported, and of those that everybody's agent has, the modules that are named."""
    files: set[Path] = set()
    for top in {name.partition(".")[0] for name in modules}:
        spec = find_spec(top)
        folders = [Path(each) for each in (spec.submodule_search_locations or [])] if spec else []
        if spec is None or not any("site-packages" in each.parts for each in folders):
            continue  # Python's own, the person's own, or a single file
        if top not in _KNOWN_PACKAGES:
            files |= {path for folder in folders for path in folder.rglob("*.py")}
            continue
        for name in modules:
            parts = name.split(".")
            if parts[0] == top:
                files |= {folder.joinpath(*parts[1:]).with_suffix(".py") for folder in folders}
    return frozenset(name for path in files for name in _clients_in(path)) & services()


def _clients_in(path: Path) -> Iterator[str]:
    """The names in calls such as `anything.client("dynamodb")`."""
    if not path.is_file() or b"boto" not in (source := path.read_bytes()):
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _MAKERS:
            argument = _service_argument(node)
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
