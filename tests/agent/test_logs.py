"""T8: no prompt, token or exception text is in any log line, errors included."""

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bedrock_support import behind_bedrock
from sluice.telemetry.logs import ContentFreeFormatter
from support import free_socket
from wire_support import make_token

MAIN = Path(__file__).parents[2] / "agent" / "main.py"
CANARY = "CANARY-51e0"
ARGUMENT = "481516234229"


@contextlib.contextmanager
def process(log: Path, until, **environ: str) -> Iterator[str]:
    """The agent as AgentCore starts it; everything it prints goes to `log`."""
    with free_socket() as sock:
        port = sock.getsockname()[1]
    own = {"SLUICE_HOST": "127.0.0.1", "SLUICE_PORT": str(port)}
    environ = os.environ | own | behind_bedrock(environ)
    with log.open("wb") as out:
        child = subprocess.Popen([sys.executable, MAIN], env=environ, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{url}/ping").status_code == 200
        return False

    try:
        until(answers)
        yield url
    finally:
        child.terminate()
        assert child.wait(10) in (0, -15)


def ask_everything(url: str) -> None:
    """Requests of every kind, right and wrong; whatever a person may write holds CANARY."""
    headers = {"Authorization": f"Bearer {make_token(CANARY)}", "baggage": "%zz,=;"}
    thread = {"threadId": "t"}
    bodies = [
        {"prompt": f"My secret is {CANARY}", "timeZone": CANARY},
        {"prompt": f"{CANARY} {ARGUMENT} / 0 +", **thread},
        # The tool's argument, and its result.
        {"prompt": f"What is {ARGUMENT} * 2?", **thread, "runId": "r"},
        {"prompt": [CANARY]},
        {"messages": [{"role": "user", "content": CANARY}], "threadId": CANARY + " "},
        {"action": CANARY},
        {"action": "rename", **thread, "title": CANARY},
        {"action": "rename", **thread, "title": CANARY * 100},
        {"action": "rename", "threadId": "another", "title": CANARY},
        {"action": "rate", **thread, "runId": "r", "rating": CANARY},
        {"action": "list"},
        {"action": "get", **thread},
        {"action": "resume", **thread, "runId": "r", "after": CANARY},
        {"action": "delete", **thread},
        {"action": "warm"},
        CANARY,
    ]
    for body in bodies:
        httpx.post(f"{url}/invocations", json=body, headers=headers, timeout=30)
    broken = f'{{"prompt": "{CANARY}"'.encode()
    httpx.post(f"{url}/invocations", content=broken, headers=headers)
    httpx.post(f"{url}/{CANARY}", headers=headers)
    bad = {"Authorization": f"Bearer {CANARY}"}
    httpx.post(f"{url}/invocations", json={"prompt": CANARY}, headers=bad)


@pytest.mark.parametrize("storage", ["works", "fails"])
def test_t8_a_canary_is_in_no_log_line(tmp_path: Path, until, storage: str) -> None:
    log = tmp_path / "log"
    place = tmp_path / "conversations"
    if storage == "fails":
        place.write_text("a file where a folder should be")
    with free_socket() as sock:
        nobody = f"http://127.0.0.1:{sock.getsockname()[1]}"
    server = {"name": "docs", "url": f"{nobody}/{CANARY}", "auth": "bearer", "token": CANARY}
    environment = {
        "SLUICE_CONVERSATIONS": str(place),
        "SLUICE_MCP": json.dumps([server]),
        "SLUICE_TRACES": f"{nobody}/{CANARY}",
    }
    with process(log, until, **environment) as url:
        ask_everything(url)
    logged = log.read_text()
    lines = [json.loads(line) for line in logged.splitlines()]
    assert all(line["level"] for line in lines)
    ended = [line for line in lines if line.get("message") == "run ended"]
    assert all(line["_aws"]["CloudWatchMetrics"] for line in ended)
    assert any(line["ToolCalls"] for line in ended)
    assert any("exception" in line for line in lines)
    for secret in (CANARY, ARGUMENT, str(int(ARGUMENT) * 2)):
        assert secret not in logged


@pytest.mark.parametrize(
    "wrong",
    [f'[{{"name": "{CANARY}', f'[{{"name": "docs", "url": "{CANARY}", "token": "{CANARY}"}}]'],
    ids=["not JSON", "no URL"],
)
def test_t8_servers_that_cannot_be_used_are_not_quoted(wrong: str, tmp_path: Path) -> None:
    environ = {**os.environ, "AWS_REGION": "us-east-1", "SLUICE_MCP": wrong}
    environ["SLUICE_CONVERSATIONS"] = str(tmp_path)
    ended = subprocess.run(
        [sys.executable, MAIN], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "SLUICE_MCP" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr


def test_t8_a_key_that_cannot_be_used_is_not_quoted(tmp_path: Path, until) -> None:
    wrong = {"SLUICE_MODEL": "openai", "SLUICE_MODEL_ID": "m", "SLUICE_MODEL_KEY": f"{CANARY}\n"}
    log = tmp_path / "log"
    with process(log, until, SLUICE_CONVERSATIONS=str(tmp_path / "c"), **wrong) as url:
        headers = {"Authorization": f"Bearer {make_token('alice')}"}
        for body in ({"prompt": "Hello"}, {"action": "warm"}):
            answer = httpx.post(f"{url}/invocations", json=body, headers=headers, timeout=30)
            assert CANARY not in answer.text
    assert log.read_text()
    assert CANARY not in log.read_text()


def test_t8_a_library_may_neither_quote_nor_raise_content() -> None:
    error = RuntimeError(CANARY)
    error.__cause__ = ValueError(CANARY)
    shown = (RuntimeError, error, None)
    record = logging.LogRecord("strands.x", 30, "m.py", 7, "raw=<%s>", (CANARY,), shown)
    line = ContentFreeFormatter().format(record)
    assert CANARY not in line
    told = json.loads(line)
    assert told["place"] == "m:7"
    assert [shape["type"] for shape in told["exception"]] == ["RuntimeError", "ValueError"]


def test_our_own_lines_say_what_happened() -> None:
    record = logging.LogRecord("sluice.app", 20, "app.py", 7, "run %s", ("ended",), None)
    record.fields = {"run": "r"}
    told = json.loads(ContentFreeFormatter().format(record))
    assert (told["message"], told["run"], told["level"]) == ("run ended", "r", "INFO")
