"""Under `make dev` a developer reads what their own code raised, and only there."""

import json
import logging
from pathlib import Path

import pytest
from sluice.settings import Settings
from sluice.telemetry import logs
from sluice.telemetry.logs import ContentFreeFormatter
from sluice.tools.own import load_tools
from sluice.tools.timeout import Limited
from tool_calls import call, told

FAILING = '''
from strands import tool

@tool
def fetch() -> str:
    """Fetch."""
    raise ValueError("CANARY-1")
'''


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder agent/ of a person's own files, beside Sluice's package."""
    (tmp_path / "agent" / "tools").mkdir(parents=True)
    monkeypatch.setattr(logs, "_OURS", tmp_path / "agent" / "sluice")
    return tmp_path / "agent"


def written(records: list[logging.LogRecord], tracebacks: bool) -> str:
    return "\n".join(map(ContentFreeFormatter(tracebacks).format, records))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("raise ValueError('CANARY-2')", "ValueError: CANARY-2"),
        ("def CANARY(:", "SyntaxError: invalid syntax"),
        ("raise SystemExit('CANARY-3')", "SystemExit: CANARY-3"),
        (f"{FAILING}\nSECONDS = 'long'", "TypeError: SECONDS is a number"),
    ],
)
def test_what_a_file_raises_at_import_is_shown(agent, caplog, text: str, shown: str) -> None:
    (agent / "tools" / "own.py").write_text(text)
    load_tools(agent / "tools")
    first, *traceback = written(caplog.records, tracebacks=True).splitlines()
    assert "own.py cannot be used" in json.loads(first)["message"]
    assert traceback[0] == "Traceback (most recent call last):"
    assert shown in traceback[-1]


@pytest.mark.anyio
async def test_what_a_tool_raises_in_a_call_is_shown_with_its_line(agent, caplog) -> None:
    (agent / "tools" / "own.py").write_text(FAILING)
    ((tool, seconds),) = load_tools(agent / "tools")
    answer = await call(Limited(tool, seconds), {})
    assert told(answer) == "The tool failed: something went wrong inside it."
    shown = written(caplog.records, tracebacks=True)
    assert f'File "{agent / "tools" / "own.py"}", line 7, in fetch' in shown
    assert shown.endswith("ValueError: CANARY-1")


@pytest.mark.anyio
async def test_t8_without_the_setting_no_text_of_an_exception_is_logged(agent, caplog) -> None:
    (agent / "tools" / "own.py").write_text(FAILING)
    (agent / "tools" / "wrong.py").write_text("raise ValueError('CANARY-2')")
    ((tool, seconds),) = load_tools(agent / "tools")
    await call(Limited(tool, seconds), {})
    lines = written(caplog.records, tracebacks=False).splitlines()
    assert len(caplog.records) == 2
    assert all(json.loads(line)["exception"] for line in lines)
    assert "CANARY" not in "".join(lines)


def raised(raiser, *causes: BaseException) -> logging.LogRecord:
    try:
        raiser()
    except BaseException as error:
        error.__cause__ = causes[0] if causes else None
        return logging.LogRecord(
            "sluice.x", 30, "m.py", 7, "failed", (), (type(error), error, None)
        )
    raise AssertionError


def compiled(path: Path):
    """A function of a file that raises."""
    scope: dict = {}
    exec(compile("def f(): raise ValueError('CANARY')", str(path), "exec"), scope)  # noqa: S102
    return scope["f"]


def test_t8_what_sluice_or_a_library_raises_is_never_shown(agent) -> None:
    others = ("sluice/x.py", "main.py", ".venv/lib/site-packages/y.py", "../elsewhere.py")
    for name in others:
        record = raised(compiled(agent.joinpath(name).resolve()))
        assert "CANARY" not in written([record], tracebacks=True), name


def test_own_code_is_found_in_causes_and_groups_and_a_circle_ends(agent) -> None:
    own = compiled(agent / "agent.py")
    try:
        own()
    except ValueError as error:
        inner = error
    inner.__context__ = outer = RuntimeError("outer")
    outer.__context__ = inner

    def group() -> None:
        raise ExceptionGroup("several", [inner])

    for record in (raised(compiled(agent / "sluice" / "x.py"), inner), raised(group)):
        assert "CANARY" in written([record], tracebacks=True)


def test_the_setting_is_off_but_where_it_is_set() -> None:
    given = {"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "/nowhere"}
    assert not Settings.read(given).tracebacks
    assert Settings.read(given | {"SLUICE_TRACEBACKS": "on"}).tracebacks
