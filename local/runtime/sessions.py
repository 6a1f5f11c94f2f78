"""Sessions: one agent process for each, with the lifetimes that the template gives them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from local.runtime.config import RuntimeConfig
from local.runtime.process import AgentFailedError, AgentProcess, agent_environment

MOST = 8
"""Sessions that live at once on one laptop; the one unused for longest makes room."""
REAP_SECONDS = 1.0
"""How often it is seen which sessions are over."""


class Sessions:
    """Agent processes by session id, and a spare one so that no session waits for imports.

    It outlives an edited template or agent: `configure` and `renew` say what the next process is
    made of, and a session moves to a new process with its next message, as its conversation lives
    in storage and not in the process.
    """

    def __init__(self, folder: Path, http: httpx.AsyncClient, log: Callable[[str], None]) -> None:
        self._folder = folder
        self._http = http
        self._log = log
        self._config: RuntimeConfig | None = None
        self._model: Mapping[str, str | None] = {}
        self._processes: dict[str, AgentProcess] = {}
        self._starting: dict[str, asyncio.Future[AgentProcess]] = {}
        self._spare: asyncio.Task[AgentProcess] | None = None
        self._outdated: set[AgentProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._count = 0
        self._reaper: asyncio.Task[None] | None = None

    async def configure(self, config: RuntimeConfig, model: Mapping[str, str | None]) -> None:
        """Use this runtime from now on, with the variables of a model. Raises AgentFailedError if
        the agent does not start."""
        self._config, self._model = config, model
        await self.renew()
        self._reaper = self._reaper or asyncio.create_task(self._reap())

    async def renew(self) -> None:
        """The agent's code or environment changed: every session gets a new process with its next
        message. Raises AgentFailedError if the new code does not start."""
        self._outdated.update(self._processes.values())
        old, self._spare = self._spare, asyncio.create_task(self._start())
        if old:
            self._end_later(self._end_spare(old))
        await asyncio.shield(self._spare)

    async def acquire(self, session_id: str) -> AgentProcess:
        """The session's process, ready to answer. Raises AgentFailedError.

        Every call is to be followed by one of `release`.
        """
        process = self._processes.get(session_id)
        if process and self._usable(process):
            self._claim(process)
            return process
        if session_id in self._starting:  # two requests of one session: one process
            process = await asyncio.shield(self._starting[session_id])
            self._claim(process)
            return process
        if process:
            del self._processes[session_id]
            self._outdated.discard(process)
            self._end_later(process.stop())
        starting = asyncio.get_running_loop().create_future()
        self._starting[session_id] = starting
        try:
            process = await self._take_spare()
        except BaseException as error:
            starting.set_exception(error)
            starting.exception()  # seen: nobody else may be waiting
            raise
        finally:
            del self._starting[session_id]
        starting.set_result(process)
        process.started_at = time.monotonic()
        self._processes[session_id] = process
        self._claim(process)
        self._make_room()
        return process

    def release(self, process: AgentProcess) -> None:
        """An invocation is over."""
        process.requests -= 1
        process.used_at = time.monotonic()

    def kill(self, session_id: str) -> None:
        """End a session's process without a word, as a microVM that breaks does; for tests."""
        if process := self._processes.pop(session_id, None):
            self._outdated.discard(process)
            process.kill()
            self._end_later(process.stop())

    async def close(self) -> None:
        """End every process that was started."""
        if self._reaper:
            self._reaper.cancel()
        if self._spare:
            self._end_later(self._end_spare(self._spare))
        for process in self._processes.values():
            self._end_later(process.stop())
        self._processes.clear()
        if self._ending:
            await asyncio.wait(self._ending)

    def _usable(self, process: AgentProcess) -> bool:
        """A stream under way keeps its process, even an outdated one, until it ends."""
        return process.alive and (process not in self._outdated or process.requests > 0)

    def _claim(self, process: AgentProcess) -> None:
        process.requests += 1
        process.used_at = time.monotonic()

    async def _take_spare(self) -> AgentProcess:
        spare, self._spare = self._spare, None
        process: AgentProcess | None = None
        if spare:
            try:
                process = await spare
            except AgentFailedError:
                process = None  # the fault may be fixed by now: try once more, and tell then
        if process is None or not process.alive:
            process = await self._start()
        self._spare = self._spare or asyncio.create_task(self._start())
        self._spare.add_done_callback(lambda task: task.cancelled() or task.exception())
        return process

    async def _start(self) -> AgentProcess:
        assert self._config is not None, "configure first"  # noqa: S101
        self._count += 1
        process = await AgentProcess.start(
            self._folder,
            self._config.entry_point,
            agent_environment(self._config.environment, self._model),
            f"agent {self._count}",
            self._log,
        )
        try:
            await process.ready(self._http)
        except asyncio.CancelledError:
            await process.stop()
            raise
        return process

    async def _end_spare(self, spare: asyncio.Task[AgentProcess]) -> None:
        try:
            process = await spare
        except AgentFailedError:
            return
        await process.stop()

    def _end_later(self, ending: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _make_room(self) -> None:
        idle = sorted(
            (process.used_at, session)
            for session, process in self._processes.items()
            if not process.requests
        )
        for _, session in idle[: max(0, len(self._processes) - MOST)]:
            self._forget(session, f"there are more than {MOST} sessions")

    def _forget(self, session_id: str, why: str) -> None:
        process = self._processes.pop(session_id)
        self._outdated.discard(process)
        self._log(f"{process.name}: its session ends, because {why}")
        self._end_later(process.stop())

    async def _reap(self) -> None:
        """End sessions as IdleRuntimeSessionTimeout and MaxLifetime say ("Runtime lifecycle
        settings" in the AgentCore developer guide): an idle one unless it is HealthyBusy, an old
        one even in mid-answer."""
        while True:
            await asyncio.sleep(REAP_SECONDS)
            assert self._config is not None  # noqa: S101
            now = time.monotonic()
            for session_id, process in list(self._processes.items()):
                if now - process.started_at > self._config.life_seconds:
                    self._forget(session_id, f"it lived for {self._config.life_seconds} s")
                elif (
                    not process.requests
                    and now - process.used_at > self._config.idle_seconds
                    and not await process.busy(self._http)
                    and not process.requests
                ):
                    self._forget(session_id, f"nobody used it for {self._config.idle_seconds} s")
