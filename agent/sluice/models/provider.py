"""The model that SLUICE_MODEL names, as a Strands model provider."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from strands.models.model import Model

from sluice import network
from sluice.aws import client_config
from sluice.service_error import ServiceError
from sluice.settings import Settings

# How long a server may take to be reached, and to send its next piece.
CONNECT_SECONDS = 5.0
BEDROCK_SECONDS = 120.0
# A server at home may first have to load the model, and read a long prompt without a GPU.
SERVER_SECONDS = 600.0


def make_model(settings: Settings) -> Model:
    """Make the provider; nothing is sent to it yet.

    Raises:
        ServiceError: `model_unavailable`, when the openai package is needed and not installed, the
            model cannot be asked to reason as SLUICE_THINKING says, or the shell's proxy or certificates
            for it cannot be used.
    """
    match settings.model:
        case "ollama":
            network.check(settings.model_url)
            return _ollama(settings)
        case "openai":
            _require_openai()
            network.check(settings.model_url)
            return _openai(settings)
        case _:
            return _bedrock(settings)


def _bedrock(settings: Settings) -> Model:
    from strands.models.model import CacheConfig

    from sluice.models.bedrock import CuttableBedrockModel, thinking_fields

    model = CuttableBedrockModel(
        model_id=settings.model_id,
        region_name=settings.model_region,
        boto_client_config=client_config(CONNECT_SECONDS, BEDROCK_SECONDS),
        # Of Anthropic's models, the system prompt with the tools before it, and the conversation.
        cache_config=CacheConfig(strategy="auto"),
        max_tokens=settings.max_tokens,
        additional_request_fields=thinking_fields(settings),
        # Without an id Strands sends no guardrail. With one, Bedrock holds each piece back until it
        # has been read ("synchronous", its default): the other mode may show what is then refused.
        guardrail_id=settings.guardrail_id or None,
        guardrail_version=settings.guardrail_version,
    )
    network.check(model.client.meta.endpoint_url, network.BOTOCORE)
    return model


def _ollama(settings: Settings) -> Model:
    from httpx2 import Timeout

    from sluice.models.ollama import OllamaModel

    return OllamaModel(
        settings.model_url,
        settings.model_id,
        settings.max_tokens,
        # Without it, the client would wait for ever for a server that hangs.
        Timeout(SERVER_SECONDS, connect=CONNECT_SECONDS),
        settings.model_key,
    )


def _openai(settings: Settings) -> Model:
    from openai import Timeout

    from sluice.models.model_key import make_key
    from sluice.models.openai_compatible import OpenAICompatibleModel

    client = {
        "base_url": settings.model_url,
        "api_key": make_key(settings.model_key, settings.model_secret, settings.model_region),
        "timeout": Timeout(SERVER_SECONDS, connect=CONNECT_SECONDS),
        # It would wait up to a minute without a word; sluice.agent_runner.retry tells of waits.
        "max_retries": 0,
    }
    # OpenAI's own newer models take only the one name, and servers at home often only the other.
    # A server that wants the other name says so, and is asked again.
    is_openai = urlsplit(settings.model_url).hostname == "api.openai.com"
    limit = "max_completion_tokens" if is_openai else "max_tokens"
    return OpenAICompatibleModel(
        client_args=client, model_id=settings.model_id, params={limit: settings.max_tokens}
    )


def _require_openai() -> None:
    if find_spec("openai") is None:
        raise ServiceError(
            "model_unavailable",
            "SLUICE_MODEL=openai needs the package openai, which is not installed: "
            "run `uv add --package sluice-agent openai`, then start again.",
        )
