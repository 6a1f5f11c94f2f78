"""The key of a model's server, in a Secrets Manager secret: read when needed, told to nobody."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from model_servers import Reply
from s3_fake import CREDENTIALS
from sluice.models import model_key
from sluice.models.model_key import make_key
from sluice.service_error import ServiceError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from support import serve

pytest_plugins = ("provided",)

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:model-a1b2c3"


class SecretsManager:
    """GetSecretValue, of one secret ("GetSecretValue", Secrets Manager API Reference)."""

    def __init__(self) -> None:
        self.text = "sesame"
        self.reads: list[tuple[str, str]] = []
        """The region that each request is signed for, and the secret that it names."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        region = request.headers["Authorization"].split("/")[2]
        asked = (await request.json())["SecretId"]
        self.reads.append((region, asked))
        known = asked == ARN
        answer = JSONResponse(
            {"SecretString": self.text} if known else {"__type": "ResourceNotFoundException"},
            200 if known else 400,
            media_type="application/x-amz-json-1.1",
        )
        await answer(scope, receive, send)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    """A Secrets Manager that this process's clients call."""
    manager = SecretsManager()
    with serve(manager) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_SECRETS_MANAGER": url}.items():
            monkeypatch.setenv(name, value)
        yield manager


def read(*, arn: str = ARN) -> str:
    key = make_key("", arn, "us-east-1")
    assert not isinstance(key, str)
    return asyncio.run(key())


def test_without_a_secret_the_key_is_the_variables_or_none() -> None:
    assert make_key("sesame", "", "us-east-1") == "sesame"
    assert make_key("", "", "us-east-1") == "none"


def test_a_key_of_the_shell_wins_so_that_nothing_is_read(secrets: SecretsManager) -> None:
    assert make_key("mine", ARN, "us-east-1") == "mine"
    assert secrets.reads == []


def test_it_is_read_in_the_secrets_own_region_and_once(secrets: SecretsManager) -> None:
    key = make_key("", ARN, "us-east-1")
    assert not isinstance(key, str)
    assert secrets.reads == []

    async def ask() -> tuple[str, str]:
        return await key(), await key()

    assert asyncio.run(ask()) == ("sesame", "sesame")
    assert secrets.reads == [("eu-west-1", ARN)]


def test_a_changed_key_arrives(secrets: SecretsManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_key, "SECONDS", -1)
    key = make_key("", ARN, "us-east-1")
    assert not isinstance(key, str)
    assert asyncio.run(key()) == "sesame"
    secrets.text = "changed"
    assert asyncio.run(key()) == "changed"


@pytest.mark.parametrize("text", [" sesame\n", json.dumps({"key": "sesame"})])
def test_a_secret_as_people_make_it_is_read(secrets: SecretsManager, text: str) -> None:
    secrets.text = text
    assert read() == "sesame"


@pytest.mark.parametrize("text", ["", "{}", '{"a": "b", "c": "d"}', '{"a": 1}', "[]"])
def test_a_secret_without_one_key_is_refused_and_not_quoted(
    secrets: SecretsManager, text: str
) -> None:
    secrets.text = text
    with pytest.raises(ServiceError, match="holds no key") as service_error:
        read()
    assert service_error.value.code == "model_access_denied"


def test_one_that_cannot_be_read_is_told_with_awss_own_word(secrets: SecretsManager) -> None:
    with pytest.raises(ServiceError, match=r"cannot be read \(ResourceNotFoundException\)"):
        read(arn=ARN.replace("model", "other"))


def test_the_server_is_sent_the_key_of_the_secret(
    secrets: SecretsManager, provide: Callable[..., Any]
) -> None:
    environ = {"SLUICE_MODEL_KEY": "", "SLUICE_MODEL_SECRET": ARN}
    with provide("openai", Reply(text=("It is 100.",)), **environ) as (client, server):
        assert client.say("25 * 4?") == "It is 100."
    assert server.asked[0].headers["authorization"] == "Bearer sesame"
    assert secrets.reads == [("eu-west-1", ARN)]


def test_a_run_whose_key_cannot_be_read_ends_with_the_reason(
    secrets: SecretsManager, provide: Callable[..., Any]
) -> None:
    secrets.text = ""
    environ = {"SLUICE_MODEL_KEY": "", "SLUICE_MODEL_SECRET": ARN}
    with provide("openai", **environ) as (client, server):
        error = client.ask("25 * 4?")[-1]
    assert error.code == "model_access_denied"
    assert "holds no key" in error.message
    assert server.asked == []
