"""Carries one message from its RUN_STARTED to its terminal event."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.conversations.history import Question, compose
from sluice.conversations.thread import State, Turn, join
from sluice.people.owner import Person
from sluice.refusal import Refusal
from sluice.runs.keeper import Keeper
from sluice.runs.opening import Opened, open_thread
from sluice.runs.registry import Runs
from sluice.runs.run import Run
from sluice.runs.transcript import replay
from sluice.serving.loader import Loader, Storage
from sluice.settings import Settings
from sluice.store.base import StorageUnavailableError
from sluice.telemetry import traces
from sluice.telemetry.metrics import Figures, record
from sluice.wire import events
from sluice.wire.events import Event
from sluice.wire.request import Prompt

INTERNAL_ERROR = Refusal("internal_error", "Something went wrong inside the agent; try again.")
SHUT_DOWN = Refusal("stopped", "The agent was shut down; send it again.")

_log = logging.getLogger(__name__)


@dataclass
class End:
    """How a run ends. One that was refused before it began is not `kept` under its id."""

    terminal: Event
    state: State
    usage: dict[str, Any] | None = None
    kept: bool = True


@dataclass
class Performance:
    """One run and what it needs."""

    loader: Loader
    runs: Runs
    settings: Settings
    person: Person
    prompt: Prompt
    run: Run
    parents: Sequence[str] = ()
    _interrupted: int = field(default=0, init=False)
    _is_claimed: bool = field(default=False, init=False)

    async def carry_out(self) -> None:
        """Carry the run to its one terminal event, whatever happens."""
        run = self.run
        try:
            end = await self._perform()
        except asyncio.CancelledError:
            # The process ends, and something did not let the run end in time.
            end = _refused(SHUT_DOWN, "stopped", kept=True)
        except Refusal as refusal:
            end = _refused(refusal, "failed", kept=False)
        except Exception:
            _log.exception("a run failed")
            end = _refused(INTERNAL_ERROR, "failed", kept=False)
        # Before the terminal event: a client may send the next message as soon as it sees it.
        self.runs.close(self.person.owner, run, keep=end.kept)
        run.finish(end.terminal, end.state)
        if not run.is_replay:
            self._log_end(end)

    async def _perform(self) -> End:
        storage = await self.loader.storage()
        run, owner = self.run, self.person.owner
        claim = storage.accounts.claim(owner, run.thread_id, run.run_id)
        opening = open_thread(storage.threads, self.runs, owner, run.thread_id, run)
        opened, claimed = await asyncio.gather(opening, claim, return_exceptions=True)
        self._is_claimed = not isinstance(claimed, BaseException)
        try:
            if isinstance(opened, Opened) and opened.thread:
                self._interrupted = opened.interrupted
                run.files.count(opened.thread.turns)
                if stored := opened.thread.find(run.run_id):
                    return self._replay(stored)
            if isinstance(claimed, BaseException):
                raise claimed
            if isinstance(opened, Opened):
                return await self._answer(storage, opened)
            if not isinstance(opened, StorageUnavailableError):
                raise opened
            _log.warning("a conversation could not be read", exc_info=opened)
            said = "The earlier messages could not be read: this answer does not know them."
            run.append(events.notice("storage_unavailable", said))
            return await self._answer(storage, None)
        except asyncio.CancelledError:
            # There is no time to give it back: it ends by itself.
            self._is_claimed = False
            raise
        finally:
            await self._release(storage, 0)

    def _replay(self, turn: Turn) -> End:
        """Tell a run that is stored once more, and ask nothing."""
        self.run.is_replay = True
        _, *told, terminal = replay(turn, self.run.thread_id)
        for event in told:
            self.run.append(event)
        # What is stored can be told again; ids of this telling are not those of the first.
        return End(terminal, turn.state, kept=False)

    async def _answer(self, storage: Storage, opened: Opened | None) -> End:
        """Ask the model, and store the run as it proceeds and as it ends."""
        run, owner = self.run, self.person.owner
        keeper = None
        if opened is not None:

            async def renew() -> None:
                await storage.accounts.renew(owner, run.thread_id, run.run_id)

            keeper = Keeper(opened.storage, run, run.turn, renew)
            keeper.start()
        try:
            usage, refusal = await self._ask(opened)
            state: State = "finished"
            if refusal is not None:
                state = "stopped" if refusal.code == "stopped" else "failed"
            if keeper is not None:
                await keeper.end()
            turn = run.turn(state, refusal, usage)
            tokens = usage["totalTokens"] if usage else 0
            kept, _ = await asyncio.gather(self._keep(keeper, turn), self._release(storage, tokens))
        except BaseException:
            if keeper is not None:
                keeper.cancel()
            raise
        if kept is not None:
            return _refused(kept, "failed", usage=usage, kept=False)
        if refusal is not None:
            return _refused(refusal, state, usage=usage)
        return End(events.run_finished(run.thread_id, run.run_id, usage), "finished", usage)

    async def _ask(self, opened: Opened | None) -> tuple[dict[str, Any] | None, Refusal | None]:
        """The tokens that an answer took, and why it did not end well, if so."""
        run, prompt = self.run, self.prompt
        try:
            engine = await self.loader.engine()
            if self.parents:
                traces.continue_from(self.parents)
            turns = self._past(opened)
            past = compose(turns, self.settings.max_context)
            if past.trimmed:
                said = "The oldest messages were not sent to the model: the conversation is long."
                run.append(events.notice("context_trimmed", said))
            content = [{"text": prompt.text}]
            told = [message for turn in turns for message in turn.messages]
            question = Question(
                past.messages,
                content,
                prompt.time_zone,
                self.person.token,
                told,
                claims=self.person.claims,
                state=prompt.state,
                context=prompt.context,
                forwarded_props=prompt.forwarded_props,
            )
            ended = await engine.answer(question, run)
        except Refusal as refusal:
            return None, refusal
        except Exception:
            _log.exception("a run failed")
            return None, INTERNAL_ERROR
        return ended.usage, ended.refusal

    def _past(self, opened: Opened | None) -> tuple[Turn, ...]:
        """The turns before this one, without those whose place it takes."""
        if opened is None or opened.thread is None:
            return ()
        joined = join(opened.thread, self.run.thread_id, self.run.turn())
        return tuple(turn for turn in joined.visible if turn.run_id != self.run.run_id)

    async def _keep(self, keeper: Keeper | None, turn: Turn) -> Refusal | None:
        """Store the turn as it ended; the refusal when it may not be stored.

        What cannot be stored now is kept in memory, and is tried again with the next message.
        """
        try:
            if keeper is not None:
                await keeper.finish(turn)
                return None
        except Refusal as refusal:
            return refusal
        except StorageUnavailableError as error:
            _log.warning("a conversation could not be saved", exc_info=error)
            said = "This answer could not be saved. It is tried again with your next message."
            self.run.append(events.notice("storage_unavailable", said))
        self.run.unsaved = turn
        return None

    async def _release(self, storage: Storage, tokens: int) -> None:
        """Give the claim back, once."""
        if self._is_claimed:
            self._is_claimed = False
            run = self.run
            await storage.accounts.release(self.person.owner, run.thread_id, run.run_id, tokens)

    def _log_end(self, end: End) -> None:
        run, usage = self.run, end.usage or {}
        seconds = time.monotonic() - run.started
        code = end.terminal.get("code")
        calls = sum(len(message.get("toolCalls", ())) for message in run.transcript.messages)
        figures = Figures(
            model=self.settings.model_id,
            code=code,
            run_seconds=seconds,
            first_token_seconds=run.first_token_seconds,
            input_tokens=usage.get("inputTokens"),
            output_tokens=usage.get("outputTokens"),
            tool_calls=calls,
            interrupted=self._interrupted,
        )
        fields = {"thread": run.thread_id, "run": run.run_id, "end": code or "finished"}
        fields |= {"seconds": round(seconds, 3), "events": run.length, "bytes": run.size}
        _log.info("run ended", extra={"fields": fields | record(figures)})


def _refused(
    refusal: Refusal,
    state: State,
    *,
    usage: dict[str, Any] | None = None,
    kept: bool = True,
) -> End:
    return End(events.run_error(refusal, stored=kept), state, usage, kept)
