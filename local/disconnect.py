"""Stops an answer when nobody is left to read it."""

import asyncio
from collections.abc import Coroutine

from starlette.types import Receive


async def until_gone(receive: Receive, answer: Coroutine[None, None, None]) -> None:
    """Run `answer` to its end, or cancel it as soon as the client has gone.

    A server does not tell a sender that its client has left: only `receive` does, once the body
    has been read. Raises what `answer` raises.
    """

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = asyncio.create_task(answer), asyncio.create_task(gone())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    if not tasks[0].cancelled():
        tasks[0].result()
