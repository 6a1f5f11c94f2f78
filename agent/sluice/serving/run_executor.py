"""Carries one message from its RUN_STARTED to its terminal event."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sluice.agui import events
from sluice.agui.content import Part
from sluice.agui.events import Event, Outcome
from sluice.agui.request import Prompt
from sluice.agui.state import snapshot_of
from sluice.auth.owner import Person
from sluice.runs.checkpointer import Checkpointer
from sluice.runs.opening import Opened, open_thread
from sluice.runs.outcome import NOTHING_PENDING, Ended, check_answers, outcome_of, results_for
from sluice.runs.registry import Runs
from sluice.runs.run import Run
from sluice.runs.transcript import replay
from sluice.service_error import ServiceError
from sluice.serving.loader import Loader, Storage
from sluice.serving.run_files import RunFiles
from sluice.settings import Settings
from sluice.storage.base import StorageUnavailableError
from sluice.telemetry import traces
from sluice.telemetry.metrics import Figures, record
from sluice.threads.history import BYTES_PER_TOKEN, Question, compose, last_turn
from sluice.threads.thread import State, StoredRun, Thread, upsert
from sluice.threads.thread_store import ThreadDeletedError

INTERNAL_ERROR = ServiceError("internal_error", "Something went wrong inside the agent; try again.")
SHUT_DOWN = ServiceError("interrupted", "The agent was shut down; send it again.")

_log = logging.getLogger(__name__)


@dataclass
class End:
    """How a run ends. One that was refused before it began is not `kept` under its id."""

    terminal: Event
    state: State
    usage: dict[str, Any] | None = None
    kept: bool = True


@dataclass
class RunExecutor:
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
            end = _refused(SHUT_DOWN, "failed", kept=True)
        except ServiceError as service_error:
            end = _refused(service_error, "failed", kept=False)
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
        claim = storage.quotas.claim(owner, run.thread_id, run.run_id)
        opening = open_thread(storage.threads, self.runs, owner, run.thread_id, run)
        opened, claimed = await asyncio.gather(opening, claim, return_exceptions=True)
        self._is_claimed = not isinstance(claimed, BaseException)
        try:
            if isinstance(opened, Opened) and opened.thread:
                self._interrupted = opened.interrupted
                run.files.count(opened.thread.runs)
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

    def _replay(self, stored_run: StoredRun) -> End:
        """Tell a run that is stored once more, and ask nothing."""
        self.run.is_replay = True
        _, *told, terminal = replay(stored_run, self.run.thread_id)
        for event in told:
            self.run.append(event)
        # What is stored can be told again; ids of this telling are not those of the first.
        return End(terminal, stored_run.state, kept=False)

    async def _answer(self, storage: Storage, opened: Opened | None) -> End:
        """Ask the model, and store the run as it proceeds and as it ends."""
        run, owner = self.run, self.person.owner
        stored_runs = self._past(opened.thread if opened else None)
        results = results_for(stored_runs, self.prompt)
        files = RunFiles(storage.threads.files(owner, run.thread_id), run)
        parts = await files.take(self.prompt.attachments)
        if results or parts:
            run.give(self.prompt.given(results, parts))
        is_open = self.prompt.asks or await self._take_up(opened, stored_runs)
        checkpointer = None
        if opened is not None:

            async def renew() -> None:
                await storage.quotas.renew(owner, run.thread_id, run.run_id)

            checkpointer = Checkpointer(opened.storage, run, run.to_stored, renew)
            checkpointer.start()
        try:
            ended = Ended(None, NOTHING_PENDING)
            if is_open:
                ended = await self._ask(stored_runs, files, parts)
            usage, service_error = ended.usage, ended.service_error
            state: State = "stopped" if run.is_cancelled else "finished"
            if service_error is not None:
                state = "failed"
            is_whole = state == "finished"
            outcome = self._outcome(stored_runs, ended.interrupts) if is_whole else None
            if checkpointer is not None:
                await checkpointer.end()
            stored_run = run.to_stored(state, service_error, usage, outcome)
            tokens = usage["totalTokens"] if usage else 0
            kept, _ = await asyncio.gather(
                self._keep(checkpointer, stored_run), self._release(storage, tokens)
            )
        except BaseException:
            if checkpointer is not None:
                checkpointer.cancel()
            raise
        if kept is not None:
            return _refused(kept, "failed", usage=usage, kept=False)
        if service_error is not None:
            return _refused(service_error, state, usage=usage)
        told = events.CANCELLED if state == "stopped" else outcome
        finished = events.run_finished(run.thread_id, run.run_id, usage, told)
        return End(finished, state, usage)

    async def _take_up(self, opened: Opened | None, stored_runs: Sequence[StoredRun]) -> bool:
        """Note that what the last run left open is answered, before anything is done for it.

        So it is not done twice, though this process dies, or another has the same answer: then
        neither goes on, and False is returned.

        Raises:
            ServiceError: It is not answered, or cannot be noted.
        """
        out_of_reach = ServiceError(
            "internal_error", "This conversation cannot be reached at the moment; answer again."
        )
        if opened is None:
            raise out_of_reach
        check_answers(stored_runs, self.prompt)
        try:
            await opened.storage.save(self.run.to_stored())
        except StorageUnavailableError as error:
            _log.warning("an answer could not be noted", exc_info=error)
            raise out_of_reach from None
        except ThreadDeletedError:
            raise ServiceError("not_found", "You have no such conversation.") from None
        now = self._past(opened.storage.thread)
        return [each.run_id for each in now] == [each.run_id for each in stored_runs]

    def _outcome(
        self, stored_runs: Sequence[StoredRun], interrupts: Sequence[dict[str, Any]]
    ) -> Outcome | None:
        # Also calls of the run that this one goes on from may still be open.
        before = () if self.prompt.asks else last_turn(stored_runs)
        names = {tool.name for tool in self.prompt.tools}
        return outcome_of((*before, *self.run.transcript.messages), interrupts, names)

    async def _ask(
        self, stored_runs: tuple[StoredRun, ...], files: RunFiles, parts: Sequence[Part]
    ) -> Ended:
        """Have the answer made; how it ended."""
        run, prompt = self.run, self.prompt
        try:
            runner = await self.loader.runner()
            if self.parents:
                traces.continue_from(self.parents)
            past_runs = stored_runs
            if results := tuple(each for each in run.given if each["role"] == "tool"):
                # They belong to the calls before them, and a question may stand beside them.
                past_runs = (*stored_runs, replace(run.to_stored(), messages=results))
            told = [message for stored_run in stored_runs for message in stored_run.messages]
            said = [each.get("content") for each in (*told, *run.given) if each["role"] == "user"]
            max_context = self.settings.max_context
            model_files = await files.for_model(said, max_context * BYTES_PER_TOKEN // 2)
            past = compose(past_runs, max_context, model_files, goes_on=not prompt.asks)
            if past.open_calls is None and not prompt.asks:
                return Ended(None, NOTHING_PENDING)
            if past.trimmed:
                warning = (
                    "The oldest messages were not sent to the model: the conversation is long."
                )
                run.append(events.notice("context_trimmed", warning))
            question = Question(
                past.messages,
                model_files.blocks(said[-1]) if prompt.asks else [],
                prompt.time_zone,
                self.person.token,
                told,
                claims=self.person.claims,
                state=self._shared_state(stored_runs),
                context=prompt.context,
                forwarded_props=prompt.forwarded_props,
                open_calls=past.open_calls,
                answers=prompt.answers,
                tools=prompt.tools,
                prompt=prompt.text,
                attachments=files.for_user(parts),
            )
            return await runner.answer(question, run)
        except ServiceError as service_error:
            return Ended(None, service_error)
        except Exception:
            _log.exception("a run failed")
            return Ended(None, INTERNAL_ERROR)

    def _shared_state(self, stored_runs: Sequence[StoredRun]) -> Any:
        """The conversation's own, of which a client that has another is told; else the client's."""
        run, given = self.run, self.prompt.state
        states = [each.shared_state for each in stored_runs if each.shared_state is not None]
        run.shared_state = states[-1] if states else given
        if given is not None and given != run.shared_state:
            run.append(snapshot_of(run.shared_state))
        return run.shared_state

    def _past(self, thread: Thread | None) -> tuple[StoredRun, ...]:
        """The runs beside this one, without those whose place it takes."""
        if thread is None:
            return ()
        joined = upsert(thread, self.run.thread_id, self.run.to_stored())
        return tuple(
            stored_run for stored_run in joined.visible if stored_run.run_id != self.run.run_id
        )

    async def _keep(
        self, checkpointer: Checkpointer | None, stored_run: StoredRun
    ) -> ServiceError | None:
        """Store the run as it ended; the error when it may not be stored.

        What cannot be stored now is kept in memory, and is tried again with the next message.
        """
        try:
            if checkpointer is not None:
                await checkpointer.finish(stored_run)
                return None
        except ServiceError as service_error:
            return service_error
        except StorageUnavailableError as error:
            _log.warning("a conversation could not be saved", exc_info=error)
            said = "This answer could not be saved. It is tried again with your next message."
            self.run.append(events.notice("storage_unavailable", said))
        self.run.unsaved = stored_run
        return None

    async def _release(self, storage: Storage, tokens: int) -> None:
        """Give the claim back, once."""
        if self._is_claimed:
            self._is_claimed = False
            run = self.run
            await storage.quotas.release(self.person.owner, run.thread_id, run.run_id, tokens)

    def _log_end(self, end: End) -> None:
        run, usage = self.run, end.usage or {}
        seconds = time.monotonic() - run.started
        code = end.terminal.get("code")
        calls = sum(len(message.get("toolCalls", ())) for message in run.transcript.messages)
        figures = Figures(
            model=self.settings.model_id,
            code=code,
            is_cancelled=end.state == "stopped",
            run_seconds=seconds,
            first_token_seconds=run.first_token_seconds,
            input_tokens=usage.get("inputTokens"),
            output_tokens=usage.get("outputTokens"),
            tool_calls=calls,
            interrupted=self._interrupted,
        )
        fields = {"thread": run.thread_id, "run": run.run_id, "end": code or end.state}
        fields |= {"seconds": round(seconds, 3), "events": run.length, "bytes": run.size}
        _log.info("run ended", extra={"fields": fields | record(figures)})


def _refused(
    service_error: ServiceError,
    state: State,
    *,
    usage: dict[str, Any] | None = None,
    kept: bool = True,
) -> End:
    return End(events.run_error(service_error, stored=kept), state, usage, kept)
