"""Starts the agent with an agent.py of a test's own, and with a model that plays a script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sluice.agent_runner.runner
from scripted import Scripted, say

type RunFile = Callable[..., Any]


@pytest.fixture
def run_file(run_agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFile:
    """Start the agent with a file of this text; the rest are variables of its environment."""
    monkeypatch.setattr("sluice.agent_runner.retry.DELAYS", [0.0, 0.0, 0.0])

    def run(file: str | Path, model: Any = None, **environ: str) -> Any:
        model = model or Scripted(say("Yes"))
        monkeypatch.setattr(sluice.agent_runner.runner, "make_model", lambda _: model)
        path = file if isinstance(file, Path) else tmp_path / "agent.py"
        if isinstance(file, str):
            path.write_text(file)
        return run_agent(SLUICE_AGENT=str(path), **environ)

    return run
