"""The agent as AgentCore sees it: POST /invocations and GET /ping."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bedrock_agentcore import BedrockAgentCoreApp, PingStatus, RequestContext
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response, StreamingResponse

from sluice.body import BodyGuard
from sluice.events import run_error, run_started
from sluice.owner import read_owner
from sluice.refusal import Refusal
from sluice.request import Action, Turn, read_request
from sluice.responses import HEADERS, refuse_as_json, refuse_as_stream
from sluice.run import HEARTBEAT_SECONDS, Run, Runs
from sluice.settings import Settings

if TYPE_CHECKING:
    from sluice.engine import Engine

# Runs under way when the process is told to end have this long to stop and be stored.
SHUTDOWN_SECONDS = 3

_log = logging.getLogger(__name__)


def create_app(
    settings: Settings, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> BedrockAgentCoreApp:
    """The ASGI app; `serve` runs it, and tests run it under a server of their own."""
    # The SDK gives its logger a handler that prints exception texts (T8), unless there is one.
    logging.getLogger("bedrock_agentcore.app").addHandler(logging.NullHandler())
    service = _Service(settings, heartbeat_seconds)
    app = BedrockAgentCoreApp(lifespan=service.lifespan, middleware=[Middleware(BodyGuard)])
    app.entrypoint(service.invoke)
    app.ping(service.ping)
    return app


def serve(app: BedrockAgentCoreApp, settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT."""
    app.run(
        port=settings.port,
        host=settings.host,
        log_config=None,
        ws="none",
        # Streams may be open for as long as their runs; without this, uvicorn waits for them all.
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


class _Service:
    """The entry points that the SDK calls, and what they share.

    The SDK calls `invoke` on a loop of its own, the worker loop, where runs live; it iterates the
    responses on the server's loop, so that a tool that blocks a run never delays /ping.
    """

    def __init__(self, settings: Settings, heartbeat_seconds: float) -> None:
        self._settings = settings
        self._heartbeat_seconds = heartbeat_seconds
        self._runs = Runs()
        self._performances: set[Future[None]] = set()
        # Replaced when the server starts.
        self._engine: Future[Engine] = Future()

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Import Strands in a thread while the server already answers; end runs on the way out."""
        with ThreadPoolExecutor(1, "engine") as executor:
            self._engine = executor.submit(_load_engine, self._settings)
            yield
        self._runs.stop_all(Refusal("stopped", "The agent was shut down; send it again."))
        if performances := [asyncio.wrap_future(future) for future in self._performances]:
            await asyncio.wait(performances, timeout=SHUTDOWN_SECONDS)
        if self._engine.exception() is None:
            self._engine.result().close()

    def ping(self) -> PingStatus:
        """HealthyBusy while a run is under way: only that keeps a session without a client."""
        return PingStatus.HEALTHY_BUSY if self._runs.busy else PingStatus.HEALTHY

    async def invoke(self, payload: Any, context: RequestContext) -> Response:
        """Answer a request; whatever is wrong with it is told in-band."""
        refuse = refuse_as_stream
        try:
            request = read_request(payload, self._settings.max_prompt)
            if isinstance(request, Action) and request.name != "resume":
                refuse = refuse_as_json
            headers = context.request.headers if context.request else None
            owner = read_owner(headers.getlist("authorization") if headers else [])
            if isinstance(request, Turn):
                return self._answer(owner, request)
            return await self._act(request)
        except Refusal as refusal:
            return refuse(refusal)
        except Exception:
            _log.exception("a request could not be served")
            return refuse(_internal_error())

    def _answer(self, owner: str, turn: Turn) -> Response:
        """Start the turn's run, or join it, and follow it."""
        run, is_new = self._runs.open(owner, turn.thread_id, turn.run_id)
        if is_new:
            run.append(run_started(turn.thread_id, turn.run_id))
            # Not create_task: the server's loop waits for this future at shutdown.
            performance = asyncio.run_coroutine_threadsafe(
                self._perform(owner, turn, run), asyncio.get_running_loop()
            )
            self._performances.add(performance)
            performance.add_done_callback(self._performances.discard)
        return StreamingResponse(
            run.follow(heartbeat_seconds=self._heartbeat_seconds),
            media_type="text/event-stream",
            headers=HEADERS,
        )

    async def _perform(self, owner: str, turn: Turn, run: Run) -> None:
        """Carry a run to its one terminal event."""
        started = time.monotonic()
        try:
            engine = await asyncio.wrap_future(self._engine)
            terminal = await engine.answer(owner, turn.text, run)
        except Refusal as refusal:
            terminal = run_error(refusal)
        except Exception:
            _log.exception("a run failed")
            terminal = run_error(_internal_error())
        # Before the terminal event: a client may send the next message as soon as it sees it.
        self._runs.close(owner, run)
        run.finish(terminal)
        fields = {
            "thread": run.thread_id,
            "run": run.run_id,
            "end": terminal.get("code", "finished"),
            "seconds": round(time.monotonic() - started, 3),
        }
        _log.info("run ended", extra={"fields": fields})

    async def _act(self, action: Action) -> Response:
        if action.name != "warm":
            raise Refusal("bad_request", f"The action `{action.name}` is not known yet.")
        engine = await asyncio.wrap_future(self._engine)
        return JSONResponse({"status": "warm", **engine.description}, headers=HEADERS)


def _load_engine(settings: Settings) -> "Engine":
    """Import Strands (about half a second) and make what every run shares.

    Raises:
        Refusal: `model_unavailable`, when the configured model cannot be made.
    """
    try:
        from sluice.engine import Engine

        return Engine(settings)
    except Refusal as refusal:
        _log.error("the model cannot be used: %s", refusal.message)
        raise
    except Exception:
        _log.exception("the engine could not be made")
        raise


def _internal_error() -> Refusal:
    return Refusal("internal_error", "Something went wrong inside the agent; try again.")
