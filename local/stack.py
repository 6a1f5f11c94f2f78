"""The whole stack in one process: its services, each on a port of its own, made from a template.

An edited template makes new apps, and they take the place of the old ones between two requests;
what has to outlive an edit (keys, users, tokens, conversations, running agents) is held here.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from local import gateway, pool, runtime, site
from local.agent_check import fault_of_agent
from local.bedrock import Bedrock
from local.bedrock.knowledge import EXAMPLE, KNOWLEDGE_BASE_ID, find_folder
from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from local.faults import Faults
from local.functions import functions_of, without_permission
from local.interpreter import PREFIX, Interpreter
from local.model import OFFLINE, ModelChoice
from local.page import PageBuild
from local.parameters import read_parameters
from local.physical_ids import Origins
from local.runtime.process import AgentFailedError, agent_environment
from local.services import read_services
from local.template import Template, load
from local.unsupported_resources import absences

SERVICES = ("site", "api", "login", "runtime", "bedrock")


class Swappable:
    """An ASGI app that can be exchanged while it serves."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the app of this moment; a stream keeps the one it began with."""
        await self.app(scope, receive, send)


class Server(uvicorn.Server):
    """One of several servers in one event loop: signals are the stack's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


class Stack:
    """One local stack: `start`, then `apply` and the like for edits, then `close`."""

    def __init__(
        self,
        root: Path,
        state: Path,
        sockets: Sequence[socket.socket],
        parameters: dict[str, str],
        log: Callable[[str], None],
        delay: float,
        with_faults: bool = False,
    ) -> None:
        """`sockets`: one bound listening address for each of SERVICES; `parameters` win over
        samconfig.toml's; `delay` is the offline model's between two pieces, in seconds;
        `with_faults` lets tests break answers (local/faults.py)."""
        ports = [sock.getsockname()[1] for sock in sockets]
        urls = dict(
            zip(SERVICES, (f"http://localhost:{port}" for port in ports), strict=True),
        )
        # By number: botocore asks a proxy whether it may be passed by, and not the name's address.
        self.bedrock_url = urls.pop("bedrock").replace("localhost", "127.0.0.1")
        self.page = PageBuild(root / "spa", log)
        self._root = root
        self._state = state
        self._log = log
        self._given = parameters
        self.origins = Origins(**urls, conversations=(state / "conversations").resolve())
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(30, connect=5),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            trust_env=False,  # a proxy of this shell is not on the way to this machine
        )
        self._store = pool.PoolStore(state / "pool")
        self._sessions = runtime.Sessions(root / "agent", self._http, log)
        self._said: set[str] = set()
        self._runtime: tuple[runtime.RuntimeConfig, ModelChoice] | None = None
        self._bedrock = Bedrock(log, delay)
        self._interpreter = Interpreter(log)
        self._faults = Faults(self._sessions.kill) if with_faults else None
        self._apps = {name: Swappable() for name in SERVICES}
        self._sockets = dict(zip(SERVICES, sockets, strict=True))
        self._servers: list[tuple[Server, asyncio.Task[None]]] = []

    @property
    def model(self) -> str:
        """The name of the model that answers."""
        _, model = self._next_runtime
        return model.name

    async def start(self) -> Template:
        """Bring everything up. Raises TemplateError, PageError or AgentFailedError."""
        template = self._make_apps()
        # Beside all that follows: it imports what the agent imports.
        checking = asyncio.create_task(self._check_agent())
        await self.page.ensure()
        for name, app in self._apps.items():
            server = Server(
                uvicorn.Config(
                    app,
                    lifespan="off",
                    log_level="critical",  # each service says itself what people should know
                    timeout_graceful_shutdown=1,
                    server_header=False,
                    date_header=False,
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[self._sockets[name]]))
            self._servers.append((server, serving))
        await self._apply_runtime()
        await checking
        self._tell_services()
        self._write_outputs(template)
        return template

    async def apply(self) -> None:
        """Take up an edited template.yaml or samconfig.toml. Raises TemplateError, and then the
        stack stays as it was; or AgentFailedError."""
        template = self._make_apps()
        await self._apply_runtime()
        self._write_outputs(template)

    async def renew_agent(self) -> None:
        """Take up an edited agent/. Raises AgentFailedError, and then what ran before goes on."""
        await self._check_agent()
        await self._sessions.renew()
        self._tell_services()

    async def close(self) -> None:
        """End everything that was started."""
        self._outputs_file.unlink(missing_ok=True)
        for server, _ in self._servers:
            server.should_exit = True
        if self._servers:
            await asyncio.wait([serving for _, serving in self._servers])
        await self._sessions.close()
        self._interpreter.close()
        await self._http.aclose()

    def _make_apps(self) -> Template:
        """Resolve the template, make all apps, and only then put them in place."""
        parameters = {
            **read_parameters(self._root / "samconfig.toml"),
            "DevUrl": self.origins.site,
            **self._given,
        }
        if folder := find_folder(self._root):
            parameters.setdefault("KnowledgeBaseId", KNOWLEDGE_BASE_ID)
        asked = parameters.get("Model")
        if asked == OFFLINE:
            del parameters["Model"]  # known here only
        template = load(self._root / "template.yaml", parameters, self.origins)
        functions = functions_of(template, self._root)
        api = gateway.Api.of(template)
        played = {functions[arn].id for arn in api.functions if arn in functions}
        absent = [*absences(template, played), *api.notes]
        absent += without_permission(template, api.functions)
        config = runtime.RuntimeConfig.of(template)
        declared = config.environment.get("SLUICE_MODEL", "bedrock")
        model = ModelChoice.of(asked, declared, self.bedrock_url, has_knowledge=folder is not None)
        user_pool = pool.PoolConfig.of(template)
        self._store.ensure_user(DEMO_EMAIL, DEMO_PASSWORD)
        discovery = f"{template.outputs['Issuer']}/.well-known/openid-configuration"
        arn = template.only("AWS::Cognito::UserPool").attributes["Arn"]
        apps: dict[str, ASGIApp] = {
            "site": site.create_app(template, self.page.dist, self.page.finished),
            "api": gateway.create_app(
                api, {arn: discovery}, self._http, self._access_log, functions
            ),
            "login": pool.create_app(
                user_pool, self._store, self.origins.login, hint=(DEMO_EMAIL, DEMO_PASSWORD)
            ),
            "runtime": runtime.create_app(config, self._sessions, self._http, self._log),
            "bedrock": self._aws,
        }
        if self._faults:
            apps["api"] = self._faults.around(apps["api"])
        for name, app in apps.items():
            self._apps[name].app = app
        self._next_runtime = config, model
        self._bedrock.knowledge = folder or self._root / EXAMPLE
        said = [f"template: {sentence}" for sentence in absent]
        said += [f"agent: {model.note}"] if model.note else []
        for sentence in said:
            if sentence not in self._said:
                self._log(sentence)
        self._said.update(said)
        return template

    def _tell_services(self) -> None:
        """Say what works here, and may not where the agent is deployed."""
        found = read_services(self._root / "agent")
        for sentence in (*found.unknown, *found.unseen):
            self._log(f"agent: {sentence}")

    def _access_log(self, line: str) -> None:
        self._log(f"api: {line}")

    async def _apply_runtime(self) -> None:
        if self._runtime != self._next_runtime:
            self._runtime = self._next_runtime
            config, model = self._runtime
            await self._sessions.configure(config, model.environment)

    async def _aws(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bedrock, and AgentCore's code interpreter: in AWS, each has an address of its own."""
        is_of_interpreter = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._interpreter if is_of_interpreter else self._bedrock)(scope, receive, send)

    async def _check_agent(self) -> None:
        config, model = self._next_runtime
        environment = agent_environment(config.environment, model.environment)
        fault = await asyncio.to_thread(fault_of_agent, self._root / "agent", environment)
        if fault:
            raise AgentFailedError(fault)

    @property
    def _outputs_file(self) -> Path:
        return self._state / "outputs.json"

    def _write_outputs(self, template: Template) -> None:
        self._outputs_file.write_text(json.dumps(template.outputs, indent=2) + "\n")
