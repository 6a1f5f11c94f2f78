"""Fixtures: the whole agent with a provider whose service is a server of model_servers.

A plugin of pytest, for the tests that name it in `pytest_plugins`.
"""

import contextlib
import gc
import warnings

import pytest
import sluice.agent_runner.retry
from model_servers import DIALECTS, KEY, MODEL_IDS, ModelServer, Refused, Reply
from support import serve


@pytest.fixture(scope="module")
def model_server():
    server = ModelServer()
    with serve(server.app) as server.url:
        yield server


@pytest.fixture
def run_on(run_agent, monkeypatch):
    """Start the agent with a provider whose service is at a URL."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setattr(sluice.agent_runner.retry, "DELAYS", [0.0, 0.0, 0.0])

    def run_on(url: str, provider: str, **environ: str):
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        environ = {"SLUICE_MODEL_ID": MODEL_IDS[provider], "SLUICE_MODEL_KEY": KEY} | environ
        return run_agent(SLUICE_MODEL=provider, **DIALECTS[provider].environ(url), **environ)

    return run_on


@pytest.fixture
def provide(run_on, model_server):
    """Start the agent on a model server with a script; yields the client and the server."""

    @contextlib.contextmanager
    def provide(provider: str, *script: Reply | Refused, **environ: str):
        model_server.play(*script)
        with run_on(model_server.url, provider, **environ) as client:
            yield client, model_server

    return provide


@pytest.fixture
def released(request, caplog):
    """Strands leaves the connection of a Bedrock stream that failed to the garbage collector."""
    if "bedrock" not in request.node.name:
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        gc.freeze()
        yield
        # The logged exception holds the stream.
        caplog.get_records("call").clear()
        gc.collect()
        gc.unfreeze()
