"""Starlette and uvicorn alone, with frames as Sluice's: the least that a Python server costs."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

FRAME = (
    b'id: %d\ndata: {"type":"TEXT_MESSAGE_CONTENT",'
    b'"messageId":"b1e4c9a2-7c55-4f0e-9d53-0d2f6f1c8a3e","delta":"%d, "}\n\n'
)


async def ping(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "Healthy"})


async def invoke(request: Request) -> StreamingResponse:
    """As many events as the request's `events` says, with `pause` seconds before each."""
    asked = json.loads(await request.body())
    count, pause = asked.get("events", 1), asked.get("pause", 0)

    async def events() -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        due = clock()
        for number in range(1, count + 1):
            if pause:
                due += pause
                await asyncio.sleep(max(0, due - clock()))
            yield FRAME % (number, number)

    return StreamingResponse(events(), media_type="text/event-stream")


if __name__ == "__main__":
    routes = [Route("/ping", ping), Route("/invocations", invoke, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_config=None, ws="none")
