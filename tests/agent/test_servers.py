"""SLUICE_MCP names servers, or is told what is wrong with it."""

import json
from typing import Any

import pytest
from sluice.mcp_servers import Server, read_servers


def test_servers_are_named_in_json() -> None:
    text = """[
        {"name": "docs", "url": "https://docs.example.com/mcp", "tools": ["search"], "seconds": 5},
        {"name": "mine", "url": "http://localhost:8000/mcp", "auth": "bearer", "token": "secret"}
    ]"""
    first, second = read_servers(text)
    assert first == Server(
        "docs", "https://docs.example.com/mcp", tools=frozenset(["search"]), seconds=5
    )
    assert second == Server("mine", "http://localhost:8000/mcp", "bearer", "secret")
    assert "secret" not in repr(second)
    assert read_servers(" ") == read_servers("[]") == ()


def server(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "docs", "url": "https://docs.example.com/mcp"} | fields]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("CANARY", "is not JSON: see line 1, column 1"),
        ("[" * 100_000, "nested too deeply"),
        ({"mcpServers": {}}, "must be a JSON list"),
        (server() * 11, "at most 10 servers"),
        (["CANARY"], "server 1: it must be an object"),
        (server(headers={"a": "CANARY"}), "server 1: `headers` is not known"),
        (server(**{"CANARY-secret": 1}), "server 1: one of its fields is not known"),
        (server(name=""), "`name` must be"),
        (server(name="CANARY canary"), "`name` must be"),
        (server(name="x" * 21), "`name` must be"),
        (server() * 2, "server 2: `name` must be a name that no other server has"),
        (server(url="http://CANARY.example.com/mcp"), "`url` must be an https:// URL"),
        (server(url="https://user:CANARY@example.com"), "`url` must be"),
        (server(url="https://example.com/#CANARY"), "`url` must be"),
        (server(url="https://[CANARY"), "`url` must be"),
        (server(url="https://example.com:CANARY"), "`url` must be"),
        (server(url="https://CANARY example.com"), "`url` must be"),
        (server(url="file:///CANARY"), "`url` must be"),
        (server(url=None), "`url` must be"),
        (server(auth="CANARY"), "`auth` must be one of none, person, bearer, iam"),
        (server(auth="bearer"), "`token` must be given with auth bearer"),
        (server(auth="iam", token="CANARY"), "`token` must be given with auth bearer"),
        (server(auth="bearer", token="CANARY\r\nX: y"), "`token` must be a string of visible"),
        (server(tools="CANARY"), "`tools` must be a list"),
        (server(tools=[]), "`tools` must be a list"),
        (server(seconds=0), "`seconds` must be a number from 1 to 300"),
        (server(seconds=True), "`seconds` must be"),
        (server(seconds="CANARY"), "`seconds` must be"),
    ],
)
def test_what_cannot_be_used_is_told_by_field_and_without_its_value(entries, said) -> None:
    with pytest.raises(ValueError, match="SLUICE_MCP") as raised:
        read_servers(entries if isinstance(entries, str) else json.dumps(entries))
    assert said in str(raised.value)
    assert "CANARY" not in str(raised.value)
