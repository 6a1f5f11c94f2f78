"""What a run has of MCP servers, and does without when they are gone."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp_server import McpServer, mcp_server
from sluice.settings import Settings
from sluice.telemetry.logs import ContentFreeFormatter
from sluice.threads.history import Question
from sluice.tools.toolbox import NO_SERVICES, Toolbox
from support import free_socket

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[McpServer]:
    with mcp_server() as server:
        yield server


@pytest.fixture
def make_toolbox(tmp_path: Path) -> Iterator[Callable[..., Toolbox]]:
    made: list[Toolbox] = []

    def make(servers: Sequence[dict[str, Any]]) -> Toolbox:
        environ = {
            "AWS_REGION": "us-east-1",
            "SLUICE_CONVERSATIONS": "/nowhere",
            "SLUICE_MCP": json.dumps(servers),
        }
        made.append(Toolbox(Settings.read(environ), tmp_path))
        return made[-1]

    yield make
    for toolbox in made:
        toolbox.close()


def question(token: str = "") -> Question:
    return Question([], [{"text": "What is there?"}], None, token)


async def test_a_run_has_the_tools_of_servers_beside_its_own(make_toolbox, server) -> None:
    named = {"name": "docs", "url": server.url, "tools": ["echo"]}
    toolbox = make_toolbox([named, {**named, "name": "who", "auth": "person"}])
    tools, notices = await toolbox.tools_for(question("alice"), NO_SERVICES)
    mine = ["calculator", "current_time", "docs_echo"]
    assert [tool.tool_name for tool in tools] == [*mine, "who_echo"]
    assert notices == []
    assert [each["name"] for each in toolbox.description] == mine, "what everybody has"


async def test_t8_a_server_that_is_gone_costs_a_notice_and_no_secret_is_logged(
    make_toolbox, caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    with free_socket() as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
        toolbox = make_toolbox(
            [
                {"name": "docs", "url": url, "auth": "bearer", "token": "CANARY-1"},
                {"name": "work", "url": url, "auth": "person"},
            ]
        )
        tools, notices = await toolbox.tools_for(question("CANARY-2"), NO_SERVICES)
    assert [tool.tool_name for tool in tools] == ["calculator", "current_time"]
    (notice,) = notices
    assert (notice["type"], notice["name"]) == ("CUSTOM", "tools_unavailable")
    assert notice["value"]["message"] == (
        "The tools of docs and work cannot be reached: this answer does without them."
    )
    lines = [ContentFreeFormatter().format(record) for record in caplog.records]
    assert any("the MCP server docs cannot be reached" in line for line in lines)
    assert "CANARY" not in "".join(lines)


def test_an_answer_does_without_a_server_that_is_gone(run_agent) -> None:
    with free_socket() as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
        servers = json.dumps([{"name": "docs", "url": url}])
        with run_agent(SLUICE_MCP=servers) as client:
            events = client.ask("What is 25 * 4?")
    assert [event.name for event in events if event.type.value == "CUSTOM"] == ["tools_unavailable"]
    assert events[-1].type.value == "RUN_FINISHED"
    assert "100" in "".join(getattr(event, "content", "") for event in events)
