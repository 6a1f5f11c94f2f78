"""What follows a whole answer is only what it used, and may fail to come."""

import asyncio
from collections.abc import AsyncIterator, Callable

# Some servers keep the connection open after an answer's end, and never send what it used.
USAGE_SECONDS = 5.0


async def until_whole[Piece](
    pieces: AsyncIterator[Piece], is_whole: Callable[[], bool]
) -> AsyncIterator[Piece]:
    """The pieces of an answer. Once it is whole, they are waited for `USAGE_SECONDS` more, and that
    they break off, or do not come, does not make it a failure.
    """
    deadline = None
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except Exception:
            if not is_whole():
                raise
            return
        yield piece
        if deadline is None and is_whole():
            deadline = asyncio.get_running_loop().time() + USAGE_SECONDS
