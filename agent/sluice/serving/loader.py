"""What a process makes once, in a thread beside the server: first the store, then the agent runner.

AgentCore's Platform V2 takes a snapshot of the process after its first healthy /ping, and restores
it for each session. There the thread only imports, and /ping waits for it; clients, credentials and
all else that a snapshot must not hold are made when the first request needs them.
"""

import asyncio
import importlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.auth.quotas import Quotas
from sluice.service_error import AgentFileError, ServiceError
from sluice.settings import Settings
from sluice.storage.base import Store
from sluice.storage.factory import open_store
from sluice.telemetry import traces
from sluice.telemetry.logs import OWN_CODE
from sluice.threads.thread_store import Threads

if TYPE_CHECKING:
    from sluice.agent_runner.runner import AgentRunner

# What `sluice.models.provider` imports once it makes a model, by SLUICE_MODEL.
MODEL_MODULES = {
    "bedrock": ["boto3", "sluice.models.bedrock"],
    "ollama": ["sluice.models.ollama"],
    "openai": ["sluice.models.openai_compatible"],
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Storage:
    """Conversations and accounts, on one store."""

    threads: Threads
    quotas: Quotas
    store: Store

    def close(self) -> None:
        self.store.close()


class Loader:
    """Begins with `start`; who needs a part waits for it, on any loop.

    `ready` is whether the process may be called healthy: under V2, once everything is imported.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._defers = settings.platform == "V2"
        self.ready = not self._defers
        self._begun = False
        self._lock = threading.Lock()
        self._storage: Future[Storage] = Future()
        self._runner: Future[AgentRunner] = Future()
        for future in (self._storage, self._runner):
            # Under way from here on: one who no longer waits cannot cancel it for the others.
            future.set_running_or_notify_cancel()

    def start(self) -> None:
        # A daemon: a process that is told to end does not wait for an import.
        if self._defers:
            threading.Thread(target=self._warm, name="warmer", daemon=True).start()
        else:
            self._begin()

    async def storage(self) -> Storage:
        """The store, which is there long before the agent runner."""
        self._need()
        return await _wait(self._storage)

    async def runner(self) -> "AgentRunner":
        """The agent runner.

        Raises:
            ServiceError: `model_unavailable`, when the configured model cannot be made.
        """
        self._need()
        return await _wait(self._runner)

    def close(self) -> None:
        """Close what has been made, and what still will be."""
        self._runner.add_done_callback(_close)
        self._storage.add_done_callback(_close)

    def _need(self) -> None:
        if self._defers:
            self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._load, name="loader", daemon=True).start()

    def _warm(self) -> None:
        """Import what the store, the agent runner and its model import, and make none of them."""
        try:
            for module in _modules(self._settings):
                importlib.import_module(module)
        except Exception:
            # Healthy all the same: the first request meets it again, and says what is wrong.
            _log.exception("a part of the agent could not be imported")
        finally:
            self.ready = True

    def _load(self) -> None:
        _fill(self._storage, self._make_storage)
        _fill(self._runner, self._make_runner)

    def _make_storage(self) -> Storage:
        settings = self._settings
        store = open_store(settings.conversations, settings.model_region or None)
        quotas = Quotas(
            store, settings.max_concurrent_runs_per_user, settings.daily_tokens_per_user
        )
        return Storage(Threads(store), quotas, store)

    def _make_runner(self) -> "AgentRunner":
        """Importing Strands takes about half a second."""
        traces.configure(self._settings)
        from sluice.agent_runner.runner import AgentRunner

        return AgentRunner(self._settings)


def _modules(settings: Settings) -> list[str]:
    modules = ["sluice.agent_runner.runner"]
    if settings.conversations.startswith("s3://"):
        modules.append("sluice.storage.s3")
    if settings.traces:
        modules.append("sluice.telemetry.spans")
    if settings.mcp_servers:
        modules.append("sluice.tools.connection")
    return modules + MODEL_MODULES[settings.model]


def _fill[T](future: Future[T], make: Callable[[], T]) -> None:
    try:
        future.set_result(make())
    except ServiceError as service_error:
        _log.error("the model cannot be used: %s", service_error.message)
        future.set_exception(service_error)
    except AgentFileError as error:
        told = "the agent's file cannot be used: %s"
        _log.error(told, error, exc_info=error.__cause__, extra=OWN_CODE)
        future.set_exception(error)
    except Exception as error:
        _log.exception("a part of the agent could not be made")
        future.set_exception(error)


async def _wait[T](future: Future[T]) -> T:
    made = asyncio.wrap_future(future)
    await asyncio.wait((made,))
    error = made.exception()
    if error is None:
        return made.result()
    # A new exception for each who waits: one that is raised again keeps all their frames alive.
    if isinstance(error, ServiceError):
        raise ServiceError(error.code, error.message)
    raise RuntimeError("a part of the agent could not be made, as an earlier line says")


def _close(made: "Future[Storage] | Future[AgentRunner]") -> None:
    if made.exception() is None:
        made.result().close()
