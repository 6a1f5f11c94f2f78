"""A client that costs little: HTTP/1.0 over a socket, so that an answer's bytes are its body."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.processes import Server
from tests.wire_support import make_token

PATIENCE = 60.0
_DELTA = re.compile(rb'"delta": ?("(?:[^"\\]|\\.)*")')


@dataclass
class Answer:
    """An answer's bytes and when they came, in seconds of time.perf_counter()."""

    body: bytearray = field(default_factory=bytearray)
    first: float = 0.0
    last: float = 0.0
    words: float = 0.0

    @property
    def events(self) -> int:
        return self.body.count(b"data: ")

    @property
    def characters(self) -> int:
        """Those of all deltas: however a server joins them, the same answer has as many."""
        return sum(len(json.loads(delta)) for delta in _DELTA.findall(self.body))


def token(owner: str) -> str:
    """An ID token as AgentCore forwards it."""
    return make_token(owner)


async def post(
    server: Server, body: Mapping[str, Any], owner: str = "bench", words: bytes = b"delta"
) -> Answer:
    """Ask, and read to the end. `words` marks the first piece of the model's words."""
    head = (
        "POST /invocations HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token(owner)}\r\n"
    )
    return await _exchange(server, head, json.dumps(body).encode(), words)


async def ping(server: Server) -> bool:
    """Whether GET /ping answers with 200."""
    try:
        answer = await _exchange(server, "GET /ping HTTP/1.0\r\nHost: localhost\r\n", b"", b"")
    except OSError:
        return False
    return bool(answer.body)


async def wait_until_up(server: Server) -> None:
    """Wait for /ping. Raises RuntimeError when the process ends, or takes longer than a minute."""
    while not await ping(server):
        if server.process.poll() is not None or time.perf_counter() - server.started > PATIENCE:
            raise RuntimeError("a subject of the bench did not start")
        await asyncio.sleep(0.002)


async def _exchange(server: Server, head: str, body: bytes, words: bytes) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = Answer()
    try:
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in status.partition(b"\r\n")[0]:
            raise RuntimeError(f"the answer was {status.partition(b'\r\n')[0].decode()}")
        while chunk := await reader.read(256 * 1024):
            answer.last = time.perf_counter()
            answer.first = answer.first or answer.last
            answer.body += chunk
            if not answer.words and words in answer.body:
                answer.words = answer.last
    finally:
        writer.close()
    return answer
