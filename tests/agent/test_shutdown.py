"""A process that is told to end stores its runs, tells their readers, and exits with 0."""

import json
import signal
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from agent_process import MAIN, start_agent
from wire_support import make_token, parse, said

HEADERS = {"Authorization": f"Bearer {make_token()}"}


def post(url: str, **body: Any) -> httpx.Response:
    with httpx.Client(timeout=20, trust_env=False) as http:
        return http.post(f"{url}/invocations", json=body, headers=HEADERS)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_process_told_to_end_stores_its_run_and_tells_its_readers(folder, told: int) -> None:
    body = {"prompt": "My name is Ada. Count to 10000", "threadId": "t", "runId": "r"}
    with (
        start_agent(folder, SLUICE_OFFLINE_DELAY_MS="5") as agent,
        httpx.Client(timeout=20, trust_env=False) as http,
        http.stream("POST", f"{agent.url}/invocations", json=body, headers=HEADERS) as answer,
    ):
        pieces = answer.iter_raw()
        head = b""
        while b"TEXT_MESSAGE_CONTENT" not in head:
            head += next(pieces)
        began = time.monotonic()
        agent.child.send_signal(told)
        events = parse(head + b"".join(pieces))
        assert agent.child.wait(10) == 0
        assert time.monotonic() - began < 3
    assert (events[-1].code, events[-1].metadata) == ("interrupted", {"retry": "replace"})
    with start_agent(folder) as agent:
        [run] = post(agent.url, action="get", threadId="t").json()["runs"]
        assert (run["state"], run["messages"][1]["content"]) == ("failed", said(events))
        told_again = parse(
            post(agent.url, action="resume", threadId="t", runId="r", after=0).content
        )
        assert (said(told_again), told_again[-1].code) == (said(events), "interrupted")


def test_a_process_that_has_just_begun_ends_at_once(folder) -> None:
    with start_agent(folder) as agent:
        agent.child.terminate()
        assert agent.child.wait(5) == 0


IN_RUST = """
import sys, threading, time
sys.path.insert(0, AGENT)
import main
from typing import Annotated
from pydantic import BeforeValidator, TypeAdapter

def wait(value):
    time.sleep(0.0005)
    return value

whole = TypeAdapter(list[Annotated[int, BeforeValidator(wait)]])
for _ in range(8):
    threading.Thread(target=whole.validate_python, args=([1] * 100_000,), daemon=True).start()
code = main.main()
print("left", code)
sys.exit(code)
"""


def test_a_process_ends_well_while_a_thread_is_in_a_library_of_rust(folder, tmp_path) -> None:
    """As the thread that imports Strands may be: Python aborts such a process."""
    main, log = tmp_path / "in_rust.py", tmp_path / "log"
    main.write_text(IN_RUST.replace("AGENT", repr(str(MAIN.parent))))
    with start_agent(folder, log, main) as agent:
        agent.child.terminate()
        assert agent.child.wait(10) == 0
    assert log.read_text().endswith("left 0\n"), "what it printed is not lost"


BLOCKED = """
import sys, threading
sys.path.insert(0, AGENT)
import main, sluice.server
from sluice.serving.run_executor import RunExecutor

async def block(_):
    print("blocked", flush=True)
    threading.Event().wait()

RunExecutor.carry_out = block
sluice.server.PROCESS_SECONDS = 0.1
sys.exit(main.main())
"""


def test_a_process_whose_loop_is_blocked_ends_all_the_same(folder, tmp_path, until) -> None:
    main, log = tmp_path / "blocked.py", tmp_path / "log"
    main.write_text(BLOCKED.replace("AGENT", repr(str(MAIN.parent))))
    body = b'{"prompt": "hi"}'
    head = f"POST /invocations HTTP/1.1\r\nHost: agent\r\nContent-Length: {len(body)}\r\n"
    head += f"Authorization: {HEADERS['Authorization']}\r\n\r\n"
    with start_agent(folder, log, main) as agent:
        address = urlsplit(agent.url)
        with socket.create_connection((address.hostname, address.port)) as sock:
            sock.sendall(head.encode() + body)
            until(lambda: "blocked" in log.read_text())
            agent.child.terminate()
            assert agent.child.wait(10) == 1


def test_who_comes_while_runs_end_is_told_in_band(run_agent, faulty, until) -> None:
    """The store hangs, so that the end of the run takes its time."""
    service: list[Any] = []
    with run_agent(SLUICE_OFFLINE_DELAY_MS="5") as client:
        service.append(client.app.state.service)
        with client.stream({"prompt": "Count to 10000", "threadId": "t"}) as answer:
            pieces = answer.iter_raw()
            head = b""
            while b"TEXT_MESSAGE_CONTENT" not in head:
                head += next(pieces)
            until(lambda: ("write", "threads") in [(o, k.split("/")[1]) for o, k in faulty.calls])
            faulty.hangs = lambda operation, key: operation == "write" and "/threads/" in key
            rest: list[bytes] = []
            reader = threading.Thread(target=lambda: rest.extend(pieces))
            reader.start()
            stopping = client.call(service[0].stop())
            refused = parse(client.post({"prompt": "hello", "threadId": "other"}).content)
            assert (refused[0].code, len(refused)) == ("interrupted", 1)
            assert refused[0].metadata == {"retry": "resend"}
            began = time.monotonic()
            stopping.result(10)
            reader.join(10)
        assert time.monotonic() - began < 3
        assert parse(head + b"".join(rest))[-1].code == "interrupted", (
            "though it could not be stored"
        )
        faulty.hangs = lambda *_: False


def test_the_logs_of_an_end_are_whole(folder, tmp_path) -> None:
    log = tmp_path / "log"
    with start_agent(folder, log) as agent:
        post(agent.url, prompt="hello")
        agent.child.terminate()
        assert agent.child.wait(10) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["message"] for line in lines] == ["run ended"]
    assert lines[0]["Runs"] == 1
    assert lines[0]["FirstTokenMilliseconds"] >= 0
