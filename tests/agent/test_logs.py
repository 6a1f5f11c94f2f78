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
from sluice.logs import ContentFreeFormatter
from support import free_socket
from wire_support import make_token

MAIN = Path(__file__).parents[2] / "agent" / "main.py"
CANARY = "CANARY-51e0"


@contextlib.contextmanager
def process(log: Path, until, **environ: str) -> Iterator[str]:
    """The agent as AgentCore starts it; everything it prints goes to `log`."""
    with free_socket() as sock:
        port = sock.getsockname()[1]
    environ = (
        os.environ
        | {
            "SLUICE_MODEL": "offline",
            "SLUICE_OFFLINE_DELAY_MS": "0",
            "SLUICE_HOST": "127.0.0.1",
            "SLUICE_PORT": str(port),
        }
        | environ
    )
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


def test_t8_a_canary_is_in_no_log_line(tmp_path: Path, until) -> None:
    log = tmp_path / "log"
    blocked = tmp_path / "file"
    blocked.write_text("storage that fails")
    with process(log, until, SLUICE_CONVERSATIONS=str(blocked / "below")) as url:
        headers = {"Authorization": f"Bearer {make_token(CANARY)}", "baggage": "%zz,=;"}
        bodies = [
            {"prompt": f"My secret is {CANARY}"},
            {"prompt": f"{CANARY} 9**9**9 + 1/0 +", "threadId": "t"},
            {"prompt": [CANARY]},
            {"messages": [{"role": "user", "content": CANARY}], "threadId": CANARY + " "},
            {"action": CANARY},
            CANARY,
        ]
        for body in bodies:
            httpx.post(f"{url}/invocations", json=body, headers=headers, timeout=30)
        broken = f'{{"prompt": "{CANARY}"'.encode()
        httpx.post(f"{url}/invocations", content=broken, headers=headers)
        httpx.post(f"{url}/{CANARY}", headers=headers)
        bad = {"Authorization": f"Bearer {CANARY}"}
        httpx.post(f"{url}/invocations", json={"prompt": CANARY}, headers=bad)
    logged = log.read_text()
    assert '"message": "run ended"' in logged
    assert "a conversation could not be saved" in logged
    assert CANARY not in logged
    assert all(json.loads(line)["level"] for line in logged.splitlines())


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
