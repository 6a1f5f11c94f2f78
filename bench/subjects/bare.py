"""Starlette and uvicorn alone: the least that a Python server can cost."""

import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route


async def ping(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "Healthy"})


async def invoke(request: Request) -> StreamingResponse:
    """As many events as the request's `events` says."""
    count = json.loads(await request.body()).get("events", 1)

    async def events() -> AsyncIterator[bytes]:
        for number in range(count):
            yield b'data: {"delta":"%d, "}\n\n' % number

    return StreamingResponse(events(), media_type="text/event-stream")


if __name__ == "__main__":
    routes = [Route("/ping", ping), Route("/invocations", invoke, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_config=None, ws="none")
