"""Answers requests; each run is a task beside the response that follows it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response

from sluice.agui import responses
from sluice.agui.attachments import media_length
from sluice.agui.events import run_error, run_started
from sluice.agui.request import Prompt, Request, Resume, answers_with_stream, read_request
from sluice.auth.owner import Person, read_person
from sluice.runs.registry import Runs
from sluice.runs.run import Run
from sluice.service_error import ServiceError
from sluice.serving.actions import DIED, Actions
from sluice.serving.loader import Loader
from sluice.serving.run_executor import INTERNAL_ERROR, SHUT_DOWN, RunExecutor
from sluice.settings import Settings
from sluice.storage.base import StorageUnavailableError
from sluice.telemetry.metrics import Figures, record

# Runs that are under way when the process is told to end have so long to stop and be stored; those
# that have not ended then get their terminal event without it.
RUNS_SECONDS = 2.0
CANCEL_SECONDS = 0.3
# Strands reads each of Bedrock's streams in a thread. asyncio's own pool has six on two cores: a
# seventh run would wait for one of the others to end. A thread is made when no other is idle.
THREADS = 512
# Python is asked to import no sooner than the server listens.
LOAD_AFTER_SECONDS = 0.005
# Characters of base64.
LARGE_MEDIA = 256 * 1024

_log = logging.getLogger(__name__)


class Service:
    """What the process does between `lifespan`'s two ends. `answer` never raises."""

    def __init__(self, settings: Settings, heartbeat_seconds: float) -> None:
        self._settings = settings
        self._heartbeat_seconds = heartbeat_seconds
        self._runs = Runs()
        self._loader = Loader(settings)
        self._actions = Actions(self._loader, self._runs, settings)
        self._executors: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @property
    def status(self) -> tuple[bool, int | None]:
        """Whether a run is under way, and since when that is so, in seconds since 1970; None when
        there has been no run yet."""
        return self._runs.status

    @property
    def ready(self) -> bool:
        """Whether /ping may say that the process is healthy."""
        return self._loader.ready

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Serve requests; end runs on the way out."""
        loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(THREADS, "io")
        loop.set_default_executor(threads)
        loop.call_later(LOAD_AFTER_SECONDS, self._loader.start)
        yield
        await self.stop()
        threads.shutdown(wait=False, cancel_futures=True)
        self._loader.close()

    async def stop(self) -> None:
        """Refuse new messages, and end the runs: stored, each with its terminal event."""
        self._is_stopping = True
        self._runs.stop_all(SHUT_DOWN)
        for seconds in (RUNS_SECONDS, CANCEL_SECONDS):
            if self._executors:
                await asyncio.wait(self._executors, timeout=seconds)
            for task in self._executors:
                task.cancel()

    async def answer(
        self, body: object, authorization: Sequence[str], parents: Sequence[str] = ()
    ) -> Response:
        """Answer a parsed body; whatever is wrong with it is told in-band.

        `parents` are the spans that the request may come from (`traces.read_parents`).
        """
        try:
            request = await self._read(body)
            person = read_person(authorization)
            match request:
                case Prompt():
                    return self._tell(person, request, parents)
                case Resume():
                    return await self._resume(person.owner, request)
                case action:
                    done = await self._actions.perform(person.owner, action)
                    return responses.answer_as_json(done)
        except ServiceError as told:
            service_error = told
        except StorageUnavailableError as error:
            _log.warning("the conversations cannot be reached", exc_info=error)
            said = "Your conversations cannot be reached at the moment; try again."
            service_error = ServiceError("internal_error", said)
        except Exception:
            _log.exception("a request could not be served")
            service_error = INTERNAL_ERROR
        self._count(service_error)
        if answers_with_stream(body):
            return responses.refuse_as_stream(service_error)
        return responses.refuse_as_json(service_error)

    async def _read(self, body: object) -> Request:
        """What a body asks for; that with large files in a thread, beside which others' streams go
        on: to decode 6 MB takes 30 ms. Raises ServiceError."""
        if media_length(body) < LARGE_MEDIA:
            return read_request(body, self._settings.max_prompt)
        return await asyncio.to_thread(read_request, body, self._settings.max_prompt)

    def _tell(self, person: Person, prompt: Prompt, parents: Sequence[str]) -> Response:
        """Start the message's run, or join it, and follow it."""
        if self._is_stopping:
            raise SHUT_DOWN
        new = Run(
            prompt.thread_id, prompt.run_id, prompt.given(), prompt.replaces, prompt.parent_run_id
        )
        run = self._runs.open(person.owner, new)
        if run is new:
            run.append(run_started(prompt.thread_id, prompt.run_id, prompt.parent_run_id))
            executor = RunExecutor(
                self._loader, self._runs, self._settings, person, prompt, run, parents
            )
            task = asyncio.create_task(executor.carry_out())
            self._executors.add(task)
            task.add_done_callback(self._executors.discard)
        return self._follow(run)

    async def _resume(self, owner: str, resume: Resume) -> Response:
        """What came after an event: from the run itself, or else from what is stored of it."""
        after, run_id = resume.after, resume.run_id
        run = self._runs.find(owner, resume.thread_id, run_id)
        if run is None:
            run = await self._actions.recall(owner, resume.thread_id, run_id)
            if run.state == "interrupted" and after:
                # What has arrived is all there is.
                return responses.stream_one(after + 1, run_error(DIED, stored=True))
        # Told again from the store, its ids are others than those that have arrived.
        return self._follow(run, 0 if run.is_replay or after > run.length else after)

    def _follow(self, run: Run, after: int = 0) -> Response:
        return responses.stream(run.follow(after, self._heartbeat_seconds))

    def _count(self, service_error: ServiceError) -> None:
        figures = Figures(model=self._settings.model_id, code=service_error.code, run_seconds=None)
        fields: dict[str, Any] = {"code": service_error.code, **record(figures)}
        _log.info("request refused", extra={"fields": fields})
