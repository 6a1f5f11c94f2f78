"""The user's agent.py: which of three kinds it is, decided by what it defines.

build_agent(run)    returns a Strands agent, a graph or a swarm for each run
answer(run)         an async generator that speaks itself, with any framework
app                 a BedrockAgentCoreApp with an entry point, as AgentCore's own starter has it
"""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from sluice.service_error import AgentFileError

# Beside the package: agent/agent.py in a checkout, agent.py in the bundle.
OWN = Path(__file__).parents[2] / "agent.py"
MODULE = "sluice_agent_file"
_KINDS = "`build_agent(run)`, `answer(run)` or a BedrockAgentCoreApp with an entry point"

type Kind = Literal["build_agent", "answer", "app"]


@dataclass(frozen=True)
class AgentFile:
    """A file that was imported; `entry` is the function that answers, `approve` the names of the
    tools that a person is asked about first."""

    kind: Kind
    entry: Callable[..., Any]
    module: ModuleType
    approve: frozenset[str] = frozenset()


def load(path: Path) -> AgentFile:
    """Import a file and find out what it is.

    Raises:
        AgentFileError: It cannot be imported, or defines none of the three, or two of them.
    """
    if not path.is_file():
        raise AgentFileError(
            f"{path} is not there: restore it (`git checkout agent/agent.py`), or name another "
            "file with SLUICE_AGENT."
        )
    module = _import(path)
    app = next((value for value in vars(module).values() if _is_app(value)), None)
    main = app.handlers.get("main") if app is not None else None
    functions = {
        name: value
        for name in ("build_agent", "answer")
        # An app's entry point may have any name.
        if callable(value := getattr(module, name, None)) and value is not main
    }
    found = [*functions, *(["app"] if app is not None else [])]
    if len(found) != 1:
        what = f"two of them ({' and '.join(found)})" if found else "none of them"
        raise AgentFileError(f"{path.name} must define one of {_KINDS}; it defines {what}.")
    if app is not None:
        if main is None:
            raise AgentFileError(
                f"{path.name}: `app` has no entry point: put @app.entrypoint before the function "
                "that answers."
            )
        return AgentFile("app", main, module)
    ((name, function),) = functions.items()
    _check_signature(path, name, function)
    if name == "answer":
        return AgentFile("answer", function, module)
    return AgentFile("build_agent", function, module, _read_approve(path, module))


def _read_approve(path: Path, module: ModuleType) -> frozenset[str]:
    approve = getattr(module, "approve", ())
    is_list = isinstance(approve, list | tuple | set | frozenset)
    if not is_list or not all(isinstance(name, str) for name in approve):
        raise AgentFileError(
            f'{path.name}: `approve` must be a list of the names of tools: approve = ["send_mail"].'
        )
    return frozenset(approve)


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise AgentFileError(f"{path} is not a Python file: its name ends with .py.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and annotations look their module up.
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0].replace("_", "-")
        raise AgentFileError(
            f"{path.name} cannot be imported: there is no module {error.name}. If it is of the "
            f"package {package}, run `uv add --package sluice-agent {package}`."
        ) from error
    # SystemExit is what a script says at its end.
    except (Exception, SystemExit) as error:
        raise AgentFileError(
            f"{path.name} cannot be imported: it raised {type(error).__name__}, at the line that "
            "its traceback names."
        ) from error
    return module


def _is_app(value: object) -> bool:
    """By name: importing the package costs a third of a second, and few files use it."""
    kinds = type(value).__mro__
    return any(
        kind.__name__ == "BedrockAgentCoreApp" and kind.__module__.startswith("bedrock_agentcore.")
        for kind in kinds
    )


def _check_signature(path: Path, name: str, function: Callable[..., Any]) -> None:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise AgentFileError(
            f"{path.name}: `{name}` must take one argument, the run: `def {name}(run: Run)`."
        ) from None
    if name == "answer" and not inspect.isasyncgenfunction(function):
        raise AgentFileError(
            f"{path.name}: `answer` must be an async generator: `async def answer(run)` with "
            "`yield` for each piece of text."
        )
