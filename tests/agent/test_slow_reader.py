"""F3: a reader who does not read costs little, and nobody else waits for it."""

import json
import socket
from urllib.parse import urlsplit

import httpx
from agent_process import start_agent
from wire_support import make_token, parse

HEADERS = {"Authorization": f"Bearer {make_token()}"}
READERS = 8


def send_and_read_nothing(url: str, body: dict[str, str]) -> socket.socket:
    address = urlsplit(url)
    content = json.dumps(body).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: agent\r\nAuthorization: {HEADERS['Authorization']}"
    sock = socket.socket()
    # So that the kernel itself takes next to nothing.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((address.hostname, address.port))
    sock.sendall(f"{head}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    return sock


def test_f3_a_slow_reader_costs_little_and_delays_nobody(folder, until) -> None:
    limit = {"SLUICE_MAX_TOKENS": "1000000"}
    ended = {"prompt": "Write 1000 kB", "threadId": "ended", "runId": "r"}
    live = ended | {"threadId": "live"}
    with (
        start_agent(folder, **limit) as agent,
        httpx.Client(timeout=30, trust_env=False, headers=HEADERS) as http,
    ):
        url = f"{agent.url}/invocations"
        http.post(url, json=ended)
        before = agent.memory()
        bodies = [ended, live] * READERS
        readers = [send_and_read_nothing(agent.url, body) for body in bodies]
        other = parse(http.post(url, json={"prompt": "thanks"}).content)
        assert other[-1].type.value == "RUN_FINISHED"
        # A run that waited for its readers would never end: they do not read.
        until(lambda: http.get(f"{agent.url}/ping").json()["status"] == "Healthy")
        assert agent.memory() - before < 16 * 1024 * 1024
        whole = parse(http.post(url, json=live).content)
        assert whole[-1].type.value == "RUN_FINISHED"
        for reader in readers:
            reader.close()
