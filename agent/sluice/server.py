"""Listens until SIGTERM or SIGINT, and ends in this order: runs, responses, the process."""

import atexit
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import override

import uvicorn
from starlette.applications import Starlette

from sluice.serving.service import Service
from sluice.settings import Settings

# The runs have ended by then: what is left is to send their last events.
RESPONSES_SECONDS = 1
# All of it takes 4 s at most, unless something blocks the loop or a thread, or takes no end.
PROCESS_SECONDS = 8.0


def serve(app: Starlette, settings: Settings) -> None:
    """Listen until told to end; the process may then exit with 0."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        # Named, so that uvicorn does not look for other implementations while it starts.
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=RESPONSES_SECONDS,
    )
    server = _Server(config, app.state.service)
    # Registered before what the app imports, and so called after all of it.
    atexit.register(_leave_after, server)
    server.run()


def _leave_after(server: uvicorn.Server) -> None:
    """End the process, if the server was told to end, before Python ends its daemon threads.

    It unwinds them where they are. In a library of Rust or C++, as pydantic's in the middle of an
    import, that aborts the process: "FATAL: exception not rethrown".
    https://github.com/python/cpython/issues/87135
    """
    if server.should_exit and server.started:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class _Server(uvicorn.Server):
    """uvicorn's own would close the streams first, and leave runs and their stores no time."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Still listening: who comes now is told in-band, and followers get their last event.
        await self._service.stop()
        await super().shutdown(sockets)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn's own raises the signal again when all is done, which would be its exit status.
        if self.should_exit:
            self.force_exit |= sig == signal.SIGINT
            return
        self.should_exit = True
        # In a thread, which a loop that is blocked does not hold up.
        last = threading.Timer(PROCESS_SECONDS, os._exit, (1,))
        last.daemon = True
        last.start()
