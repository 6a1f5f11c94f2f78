"""The guardrail that the environment names goes to Bedrock with every request."""

from typing import Any

import pytest
from sluice.models.provider import make_model
from sluice.settings import Settings, SettingsError

BEDROCK = {
    "SLUICE_MODEL": "bedrock",
    "SLUICE_MODEL_REGION": "us-east-1",
    "SLUICE_CONVERSATIONS": "conversations",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Bedrock would be sent, with the given variables."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    async def ask(**variables: str) -> dict[str, Any]:
        model: Any = make_model(Settings.read(BEDROCK | variables))
        requests: list[dict[str, Any]] = []

        def record(params: dict[str, Any], **_: Any) -> None:
            requests.append(params)
            raise InterruptedError  # nothing leaves this machine

        model.client.meta.events.register("provide-client-params.bedrock-runtime", record)
        message: Any = {"role": "user", "content": [{"text": "Hello"}]}
        with pytest.raises(InterruptedError):
            async for _ in model.stream([message]):
                pass
        model.client.close()
        return requests[0]

    return ask


@pytest.mark.anyio
async def test_bedrock_is_told_the_guardrail_and_its_version(sent: Any) -> None:
    request = await sent(SLUICE_GUARDRAIL_ID="abc", SLUICE_GUARDRAIL_VERSION="7")
    assert request["guardrailConfig"]["guardrailIdentifier"] == "abc"
    assert request["guardrailConfig"]["guardrailVersion"] == "7"
    # Each piece is read before it is shown.
    assert request["guardrailConfig"].get("streamProcessingMode", "sync") == "sync"


@pytest.mark.anyio
async def test_without_an_id_there_is_no_guardrail(sent: Any) -> None:
    assert "guardrailConfig" not in await sent()


def test_a_guardrail_that_nobody_would_apply_is_refused() -> None:
    with pytest.raises(SettingsError, match="SLUICE_GUARDRAIL_ID is abc: set it to nothing"):
        Settings.read(BEDROCK | {"SLUICE_MODEL": "ollama", "SLUICE_GUARDRAIL_ID": "abc"})
