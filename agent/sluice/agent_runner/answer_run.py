"""Runs `answer`, an async generator of text and AG-UI events, whatever framework it uses."""

import contextlib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from sluice.agui import events
from sluice.agui.events import Event
from sluice.agui.given import GivenError, GivenEvents
from sluice.api import Run as UserRun
from sluice.service_error import AgentFileError, ServiceError


class Pieces:
    """Text as it comes, and events between it: an event ends the message that text has begun."""

    def __init__(self) -> None:
        self._given = GivenEvents()
        self._message_id: str | None = None

    def take(self, piece: object) -> Iterator[Event]:
        """The events of text or of an event. Raises GivenError."""
        if isinstance(piece, str):
            yield from self.say(piece)
        else:
            event = self._given.take(piece)
            # What a tool or a step tells may come in the middle of a sentence.
            if event["type"] != "CUSTOM":
                yield from self.end_text()
            yield event

    def say(self, text: str) -> Iterator[Event]:
        if not text:
            return
        if self._message_id is None:
            self._message_id = str(uuid.uuid4())
            yield events.text_start(self._message_id)
        yield events.text_content(self._message_id, text)

    def end_text(self) -> Iterator[Event]:
        if self._message_id is not None:
            yield events.text_end(self._message_id)
            self._message_id = None

    def close(self) -> Iterator[Event]:
        """End whatever is open."""
        yield from self.end_text()
        yield from self._given.close()


class AnswerRun:
    """One run of a file that speaks itself."""

    # It has no way to ask a person in mid-run.
    interrupts: Sequence[dict[str, Any]] = ()

    def __init__(self, answer: Callable[[UserRun], AsyncGenerator[object]], run: UserRun) -> None:
        self._answer = answer
        self._run = run
        self._pieces = Pieces()

    async def speak(self) -> AsyncIterator[Event]:
        """The answer's events.

        Raises:
            AgentFileError: What it yields is neither text nor an AG-UI event in its place.
            ServiceError: It ended without a word.
        """
        is_silent = True
        async with contextlib.aclosing(self._answer(self._run)) as pieces:
            async for piece in pieces:
                try:
                    told = list(self._pieces.take(piece))
                except GivenError as error:
                    raise AgentFileError(f"answer yielded what cannot be sent: {error}.") from None
                for event in told:
                    is_silent = False
                    yield event
        if is_silent:
            raise ServiceError(
                "answer_empty", "The agent ended its answer without a word; send again."
            )

    def close(self) -> Iterator[Event]:
        yield from self._pieces.close()
