"""A model that fails is told with a code and a fix, and in nobody's words but ours."""

import json
import ssl
from typing import Any

import botocore.eventstream
import httpx
import httpx2
import openai
import pytest
import sluice.models.provider
import urllib3
from botocore import exceptions as aws
from sluice.agent_runner.model_errors import explain
from sluice.models.errors import AnswerCutError, ServerError
from sluice.settings import Settings
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from strands.types import exceptions as strands
from support import serve

CANARY = "CANARY-9c1d"
BEDROCK = Settings.read(
    {"SLUICE_CONVERSATIONS": "c", "SLUICE_MODEL_REGION": "us-east-1", "SLUICE_MODEL_ID": "m-1"}
)
OLLAMA = Settings.read({"SLUICE_CONVERSATIONS": "c", "SLUICE_MODEL": "ollama"})


def client_error(code: str) -> Exception:
    error = {"Error": {"Code": code, "Message": CANARY}}
    return aws.ClientError(error, "ConverseStream")


FAILURES = [
    (client_error("ThrottlingException"), "model_throttled", "wait a minute"),
    (strands.ModelThrottledException(CANARY), "model_throttled", "wait a minute"),
    (client_error("AccessDeniedException"), "model_access_denied", "InvokeModelWithResponseStream"),
    (client_error("ExpiredTokenException"), "model_access_denied", "aws sso login"),
    (aws.NoCredentialsError(), "model_access_denied", "SLUICE_MODEL=offline make dev"),
    (aws.SSOTokenLoadError(error_msg=CANARY), "model_access_denied", "aws sso login"),
    (aws.UnauthorizedSSOTokenError(), "model_access_denied", "aws sso login"),
    (aws.LoginRefreshRequired(), "model_access_denied", "aws sso login"),
    (aws.ProfileNotFound(profile=CANARY), "model_access_denied", "aws configure"),
    (client_error("ValidationException"), "model_unavailable", "SLUICE_MODEL_ID"),
    (client_error("ResourceNotFoundException"), "model_unavailable", "SLUICE_MODEL_ID"),
    (client_error("modelStreamErrorException"), "model_unavailable", "send again"),
    (client_error("ServiceUnavailableException"), "model_unavailable", "send again"),
    (aws.ReadTimeoutError(endpoint_url=CANARY), "model_unavailable", "too long"),
    (aws.EndpointConnectionError(endpoint_url=CANARY), "model_unavailable", "check the network"),
    (strands.ContextWindowOverflowException(CANARY), "prompt_too_long", "start a new one"),
    (strands.MaxTokensReachedException(CANARY), "answer_too_long", "16,000 tokens (SLUICE_MAX"),
]


@pytest.mark.parametrize(("error", "code", "fix"), FAILURES)
def test_a_failure_is_told_with_its_mend_and_without_its_text(error, code, fix) -> None:
    wrapped = strands.EventLoopException(error)
    wrapped.__cause__ = error
    for raised in (error, wrapped):
        refusal = explain(raised, BEDROCK)
        assert refusal is not None
        assert refusal.code == code
        assert fix in refusal.message
        assert CANARY not in refusal.message


MUTATIONS = [
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    httpx.ReadTimeout("slow"),
    httpx.DecodingError("broken gzip"),
    httpx2.ReadError("reset"),
    httpx2.RemoteProtocolError("incomplete chunked read"),
    openai.APIError("overloaded", httpx.Request("POST", "http://h"), body=None),
    openai.APIConnectionError(request=httpx.Request("POST", "http://h")),
    ssl.SSLError("bad record"),
    ConnectionResetError("reset"),
    urllib3.exceptions.ProtocolError("Connection broken"),
    urllib3.exceptions.IncompleteRead(1, 2),
    urllib3.exceptions.SSLError("bad record"),
    aws.ReadTimeoutError(endpoint_url=CANARY),
    aws.ResponseStreamingError(error=CANARY),
    aws.ConnectionClosedError(endpoint_url=CANARY),
    botocore.eventstream.ChecksumMismatch(1, 2),
    client_error("modelStreamErrorException"),
    client_error("modelTimeoutException"),
    client_error("throttlingException"),
    client_error("serviceUnavailableException"),
    client_error("internalServerException"),
    ServerError(CANARY),
    AnswerCutError(CANARY),
]


@pytest.mark.parametrize("error", MUTATIONS, ids=lambda error: type(error).__name__)
def test_what_breaks_an_answer_off_is_told_as_that(error) -> None:
    for settings in (BEDROCK, OLLAMA):
        refusal = explain(error, settings, in_mid_answer=True)
        assert refusal is not None
        assert refusal.code == "answer_cut"
        assert "what it said is kept" in refusal.message
        assert CANARY not in refusal.message


def test_a_server_at_home_that_is_not_running_is_named() -> None:
    refusal = explain(ConnectionError(CANARY), OLLAMA)
    assert refusal is not None
    assert refusal.message == (
        "The model server at http://localhost:11434 cannot be reached: start it, or correct "
        "SLUICE_MODEL_URL."
    )


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, "SLUICE_MODEL_ID, SLUICE_MODEL_REGION, SLUICE_MAX_TOKENS."),
        ({"SLUICE_THINKING": "2000"}, "SLUICE_MAX_TOKENS, SLUICE_THINKING."),
        ({"SLUICE_GUARDRAIL_ID": "g"}, "SLUICE_MAX_TOKENS, SLUICE_GUARDRAIL_ID."),
    ],
)
def test_what_bedrock_rejects_names_the_settings_it_may_be(more, names) -> None:
    environ = {"SLUICE_CONVERSATIONS": "c", "SLUICE_MODEL_REGION": "us-east-1"} | more
    refusal = explain(client_error("ValidationException"), Settings.read(environ))
    assert refusal is not None
    assert refusal.message.endswith(names)


def test_a_fault_of_our_own_is_not_blamed_on_the_model() -> None:
    assert explain(KeyError(CANARY), BEDROCK) is None


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (403, "AccessDeniedException", "model_access_denied"),
        (400, "ValidationException", "model_unavailable"),
    ],
)
def test_bedrock_itself_refusing_is_told_in_band(
    run_agent, wire, monkeypatch, status, kind, code
) -> None:
    asked: list[Any] = []

    async def refuse(request: Any) -> JSONResponse:
        asked.append(json.loads(await request.body()))
        return JSONResponse({"message": CANARY}, status, {"x-amzn-errortype": kind})

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with serve(Starlette(routes=[Route("/{path:path}", refuse, methods=["POST"])])) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        with run_agent(SLUICE_MODEL="bedrock", SLUICE_MODEL_REGION="us-east-1") as client:
            answer = client.post({"prompt": "hello"})
    events = wire(answer)
    assert (events[0].type.value, events[-1].code) == ("RUN_STARTED", code)
    assert CANARY.encode() not in answer.content
    assert "cachePoint" in json.dumps(asked[0]), "prompt caching is on"


def test_a_provider_whose_package_is_missing_names_the_command(
    run_agent, wire, monkeypatch
) -> None:
    # As in the deployed bundle, which does without the package.
    monkeypatch.setattr(sluice.models.provider, "find_spec", {}.get)
    with run_agent(SLUICE_MODEL="openai", SLUICE_MODEL_ID="m") as client:
        refused = wire(client.post({"prompt": "hello"}))[-1]
        warm = client.post({"action": "warm"}).json()
    assert refused.code == "model_unavailable"
    assert "uv add --package sluice-agent openai" in refused.message
    assert warm["error"] == {"code": refused.code, "message": refused.message}
