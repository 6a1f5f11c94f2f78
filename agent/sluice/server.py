"""Listens until SIGTERM or SIGINT, and ends in this order: runs, responses, the process."""

import signal
import socket
import sys
from types import FrameType
from typing import override

import uvicorn
from starlette.applications import Starlette

from sluice.serving.service import Service
from sluice.settings import Settings

# The runs have ended by then: what is left is to send their last events.
RESPONSES_SECONDS = 1
# How long the worker's thread may keep the interpreter while the server's waits for it, which is
# how long a /ping then takes at each of its steps. Python's own 5 ms made one of 500 streams wait
# three times as long (`make bench`, crowd).
SWITCH_SECONDS = 0.0005


def serve(app: Starlette, settings: Settings) -> None:
    """Listen until told to end; the process may then exit with 0."""
    sys.setswitchinterval(SWITCH_SECONDS)
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
    _Server(config, app.state.service).run()


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
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
