"""What a process makes once, and how a run is answered with it.

Importing this module imports Strands, which takes about half a second: only a thread beside the
server does it.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from strands.models.bedrock import BedrockModel
from strands.types.tools import AgentTool

from sluice.agent_runner import agent_file, strands_run
from sluice.agent_runner.answer_run import AnswerRun
from sluice.agent_runner.app_run import App, AppRun
from sluice.agent_runner.cancellation import Cancellation, Work
from sluice.agent_runner.model_errors import explain
from sluice.agui.attachments import refused
from sluice.agui.events import Event
from sluice.agui.fields import bad
from sluice.agui.run_input import ClientTool
from sluice.agui.state import change
from sluice.api import Run as UserRun
from sluice.models.metered import Ledger, Metered, RunEndedError, ended_after
from sluice.models.provider import make_model
from sluice.runs.citations import Citations
from sluice.runs.outcome import Ended
from sluice.runs.run import Run
from sluice.service_error import AgentFileError, ServiceError
from sluice.settings import MODEL_IDS, Settings
from sluice.threads.history import Question
from sluice.tools.client_tools import ToolOfClient
from sluice.tools.services import Services
from sluice.tools.toolbox import Toolbox

# Whom `check` makes an agent for.
CHECKER = {"sub": "check", "email": "check@example.com", "cognito:groups": []}

_log = logging.getLogger(__name__)


class Speaker(Protocol):
    """Answers one run, in the way of its kind of agent.py."""

    @property
    def interrupts(self) -> Sequence[dict[str, Any]]:
        """What a person is asked before the run goes on, once the answer has ended."""
        ...

    def speak(self) -> AsyncIterator[Event]:
        """The answer's events, but for the run's own first and last."""
        ...

    def close(self) -> Iterator[Event]:
        """End whatever is open, however the answer ended."""
        ...


class AgentRunner:
    """The model, the tools and the agent's file that every run of the process shares.

    Runs live on one loop.

    Raises:
        ServiceError: `model_unavailable`, when the configured model cannot be made.
        AgentFileError: The agent's file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = agent_file.load(Path(settings.agent) if settings.agent else agent_file.OWN)
        self._app = App(self._file) if self._file.kind == "app" else None
        self._model = make_model(settings)
        self._toolbox = Toolbox(settings)
        self._cancellation = Cancellation()
        self._beginning = asyncio.Lock()

    @property
    def description(self) -> dict[str, Any]:
        """The model's id, the tools' names and descriptions, and AG-UI's AgentCapabilities, for the
        `warm` answer."""
        return {
            "model": self._settings.model_id,
            "tools": self._toolbox.description,
            "capabilities": self._capabilities,
        }

    @property
    def _capabilities(self) -> dict[str, Any]:
        """https://docs.ag-ui.com/concepts/capabilities: what is not listed, the agent may do in its
        own file."""
        is_strands = self._file.kind == "build_agent"
        settings = self._settings
        return {
            "transport": {"streaming": True, "resumable": True},
            "tools": {
                "supported": True,
                "parallelCalls": True,
                "clientProvided": self._file.kind != "app",
            },
            "state": {"snapshots": True, "deltas": True, "persistentState": True},
            "reasoning": {"supported": True, "streaming": True, "encrypted": True},
            "multimodal": {
                "input": dict.fromkeys(("image", "pdf", "file"), self._file.kind != "app"),
                "output": {"image": True},
            },
            "execution": {
                "maxIterations": settings.max_turns,
                "maxExecutionTime": settings.max_seconds * 1000,
            },
            "humanInTheLoop": {
                "supported": is_strands,
                "interrupts": is_strands,
                "approvals": bool(self._file.approve),
                "feedback": True,
            },
        }

    def close(self) -> None:
        self._toolbox.close()
        if self._app is not None:
            self._app.close()
        if isinstance(self._model, BedrockModel):
            self._model.client.close()

    async def answer(self, question: Question, run: Run) -> Ended:
        """Answer a question, appending events to the run; the terminal one is the caller's."""
        async with self._beginning:
            # To make an agent and start it takes some milliseconds: of many that begin together,
            # each turn of the loop has one, so that /ping and other streams need not wait for all.
            await asyncio.sleep(0)
        ledger = Ledger(run, self._settings)
        work = Work(run)
        service_error = None
        try:
            with self._deadline(run):
                await self._cancellation.obey(work, self._speak(work, question, ledger))
        except ServiceError as limit:
            service_error = limit
        except RunEndedError:
            # The run has been told why.
            pass
        except Exception as error:
            service_error = self._explain(error, ledger)
        # A connection that was cut to stop a run may show as a failure of the model.
        if run.cancel_signal.is_set():
            service_error = run.stopped_because
        return Ended(ledger.token_usage(), service_error, work.interrupts)

    async def check(self) -> None:
        """Make what the file would make for a message, twice, and ask no model.

        Raises:
            AgentFileError: It returns what cannot work. What it raises itself, it raises.
        """
        for number in range(2):
            run = Run("check", f"check-{number}")
            question = Question([], [{"text": "Hello"}], None, "", claims=CHECKER)
            ledger = Ledger(run, self._settings)
            user_run = await self._user_run(question, run, ledger)
            work = Work(run)
            await self._speaker(work, user_run, question, ledger)
            self._check_approve(work)

    def _check_approve(self, work: Work) -> None:
        """A name that is misspelt would leave its tool unguarded. One of a server that cannot be
        reached at the moment cannot be judged."""
        names = {name for agent in work.agents for name in agent.tool_registry.registry}
        if (unknown := self._file.approve - names) and not self._settings.mcp_servers:
            raise AgentFileError(
                f"`approve` names {', '.join(sorted(unknown))}, and no tool of the agent has that "
                "name."
            )

    async def _speak(self, work: Work, question: Question, ledger: Ledger) -> None:
        """Let the user's file answer, with an agent that is made for this run and ends with it.

        Raises:
            ServiceError: The answer ended, and is not whole.
        """
        run = work.run
        user_run = await self._user_run(question, run, ledger)
        speaker = await self._speaker(work, user_run, question, ledger)
        try:
            async for event in speaker.speak():
                run.append(event)
            work.interrupts = speaker.interrupts
        finally:
            for event in speaker.close():
                run.append(event)

    async def _speaker(
        self, work: Work, user_run: UserRun, question: Question, ledger: Ledger
    ) -> Speaker:
        if self._app is not None:
            if question.attachments:
                raise refused("This agent reads words alone: send them without files.")
            return AppRun(self._app, user_run, work.run, ledger, question)
        if self._file.kind == "answer":
            return AnswerRun(self._file.entry, user_run)
        built = await strands_run.build(self._file.entry, user_run)
        speaker = strands_run.StrandsRun(
            built, work.run, ledger, question, user_run.tools, self._file.approve
        )
        work.agents = speaker.agents
        return speaker

    async def _user_run(self, question: Question, run: Run, ledger: Ledger) -> UserRun:
        """What the user's file is given; the person is told which tools are missing."""
        settings = self._settings
        run.citations = Citations(question.told)
        send = _sender(run)
        services = Services(run.thread_id, run.citations.add, run.give_file, send)
        tools, notices = await self._toolbox.tools_for(question, services)
        for event in notices:
            run.append(event)
        of_client = _of_client(question.tools, tools) if self._file.kind != "app" else []
        return UserRun(
            thread_id=run.thread_id,
            run_id=run.run_id,
            prompt=question.prompt,
            attachments=question.attachments,
            messages=(*question.told, *run.given),
            model=Metered(self._model, ledger, settings.model, settings.model_id),
            tools=[*tools, *of_client],
            claims=question.claims,
            time_zone=question.time_zone,
            state=question.state,
            context=question.context,
            forwarded_props=question.forwarded_props,
            cancel_signal=run.cancel_signal,
            send=send,
            note_source=run.citations.add,
            count=ledger.count,
        )

    @contextlib.contextmanager
    def _deadline(self, run: Run) -> Iterator[None]:
        """Stop the run when its seconds are over."""
        seconds = self._settings.max_seconds
        reason = ServiceError("run_limit", ended_after(seconds, "seconds", "SECONDS"))
        timer = asyncio.get_running_loop().call_later(seconds, run.stop, reason)
        try:
            yield
        finally:
            timer.cancel()

    def _explain(self, error: Exception, ledger: Ledger) -> ServiceError:
        settings = self._settings
        if (failed := ledger.failed) and failed.provider in MODEL_IDS:
            # An agent may have a model of its own.
            settings = replace(settings, model=failed.provider, model_id=failed.model_id)
        service_error = explain(
            error, settings, in_mid_answer=failed is not None and failed.has_spoken
        )
        if service_error is None:
            if isinstance(error, AgentFileError):
                _log.error("the agent's file cannot be used: %s", error)
            else:
                _log.error("a run failed", exc_info=error)
            return ServiceError(
                "internal_error", "Something went wrong inside the agent; try again."
            )
        _log.warning("the model failed: %s", service_error.code, exc_info=error)
        return service_error


def _of_client(tools: Sequence[ClientTool], own: Sequence[AgentTool]) -> list[ToolOfClient]:
    """The client's tools. Raises ServiceError (`bad_request`) for one that the server has, or that
    no model takes."""
    # Strands takes `a-b` and `a_b` for one name.
    names = {tool.tool_name.replace("-", "_") for tool in own}
    for tool in tools:
        if tool.name.replace("-", "_") in names:
            raise bad(f"The agent has its own tool {tool.name}: give the client's another name.")
    return [ToolOfClient(tool) for tool in tools]


def _sender(run: Run) -> Callable[[Event], None]:
    """Appends to the run's log, from any thread: those of its loop at once, and in order."""
    loop, thread = asyncio.get_running_loop(), threading.get_ident()

    def append(event: Event) -> None:
        # A tool's thread may outlive its run.
        if run.finished:
            return
        if event["type"] == "STATE_SNAPSHOT":
            event = change(run.shared_state, event["snapshot"])
        run.append(event)

    def send(event: Event) -> None:
        if threading.get_ident() == thread:
            append(event)
        else:
            loop.call_soon_threadsafe(append, event)

    return send
