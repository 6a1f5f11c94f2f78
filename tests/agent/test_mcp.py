"""The tools of MCP servers: a real one, in a process of its own."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from checkout import ROOT
from mcp_server import McpServer, mcp_server
from sluice.mcp_servers import Server
from sluice.tools.mcp_pool import McpPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from strands.types.tools import AgentTool
from support import free_socket, serve
from tool_calls import call, told

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def shared() -> Iterator[McpServer]:
    """A server that no test ends."""
    with mcp_server() as server:
        yield server


@pytest.fixture
def connect() -> Iterator[Callable[..., McpPool]]:
    made: list[McpPool] = []

    def make(*servers: Server, **arguments: float) -> McpPool:
        made.append(McpPool(servers, **arguments))
        return made[-1]

    yield make
    for lines in made:
        lines.close()


async def tools_of(lines: McpPool, token: str = "") -> dict[str, AgentTool]:
    tools, unreachable = await lines.tools(token)
    assert unreachable == []
    return {tool.tool_name: tool for tool in tools}


async def headers_of(tool: AgentTool) -> dict[str, str]:
    """What the server saw of a call."""
    headers: dict[str, str] = json.loads(told(await call(tool)))
    return headers


# Calling them.


async def test_a_servers_tools_are_called_under_its_name(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url)))
    assert set(tools) == {
        "docs_echo",
        "docs_headers",
        "docs_fail",
        "docs_hang",
        "docs_flood",
        "docs_end",
        "docs_a_dotted_name",
        f"docs_{'x' * 50}_00615a9c",
    }
    echo = tools["docs_echo"]
    assert echo.tool_spec["description"] == "Say it again."
    assert told(await call(echo, {"text": "hello"})) == "hello"
    assert told(await call(tools["docs_a_dotted_name"])) == "dotted"
    assert "authorization" not in await headers_of(tools["docs_headers"])


async def test_only_the_tools_that_are_named_are_had(connect, shared) -> None:
    wanted = frozenset(["echo", "a.dotted/name", "nothing"])
    tools = await tools_of(connect(Server("docs", shared.url, tools=wanted)))
    assert set(tools) == {"docs_echo", "docs_a_dotted_name"}


async def test_a_call_is_given_up_after_the_servers_seconds(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url, seconds=0.3)))
    started = time.monotonic()
    result = await call(tools["docs_hang"])
    assert time.monotonic() - started < 1
    assert told(result) == "The tool took more than 0.3 seconds and was given up."
    assert told(await call(tools["docs_echo"], {"text": "hello"})) == "hello"


async def test_a_stop_gives_a_call_up_at_once(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url)))
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    started = time.monotonic()
    result = await call(tools["docs_hang"], stop=stop)
    assert time.monotonic() - started < 0.5
    assert "stopped" in told(result)


async def test_what_a_tool_says_of_its_failure_is_read(connect, shared) -> None:
    lines = connect(Server("docs", shared.url))
    tools = await tools_of(lines)
    result = await call(tools["docs_fail"])
    assert (result["status"], "fail" in told(result)) == ("error", True)
    wrong = await call(tools["docs_echo"], {"text": [1]})
    assert (wrong["status"], "text" in told(wrong)) == ("error", True)
    assert await tools_of(lines) == tools, "the connection is as good as before"


async def test_a_flood_is_cut(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url)))
    assert len(told(await call(tools["docs_flood"]))) == 50_000


async def test_many_calls_at_once_share_a_connection(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url)))
    calls = [call(tools["docs_echo"], {"text": str(number)}) for number in range(20)]
    assert [told(result) for result in await asyncio.gather(*calls)] == list(map(str, range(20)))


# Losing them.


async def test_a_server_that_dies_costs_a_call_and_comes_back(connect) -> None:
    with mcp_server() as server:
        lines = connect(Server("docs", server.url), retry_seconds=0.0)
        tools = await tools_of(lines)
        for tool, arguments in (("docs_end", {}), ("docs_echo", {"text": "anyone?"})):
            result = await call(tools[tool], arguments)
            assert result["status"] == "error"
            assert told(result) == "The tool's server did not answer, or refused the call."
        assert await lines.tools("") == ([], ["docs"])
        server.restart()
        again = await tools_of(lines)
        assert told(await call(again["docs_echo"], {"text": "hello"})) == "hello"


async def test_a_server_that_cannot_be_reached_is_not_asked_again_for_a_while(connect) -> None:
    with mcp_server() as server:
        server.stop()
        lines = connect(Server("docs", server.url), retry_seconds=60.0)
        assert await lines.tools("") == ([], ["docs"])
        server.restart()
        started = time.monotonic()
        assert await lines.tools("") == ([], ["docs"])
        assert time.monotonic() - started < 0.1


async def test_a_server_that_is_silent_is_waited_for_no_longer_than_its_seconds(connect) -> None:
    with free_socket() as silent:
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
        lines = connect(Server("docs", url, seconds=0.3))
        started = time.monotonic()
        assert await lines.tools("") == ([], ["docs"])
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_server_that_refuses_cannot_be_reached(connect, status) -> None:
    async def refuse(request: Request) -> Response:
        return Response("CANARY", status)

    app = Starlette(routes=[Route("/mcp", refuse, methods=["GET", "POST"])])
    with serve(app) as url:
        assert await connect(Server("docs", f"{url}/mcp")).tools("") == ([], ["docs"])


async def test_t5_a_redirect_is_not_followed(connect) -> None:
    reached: list[str] = []

    async def redirect(request: Request) -> Response:
        reached.append(request.url.path)
        return RedirectResponse("/elsewhere", 307)

    routes = [Route(path, redirect, methods=["GET", "POST"]) for path in ("/mcp", "/elsewhere")]
    with serve(Starlette(routes=routes)) as url:
        assert await connect(Server("docs", f"{url}/mcp")).tools("") == ([], ["docs"])
    assert set(reached) == {"/mcp"}


# Who asks.


async def test_a_bearer_token_is_sent(connect, shared) -> None:
    tools = await tools_of(connect(Server("docs", shared.url, "bearer", "secret")), "alice")
    assert (await headers_of(tools["docs_headers"]))["authorization"] == "Bearer secret"


async def test_t1_a_server_sees_the_token_of_the_person_who_asks(connect, shared) -> None:
    lines = connect(Server("docs", shared.url, "person"))
    alice, bob = await asyncio.gather(tools_of(lines, "alice"), tools_of(lines, "bob"))
    for tools, token in ((alice, "alice"), (bob, "bob"), (await tools_of(lines, "alice"), "alice")):
        headers = await headers_of(tools["docs_headers"])
        assert headers["authorization"] == f"Bearer {token}"
    assert await tools_of(lines, "alice") == alice, "kept for the next message"


async def test_a_persons_connection_is_closed_when_nobody_has_used_it(connect, shared) -> None:
    lines = connect(Server("docs", shared.url, "person"), idle_seconds=0.0)
    alice = await tools_of(lines, "alice")
    await tools_of(lines, "bob")
    (kept,) = lines._personal.values()
    assert kept._token == "bob"
    assert (await call(alice["docs_echo"], {"text": "x"}))["status"] == "error"


async def test_a_gateway_is_sent_a_signature(connect, shared, monkeypatch) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "CANARY"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    tools = await tools_of(connect(Server("docs", shared.url, "iam")))
    headers = await headers_of(tools["docs_headers"])
    scope = f"AKIDEXAMPLE/{headers['x-amz-date'][:8]}/eu-central-1/bedrock-agentcore/aws4_request"
    assert headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={scope}, ")
    signed = "SignedHeaders=host;x-amz-date;x-amz-security-token"
    assert signed in headers["authorization"]
    assert headers["x-amz-security-token"] == "session"
    assert "CANARY" not in json.dumps(headers)


def test_a_signature_is_for_the_region_of_the_gateway(monkeypatch) -> None:
    import httpx2
    from sluice.tools.signing import Signature

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for host, region in (
        ("g-1.gateway.bedrock-agentcore.us-west-2.amazonaws.com", "us-west-2"),
        ("bedrock-agentcore.ap-south-1.amazonaws.com", "ap-south-1"),
        ("docs.example.com", "eu-central-1"),
    ):
        request = httpx2.Request("POST", f"https://{host}/mcp", content=b"{}")
        next(Signature(str(request.url)).auth_flow(request))
        assert f"/{region}/bedrock-agentcore/" in request.headers["authorization"]


def test_the_agent_does_without_the_servers_half_of_mcp() -> None:
    """Which would bring cryptography: ops/pruning.py leaves both out of the bundle."""
    seen = "import sys, sluice.tools.connection; print(*sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", seen]
    done = subprocess.run(command, cwd=ROOT / "agent", capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert not {"cryptography", "jwt", "sse_starlette", "mcp.server.mcpserver.server"} & imported
    assert "mcp.client.streamable_http" in imported
