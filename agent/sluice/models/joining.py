"""Joins the deltas that a model has already sent, while the loop was busy, to one.

Strands, the log and HTTP spend as much on a delta of one word as on one of a hundred. Where a model
is slower than the loop, which is the rule, every delta passes as it comes.
"""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from strands.types.streaming import StreamEvent

# The most that is joined; a run's readers see that much appear at once.
MAX_CHARACTERS = 4096
# How long a model whose chunks are all there may keep the loop from other runs and from /ping.
TURN_SECONDS = 0.0005

# Where a delta of each kind has its text. One that holds anything else is not joined.
_FIELDS = {"text": "", "reasoningContent": "text", "toolUse": "input"}


async def joined(chunks: Any) -> AsyncGenerator[StreamEvent]:
    """A model's stream, with deltas of one kind and block joined where waiting for none of them.

    The first delta passes at once. Closing it closes `chunks`.
    """
    loop = asyncio.get_running_loop()
    # One for all steps: a generator may leave in one step what it entered in another.
    context = contextvars.copy_context()
    source = aiter(chunks)
    held: _Delta | None = None
    has_begun = False
    step: asyncio.Task[Any] | None = None
    turn = loop.time()
    try:
        while True:
            # Runs to where it waits, and is done if it need not.
            step = asyncio.Task(_next(source), loop=loop, eager_start=True, context=context)
            waits = not step.done()
            is_over = not waits and loop.time() - turn > TURN_SECONDS
            if held and (waits or is_over or step.cancelled() or step.exception()):
                yield held.chunk
                held = None
            if is_over:
                await asyncio.sleep(0)
            chunk = await step
            if waits or is_over:
                turn = loop.time()
            delta = _Delta.read(chunk) if chunk else None
            if held:
                if delta and held.take(delta):
                    continue
                yield held.chunk
                held = None
            if chunk is None:
                return
            if delta and has_begun:
                held = delta
            else:
                has_begun = has_begun or delta is not None
                yield chunk
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        if hasattr(chunks, "aclose"):
            await chunks.aclose()


async def _next(source: AsyncIterator[Any]) -> Any:
    """The next chunk; None after the last."""
    return await anext(source, None)


class _Delta:
    """A delta of text, reasoning or a call's arguments, to which others may be joined."""

    def __init__(self, kind: str, text: str, chunk: Any) -> None:
        self._kind = kind
        self._chunk = chunk
        self._pieces = [text]
        self._size = len(text)

    @classmethod
    def read(cls, chunk: Any) -> "_Delta | None":
        block = chunk.get("contentBlockDelta")
        if block is None or len(block["delta"]) != 1:
            return None
        [(kind, text)] = block["delta"].items()
        if field := _FIELDS.get(kind):
            text = text.get(field) if len(text) == 1 else None
        return cls(kind, text, chunk) if kind in _FIELDS and isinstance(text, str) else None

    def take(self, other: "_Delta") -> bool:
        """Join another; False if it is of another kind or block, or makes this one too long."""
        if self._kind != other._kind or self._index != other._index:
            return False
        if self._size + other._size > MAX_CHARACTERS:
            return False
        self._pieces += other._pieces
        self._size += other._size
        return True

    @property
    def chunk(self) -> StreamEvent:
        if len(self._pieces) == 1:
            return self._chunk  # type: ignore[no-any-return]
        text = "".join(self._pieces)
        field = _FIELDS[self._kind]
        delta: Any = {self._kind: {field: text} if field else text}
        block: Any = {**self._chunk["contentBlockDelta"], "delta": delta}
        return {"contentBlockDelta": block}

    @property
    def _index(self) -> Any:
        return self._chunk["contentBlockDelta"].get("contentBlockIndex")
