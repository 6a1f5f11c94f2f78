"""The model that SLUICE_MODEL names, as a Strands model provider."""

from importlib.util import find_spec

from strands.models.model import Model

from sluice.aws import client_config
from sluice.refusal import Refusal
from sluice.settings import Settings


def make_model(settings: Settings) -> Model:
    """Make the provider; nothing is sent to it yet.

    Raises:
        Refusal: `model_unavailable`, when the provider's client package is not installed.
    """
    match settings.model:
        case "offline":
            from sluice.models.offline import OfflineModel

            return OfflineModel(settings.offline_delay)
        case "ollama":
            _require("ollama")
            from strands.models.ollama import OllamaModel

            return OllamaModel(settings.model_url, model_id=settings.model_id)
        case "openai":
            _require("openai")
            from strands.models.openai import OpenAIModel

            # The client insists on a key; servers at home often have none.
            client = {"base_url": settings.model_url, "api_key": settings.model_key or "none"}
            return OpenAIModel(client_args=client, model_id=settings.model_id)
        case _:
            return _bedrock(settings)


def _bedrock(settings: Settings) -> Model:
    from strands.models.bedrock import BedrockModel
    from strands.models.model import CacheConfig

    return BedrockModel(
        model_id=settings.model_id,
        region_name=settings.model_region,
        boto_client_config=client_config(5, 120),
        cache_config=CacheConfig(strategy="auto"),
    )


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise Refusal(
            "model_unavailable",
            f"SLUICE_MODEL={package} needs the package {package}, which is not installed: "
            f"run `uv add --package sluice-agent {package}`, then start again.",
        )
