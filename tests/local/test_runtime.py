"""The local AgentCore Runtime: its tokens, its sessions, and what it makes of a failing agent."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from issuer import WRONG_TOKENS, Issuer
from starlette.types import Receive, Scope, Send
from support import serve

from local.errors import TemplateError
from local.physical_ids import ACCOUNT
from local.runtime import RuntimeConfig, Sessions, create_app, process, sessions
from local.runtime.process import AgentFailedError
from local.template import Resource, Template

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
MINE, YOURS = "m" * 33, "y" * 33

# An agent that does what the body says, and shows what it sees.
AGENT = """
import asyncio, json, os
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

VERSION = "1"
status = "Healthy"
gone = False

async def ping(request):
    return JSONResponse({"status": status})

async def invoke(request):
    global status, gone
    asked = await request.json()
    if asked["do"] == "die":
        print("last words")
        os._exit(3)
    if asked["do"] == "fail":
        return JSONResponse({"secret": "stack trace"}, status_code=int(asked["status"]))
    if asked["do"] == "busy":
        status = "HealthyBusy"
    if asked["do"] in ("stream", "stream and die"):
        async def pieces():
            global gone
            try:
                yield b"data: first\\n\\n"
                if asked["do"] == "stream and die":
                    await asyncio.sleep(0.05)
                    os._exit(4)
                await asyncio.Event().wait()
            finally:
                gone = True
        return StreamingResponse(pieces(), media_type="text/event-stream")
    return JSONResponse({
        "pid": os.getpid(), "headers": dict(request.headers), "version": VERSION, "gone": gone,
        "environment": {k: v for k, v in os.environ.items() if k.startswith("SLUICE_")},
    })

uvicorn.run(
    Starlette(routes=[Route("/ping", ping), Route("/invocations", invoke, methods=["POST"])]),
    host=os.environ["SLUICE_HOST"], port=int(os.environ["SLUICE_PORT"]), log_level="warning",
)
"""

CONFIG = RuntimeConfig(
    id="sluice-abc",
    arn=f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/sluice-abc",
    entry_point=("main.py",),
    discovery_url="",
    audience=frozenset({"client-1"}),
    clients=frozenset(),
    scopes=frozenset(),
    header_allowlist=frozenset({"authorization", "x-amzn-bedrock-agentcore-runtime-custom-zone"}),
    idle_seconds=900,
    life_seconds=28800,
    environment={"SLUICE_MODEL": "bedrock"},
)


@dataclass
class Door:
    """A running door, the issuer it trusts, its log, and the agent's folder behind it."""

    url: str
    issuer: Issuer
    sessions: Sessions
    folder: Path
    loop: Any = None
    lines: list[str] = field(default_factory=list)
    told: threading.Condition = field(default_factory=threading.Condition)

    def log(self, line: str) -> None:
        with self.told:
            self.lines.append(line)
            self.told.notify_all()

    def wait_for(self, text: str) -> str:
        with self.told:
            found = self.told.wait_for(lambda: [line for line in self.lines if text in line], 20)
            assert found, f"no line holds {text!r}: {self.lines}"
            return found[-1]

    def invoke(self, do: str = "show", session: str | None = MINE, **more: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {more.pop('token', None) or self.issuer.token()}",
            **({SESSION: session} if session else {}),
            **more.pop("headers", {}),
        }
        url = more.pop("url", f"{self.url}/runtimes/{CONFIG.id}/invocations")
        params = more.pop("params", {"qualifier": "DEFAULT", "accountId": ACCOUNT})
        return httpx.post(url, params=params, headers=headers, json={"do": do, **more}, timeout=20)


@contextlib.contextmanager
def open_door(
    tmp_path: Path, model: Mapping[str, str | None] | None = None, **changes: Any
) -> Iterator[Door]:
    folder = tmp_path / "agent"
    folder.mkdir(exist_ok=True)
    (folder / "main.py").write_text(AGENT)
    issuer = Issuer()
    with serve(issuer.app()) as issuer.url:
        config = replace(CONFIG, discovery_url=issuer.discovery_url, **changes)
        http = httpx.AsyncClient(timeout=5)
        door = Door("", issuer, Sessions(folder, http, lambda line: door.log(line)), folder)
        app = create_app(config, door.sessions, http, door.log)

        async def with_agents(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan":
                return await app(scope, receive, send)
            door.loop = asyncio.get_running_loop()
            await receive()
            await door.sessions.configure(config, model or {})
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await door.sessions.close()
            await http.aclose()
            return await send({"type": "lifespan.shutdown.complete"})

        with serve(with_agents) as door.url:
            yield door


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One door for the tests that change nothing behind it."""
    with open_door(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


# ---- who may enter (T2, T3) --------------------------------------------------------------------

HERE_TOO = {
    **WRONG_TOKENS,
    "other client": lambda i: i.token(aud="client-2"),
    "expires within a minute": lambda i: i.token(exp=int(time.time()) + 50),
}


@pytest.mark.parametrize("name", HERE_TOO)
def test_a_wrong_token_is_refused_at_the_runtime_too_t3(name: str, shared: Door) -> None:
    token = HERE_TOO[name](shared.issuer).encode("latin-1")
    answer = httpx.post(
        f"{shared.url}/runtimes/{CONFIG.id}/invocations",
        params={"accountId": ACCOUNT},
        headers={b"Authorization": b"Bearer " + token},
        json={"do": "show"},
    )
    assert answer.status_code == 401
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_no_token_and_two_tokens_are_refused_t3_t10(shared: Door) -> None:
    url = f"{shared.url}/runtimes/{CONFIG.id}/invocations?accountId={ACCOUNT}"
    good = f"Bearer {shared.issuer.token()}"
    twice = [("Authorization", good), ("authorization", good)]
    assert httpx.post(url, json={"do": "show"}).status_code == 401
    assert httpx.post(url, json={"do": "show"}, headers=twice).status_code == 401


def test_clients_are_checked_as_well_as_the_audience(tmp_path: Path) -> None:
    """Both lists together refuse every token of Cognito: none has aud and client_id."""
    with open_door(tmp_path, clients=frozenset({"client-1"})) as door:
        assert door.invoke().status_code == 401
        assert door.invoke(token=door.issuer.token(client_id="client-1")).status_code == 200


# ---- what an invocation looks like -------------------------------------------------------------


def test_the_agent_sees_its_trace_and_the_allowlist_and_nothing_else(shared: Door) -> None:
    answer = shared.invoke(
        headers={
            "Origin": "https://page.example",
            "Cookie": "a=b",
            "User-Agent": "caller",
            "X-Owner": "somebody-else",
            "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Zone": "Europe/Rome",
            "Traceparent": "00-11-22-01",
            "X-Amzn-Trace-Id": "Root=1-2-3",
        }
    )
    seen = answer.json()["headers"]
    assert seen["authorization"].startswith("Bearer ")
    assert seen["x-amzn-bedrock-agentcore-runtime-custom-zone"] == "Europe/Rome"
    assert seen[SESSION.lower()] == MINE
    assert (seen["traceparent"], seen["x-amzn-trace-id"]) == ("00-11-22-01", "Root=1-2-3")
    assert not seen.keys() & {"origin", "cookie", "x-owner"}
    assert seen.get("user-agent") != "caller"


def test_the_agent_gets_the_templates_environment(shared: Door) -> None:
    seen = shared.invoke().json()["environment"]
    assert (seen["SLUICE_MODEL"], seen["SLUICE_HOST"]) == ("bedrock", "127.0.0.1")


def test_a_variable_of_the_shell_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_MODEL", "ollama")
    with open_door(tmp_path) as door:
        assert door.invoke().json()["environment"]["SLUICE_MODEL"] == "ollama"


def test_the_variables_of_the_model_win_over_the_shells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_MODEL", "offline")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")
    model = {"SLUICE_MODEL": "bedrock", "AWS_BEARER_TOKEN_BEDROCK": None}
    with open_door(tmp_path, model) as door:
        environment = door.invoke().json()["environment"]
    assert environment["SLUICE_MODEL"] == "bedrock"
    assert "AWS_BEARER_TOKEN_BEDROCK" not in environment


@pytest.mark.parametrize("session", ["s" * 32, "s" * 257])
def test_a_session_id_has_33_to_256_characters(session: str, shared: Door) -> None:
    answer = shared.invoke(session=session)
    assert answer.status_code == 400
    assert "33 to 256" in answer.json()["message"]


def test_without_a_session_id_one_is_made_and_told(shared: Door) -> None:
    answer = shared.invoke(session=None)
    assert answer.headers[SESSION] == answer.json()["headers"][SESSION.lower()]


def test_browsers_may_read_the_answer(shared: Door) -> None:
    """The gateway maps no header of a streamed answer."""
    assert shared.invoke().headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"qualifier": "DEFAULT"}, 400),  # an id without its account
        ({"qualifier": "OTHER", "accountId": ACCOUNT}, 404),
        ({"accountId": ACCOUNT}, 200),  # DEFAULT is the default
    ],
)
def test_the_query_names_account_and_endpoint(
    params: dict[str, str], status: int, shared: Door
) -> None:
    assert shared.invoke(params=params).status_code == status


def test_an_arn_names_its_account_itself(shared: Door) -> None:
    arn = CONFIG.arn.replace(":", "%3A").replace("/", "%2F")
    url = f"{shared.url}/runtimes/{arn}/invocations"
    assert shared.invoke(url=url, params={}).status_code == 200


@pytest.mark.parametrize("path", ["/runtimes/other/invocations", "/ping", "/"])
def test_other_paths_lead_nowhere(path: str, shared: Door) -> None:
    assert shared.invoke(url=shared.url + path).status_code == 404


# ---- sessions ----------------------------------------------------------------------------------


def test_a_session_keeps_its_process_and_shares_it_with_nobody(shared: Door) -> None:
    mine, again, yours = (
        shared.invoke(session=session).json()["pid"] for session in (MINE, MINE, YOURS)
    )
    assert mine == again != yours


def test_two_first_requests_of_one_session_share_a_process(shared: Door) -> None:
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda: pids.append(shared.invoke(session="t" * 40).json()["pid"]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert len(set(pids)) == 1


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that are over end at once, and nobody waits long for an agent that does not end."""
    monkeypatch.setattr(sessions, "REAP_SECONDS", 0.02)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)


def test_an_idle_session_ends_and_comes_back_with_a_new_process(
    tmp_path: Path, brisk: None
) -> None:
    with open_door(tmp_path, idle_seconds=0.2) as door:
        first = door.invoke().json()["pid"]
        door.wait_for("nobody used it for 0.2 s")
        assert door.invoke().json()["pid"] != first


def test_a_busy_agent_keeps_its_idle_session(tmp_path: Path, brisk: None) -> None:
    with open_door(tmp_path, idle_seconds=0.2) as door:
        busy = door.invoke("busy").json()["pid"]
        idle = door.invoke(session=YOURS).json()["pid"]
        door.wait_for("nobody used it for 0.2 s")  # that was the idle one
        assert door.invoke().json()["pid"] == busy
        assert door.invoke(session=YOURS).json()["pid"] != idle


def test_a_session_ends_with_its_life_even_in_mid_answer(tmp_path: Path, brisk: None) -> None:
    with open_door(tmp_path, life_seconds=1) as door, pytest.raises(httpx.RemoteProtocolError):
        door.invoke("stream")
    assert any("it lived for 1 s" in line for line in door.lines)


def test_new_code_comes_with_the_next_message(door: Door) -> None:
    assert door.invoke().json()["version"] == "1"
    (door.folder / "main.py").write_text(AGENT.replace('VERSION = "1"', 'VERSION = "2"'))
    asyncio.run_coroutine_threadsafe(door.sessions.renew(), door.loop).result(20)
    assert door.invoke().json()["version"] == "2"


def test_broken_code_is_told_and_mended_code_runs(door: Door) -> None:
    def renew() -> None:
        asyncio.run_coroutine_threadsafe(door.sessions.renew(), door.loop).result(20)

    (door.folder / "main.py").write_text("import nonsense_that_is_not_there")
    with pytest.raises(AgentFailedError, match="nonsense_that_is_not_there"):
        renew()
    assert door.invoke().status_code == 424
    (door.folder / "main.py").write_text(AGENT)
    renew()
    assert door.invoke().status_code == 200


# ---- an agent that fails (F2) ------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_any_failure_of_the_container_is_a_424_that_tells_nothing(
    status: int, shared: Door
) -> None:
    answer = shared.invoke("fail", status=status)
    assert answer.status_code == 424
    assert answer.headers["x-amzn-errortype"] == "RuntimeClientError"
    assert "secret" not in answer.text


def test_an_agent_that_dies_before_its_answer_is_a_424_and_then_replaced_f2(shared: Door) -> None:
    before = shared.invoke(session="d" * 40).json()["pid"]
    assert shared.invoke("die", session="d" * 40).status_code == 424
    assert "last words" in shared.wait_for("exit code 3")
    assert shared.invoke(session="d" * 40).json()["pid"] != before


def test_an_agent_that_dies_in_mid_answer_cuts_it_f2_f5(shared: Door) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        shared.invoke("stream and die", session="e" * 40)
    assert shared.invoke(session="e" * 40).status_code == 200


def test_a_client_that_leaves_is_noticed_by_the_agent_f1(shared: Door) -> None:
    session = {SESSION: "g" * 40, "Authorization": f"Bearer {shared.issuer.token()}"}
    url = f"{shared.url}/runtimes/{CONFIG.id}/invocations?accountId={ACCOUNT}"
    with httpx.stream("POST", url, headers=session, json={"do": "stream"}) as answer:
        assert next(answer.iter_text()) == "data: first\n\n"
    deadline = time.monotonic() + 5
    while not shared.invoke(session="g" * 40).json()["gone"]:
        assert time.monotonic() < deadline, "the agent still streams to nobody"


# ---- what the template says --------------------------------------------------------------------

PROPERTIES: dict[str, Any] = {
    "AgentRuntimeName": "sluice",
    "RoleArn": "arn:aws:iam::123456789012:role/r",
    "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
    "AgentRuntimeArtifact": {"CodeConfiguration": {"EntryPoint": ["main.py"]}},
    "AuthorizerConfiguration": {
        "CustomJWTAuthorizer": {"DiscoveryUrl": "http://i/d", "AllowedAudience": ["c"]}
    },
    "RequestHeaderConfiguration": {"RequestHeaderAllowlist": ["Authorization"]},
    "LifecycleConfiguration": {"IdleRuntimeSessionTimeout": "60", "MaxLifetime": 120},
    "EnvironmentVariables": {"SLUICE_MODEL": "bedrock"},
}


def configure(**changes: Any) -> RuntimeConfig:
    properties = json.loads(json.dumps({**PROPERTIES, **changes}))
    resource = Resource("Runtime", "AWS::BedrockAgentCore::Runtime", properties)
    return RuntimeConfig.of(
        Template({}, {"Runtime": resource}, {"RuntimeId": "sluice-1", "RuntimeArn": "arn"})
    )


def test_lifetimes_lists_and_environment_come_from_the_template() -> None:
    config = configure()
    assert (config.idle_seconds, config.life_seconds) == (60, 120)
    assert config.audience == {"c"}
    assert config.header_allowlist == {"authorization"}
    assert config.environment == {"SLUICE_MODEL": "bedrock"}


def test_lifetimes_left_out_are_agentcores_own() -> None:
    config = configure(LifecycleConfiguration={})
    assert (config.idle_seconds, config.life_seconds) == (900, 28800)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"FilesystemConfigurations": []}, "FilesystemConfigurations"),
        ({"ProtocolConfiguration": "MCP"}, "ProtocolConfiguration"),
        ({"AuthorizerConfiguration": {}}, "AuthorizerConfiguration.CustomJWTAuthorizer is missing"),
        (
            {"AuthorizerConfiguration": {"CustomJWTAuthorizer": {"CustomClaims": []}}},
            "CustomClaims",
        ),
        (
            {"RequestHeaderConfiguration": {"RequestHeaderAllowlist": ["X-Amzn-Trace-Id"]}},
            "X-Amzn-Trace-Id is barred",
        ),
    ],
)
def test_what_the_runtime_does_not_know_stops_the_start_by_name(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(TemplateError, match=named):
        configure(**changes)
