"""Platform V2: a snapshot after the first healthy /ping, restored for each session."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from sluice.serving.loader import MODEL_MODULES, Loader, _modules
from sluice.settings import Settings, SettingsError

AGENT = Path(__file__).parents[2] / "agent"
SOURCES = sorted((AGENT / "sluice").rglob("*.py"))
CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "now", "utcnow", "today"}


def test_ping_answers_503_until_everything_is_imported(run_agent, monkeypatch, until) -> None:
    may_import = threading.Event()

    def held_back(_: Settings) -> list[str]:
        may_import.wait(10)
        return []

    monkeypatch.setattr("sluice.serving.loader._modules", held_back)
    with run_agent(SLUICE_PLATFORM="V2") as client:
        url = f"{client.url}/ping"
        assert httpx.get(url, trust_env=False).status_code == 503
        may_import.set()
        until(lambda: httpx.get(url, trust_env=False).status_code == 200)


def test_an_import_that_fails_does_not_hide_the_agent(run_agent, monkeypatch, until) -> None:
    """The first run meets it again and says in-band what is wrong, as under V1."""
    monkeypatch.setattr("sluice.serving.loader._modules", lambda _: ["sluice.missing"])
    with run_agent(SLUICE_PLATFORM="V2") as client:
        until(lambda: client.app.state.service.ready)
        assert client.ping() == "Healthy"


def test_nothing_is_opened_before_the_first_request(run_agent, monkeypatch, until) -> None:
    """A store, a model and MCP servers' connections would be in the snapshot."""
    opened = []
    make = Loader._load

    def load(self: Loader) -> None:
        opened.append(self)
        make(self)

    monkeypatch.setattr(Loader, "_load", load)
    with run_agent(SLUICE_PLATFORM="V2") as client:
        until(lambda: client.app.state.service.ready)
        client.ping()
        assert opened == []
        client.act("list")
        client.ask("hello")
        assert len(opened) == 1


def test_the_time_of_the_last_change_is_left_out_until_there_is_one(run_agent, until) -> None:
    with run_agent(SLUICE_PLATFORM="V2") as client:
        until(lambda: client.app.state.service.ready)
        url = f"{client.url}/ping"
        assert httpx.get(url, trust_env=False).json() == {"status": "Healthy"}
        client.ask("hello")
        assert "time_of_last_update" in httpx.get(url, trust_env=False).json()


def test_clocks_that_jump_between_warming_and_the_first_run_harm_nothing(
    run_agent, monkeypatch, until
) -> None:
    with run_agent(SLUICE_PLATFORM="V2") as client:
        until(lambda: client.app.state.service.ready)
        wall = time.time
        monkeypatch.setattr("sluice.runs.registry.time.time", lambda: wall() + 2 * 86_400)
        assert client.ask("hello")[-1].type == "RUN_FINISHED"
        told = httpx.get(f"{client.url}/ping", trust_env=False).json()
        assert told["time_of_last_update"] >= int(wall()) + 86_400


RESTORED = """
import json, os, random
random.seed(1)
from sluice.agent_runner import runner, translation
from sluice.storage import document
from sluice.agui import request
told = []
for _ in range(2):
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        made = [translation._new_id(), request._new_id(), document._random.random()]
        os.write(writing, json.dumps(made).encode())
        os._exit(0)
    os.close(writing)
    told.append(json.loads(os.read(reading, 4096)))
    os.waitpid(child, 0)
print(json.dumps(told))
"""


def test_two_processes_restored_from_one_state_make_other_ids_and_pauses() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RESTORED],
        env={**os.environ, "PYTHONPATH": str(AGENT)},
        capture_output=True,
        check=True,
        timeout=50,
    )
    first, second = json.loads(ran.stdout)
    assert not set(first) & set(second)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(AGENT)))
def test_no_module_draws_from_a_seeded_random_or_reads_a_clock_on_import(source: Path) -> None:
    tree = ast.parse(source.read_text())
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.ImportFrom) and node.module == "random"), source
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            drawn = node.value.id == "random" and node.attr != "SystemRandom"
            assert not drawn, (
                f"{source}:{node.lineno}: random.{node.attr} is restored with its seed"
            )
    for call in calls_on_import(tree):
        read = isinstance(call.func, ast.Attribute) and call.func.attr in CLOCKS
        assert not read, f"{source}:{call.lineno}: a clock that the snapshot keeps"


def calls_on_import(node: ast.AST) -> list[ast.Call]:
    """The calls outside of functions, defaults of whose parameters count too."""
    found = [node] if isinstance(node, ast.Call) else []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            child = child.args
        elif isinstance(child, ast.Lambda):
            continue
        found += calls_on_import(child)
    return found


@pytest.mark.parametrize("model", sorted(MODEL_MODULES))
def test_what_is_warmed_can_be_imported(model: str) -> None:
    settings = Settings.read(
        {
            "SLUICE_MODEL": model,
            "SLUICE_MODEL_ID": "m",
            "AWS_REGION": "us-east-1",
            "SLUICE_CONVERSATIONS": "s3://a-bucket",
            "SLUICE_TRACES": "http://127.0.0.1:4318",
        }
    )
    assert all(importlib.util.find_spec(name) for name in _modules(settings))


def test_a_platform_that_is_unknown_is_refused() -> None:
    with pytest.raises(SettingsError, match="SLUICE_PLATFORM is V3: set it to one of V1, V2"):
        Settings.read(
            {"SLUICE_MODEL": "ollama", "SLUICE_CONVERSATIONS": "c", "SLUICE_PLATFORM": "V3"}
        )
