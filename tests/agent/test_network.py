"""What the shell says of proxies and certificates, read once for every client."""

import asyncio
import os
from typing import Any

import certifi
import pytest
import sluice.models.provider
from model_servers import DIALECTS, Reply
from sluice import network
from sluice.agent_runner.model_errors import explain
from sluice.service_error import ServiceError
from sluice.settings import Settings

pytest_plugins = ("provided",)

NOBODY = "http://127.0.0.1:9"
ANSWER = Reply(text=("Hello.",))


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    """A shell without any of the variables; sets them."""
    for scheme in ("http", "https", "all", "no"):
        for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper()):
            monkeypatch.delenv(name, raising=False)
    for name in (*network.OPENSSL, *network.BOTOCORE):
        monkeypatch.delenv(name, raising=False)

    def set_variables(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_variables


@pytest.mark.parametrize("proxy", [NOBODY, "socks://127.0.0.1:9", "http://", "localhost:x"])
@pytest.mark.parametrize("provider", DIALECTS)
def test_a_model_on_this_machine_is_reached_whatever_the_proxies_are(
    provide, shell, provider, proxy
) -> None:
    shell(no_proxy="internal.example", NO_PROXY="internal.example")
    shell(HTTP_PROXY=proxy, HTTPS_PROXY=proxy, ALL_PROXY=proxy, http_proxy=proxy)
    shell(SSL_CERT_FILE="/nowhere.pem", REQUESTS_CA_BUNDLE="/nowhere.pem")
    # As main does, before any client is made.
    network.bypass_loopback(os.environ)
    with provide(provider, ANSWER) as (client, _):
        assert client.say("Hello!") == "Hello."


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "ollama.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[::]"],
)
def test_what_is_on_this_machine_has_no_proxy(shell, host) -> None:
    shell(HTTP_PROXY=NOBODY, ALL_PROXY=NOBODY)
    assert network.proxy_for(f"http://{host}:8080/v1") is None
    assert network.proxy_variable(f"http://{host}:8080/v1") == ""


@pytest.mark.parametrize(
    ("variables", "proxy", "name"),
    [
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128", "HTTPS_PROXY"),
        ({"all_proxy": "http://p:1"}, "http://p:1", "all_proxy"),
        ({"HTTP_PROXY": "http://p:1"}, None, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example.com"}, None, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None, ""),
    ],
)
def test_a_server_elsewhere_is_reached_by_the_proxy_of_its_scheme(
    shell, variables, proxy, name
) -> None:
    shell(**variables)
    assert network.proxy_for("https://api.example.com/v1") == proxy
    assert network.proxy_variable("https://api.example.com/v1") == name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a, localhost"}, "a,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a", "NO_PROXY": "b"}, "a,localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_this_machine_is_added_to_what_needs_no_proxy(before, after) -> None:
    environ = dict(before)
    network.bypass_loopback(environ)
    assert environ == {"no_proxy": after, "NO_PROXY": after}


ODD: dict[str, Any] = {
    "HTTPS_PROXY": ["socks5://secret@127.0.0.1:1080", "socks://h:1", "http://", "http://h:secret"],
    "ALL_PROXY": ["socks5h://127.0.0.1:1080", "ftp://secret:2", "http://sec ret:80"],
    "https_proxy": ["://", "http://[::1"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in ODD.items() for v in values])
@pytest.mark.parametrize("provider", ["openai", "bedrock", "ollama"])
def test_a_proxy_that_cannot_be_used_is_named_with_what_to_do(shell, provider, name, value) -> None:
    shell(**{name: value})
    with pytest.raises(ServiceError) as refused:
        sluice.models.provider.make_model(settings(provider))
    told = refused.value.message
    assert told.startswith(f"{name} ")
    assert "unset it" in told
    assert "secret" not in told
    assert network.problems({name: value}) == [told]


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "SSL_CERT_FILE"),
        ("openai", "SSL_CERT_DIR"),
        ("ollama", "SSL_CERT_FILE"),
        ("bedrock", "REQUESTS_CA_BUNDLE"),
        ("bedrock", "AWS_CA_BUNDLE"),
    ],
)
@pytest.mark.parametrize("kind", ["missing", "empty", "folder"])
def test_certificates_that_cannot_be_used_are_named(shell, tmp_path, provider, name, kind) -> None:
    path = {"missing": tmp_path / "none", "empty": tmp_path / "empty", "folder": tmp_path}[kind]
    (tmp_path / "empty").touch()
    shell(**{name: str(path)})
    if (name, kind) == ("SSL_CERT_DIR", "folder"):
        assert sluice.models.provider.make_model(settings(provider))
        return
    with pytest.raises(ServiceError, match=f"{name} .*unset it") as refused:
        sluice.models.provider.make_model(settings(provider))
    assert network.problems({name: str(path)}) == [refused.value.message]


def test_what_can_be_used_is_no_problem() -> None:
    proxies = {"HTTPS_PROXY": "http://u:p@proxy.example.com:8080", "all_proxy": "proxy:1"}
    assert network.problems(proxies | {"SSL_CERT_FILE": certifi.where(), "NO_PROXY": "*"}) == []


def test_a_server_that_a_proxy_does_not_reach_names_the_proxys_variable(shell) -> None:
    shell(HTTPS_PROXY=NOBODY)
    service_error = explain(ConnectionError(), settings("openai"))
    assert service_error is not None
    assert service_error.message.endswith(
        "check HTTPS_PROXY, whose proxy is on the way; or start it, or correct SLUICE_MODEL_URL."
    )


def test_an_mcp_server_on_this_machine_is_reached_whatever_the_proxies_are(shell) -> None:
    from sluice.mcp_servers import read_servers
    from sluice.tools.session import Session

    shell(ALL_PROXY="socks://127.0.0.1:9", SSL_CERT_FILE="/nowhere.pem")
    [server] = read_servers('[{"name": "here", "url": "http://localhost:9/mcp"}]')
    http = Session(server, "")._http_client()
    assert not [transport for transport in http._mounts.values() if transport]
    asyncio.run(http.aclose())


def settings(provider: str) -> Settings:
    """A model that is not on this machine."""
    url = {} if provider == "bedrock" else {"SLUICE_MODEL_URL": "https://models.example.com/v1"}
    environ = {"SLUICE_MODEL": provider, "SLUICE_MODEL_ID": "m", "SLUICE_CONVERSATIONS": "c"}
    return Settings.read(environ | url | {"SLUICE_MODEL_REGION": "us-east-1"})
