"""What tests need to talk to real servers: a uvicorn on a free loopback port, in a thread."""

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn


def free_socket() -> socket.socket:
    """A socket bound to a loopback port that the system chose, so that test runs never collide."""
    # Named in full: asyncio sets TCP_NODELAY only on sockets whose protocol says TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return sock


def free_ports(count: int) -> int:
    """The first of so many free ports in a row, of those that no system gives out by itself."""
    for first in random.sample(range(20_000, 32_000, count), 1_000):
        with contextlib.ExitStack() as bound:
            try:
                for port in range(first, first + count):
                    bound.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise AssertionError(f"there are no {count} free ports in a row")


@contextlib.contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an ASGI app over real HTTP; yields its base URL, such as http://127.0.0.1:40123."""
    sock = free_socket()
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.loop = asyncio.get_running_loop()
            self.left = asyncio.Event()
            started.set()

        async def main_loop(self) -> None:
            # uvicorn's own looks ten times a second whether to end; hundreds of tests wait for it.
            await self.on_tick(0)
            await self.left.wait()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # As uvicorn's own, which waits for tasks by looking for them, and 0.1 s at the least.
            # What was accepted just now is a connection some rounds later, and only while its
            # listener is open: asyncio drops it unclosed when that has gone.
            for server in self.servers:
                for listening in server.sockets:
                    self.loop.remove_reader(listening.fileno())
            for _ in range(4):
                await asyncio.sleep(0)
            for listener in (*self.servers, *(sockets or ())):
                listener.close()
            for connection in list(self.server_state.connections):
                connection.shutdown()
            if tasks := list(self.server_state.tasks):
                _, late = await asyncio.wait(tasks, timeout=1)
                for task in late:
                    task.cancel()
            await self.lifespan.shutdown()
            # What came or stayed meanwhile, or it would be found open when the loop is gone.
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)

    server = Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        assert started.wait(10), "the test server did not start"
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.loop.call_soon_threadsafe(server.left.set)
        thread.join(10)
        sock.close()
