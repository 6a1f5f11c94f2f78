"""How many tokens a run used: what the model reports, and an estimate of what it did not."""

from typing import Any

# A call that is cut off reports nothing, and is paid for all the same.
CHARACTERS_PER_TOKEN = 4

_REPORTED = (
    "inputTokens",
    "outputTokens",
    "cacheReadInputTokens",
    "cacheWriteInputTokens",
    # Ours: some servers say it, and Bedrock counts it with what was answered and says nothing.
    "reasoningTokens",
)


class Meter:
    """Reads the chunks of a run's model calls, one call after the other."""

    def __init__(self) -> None:
        # Whether the model has said anything, or begun to call a tool, in the call under way.
        self.has_spoken = False
        self._reported = dict.fromkeys(_REPORTED, 0)
        self._expected = 0
        # Of calls that have begun and not reported yet.
        self._open_input = 0
        self._open_characters = 0

    @property
    def open_characters(self) -> int:
        """What the call under way has written, while nobody has counted its tokens."""
        return self._open_characters

    def expect(self, input_tokens: int | None) -> None:
        """A call is about to be made; `input_tokens` is an estimate of what it sends."""
        self.has_spoken = False
        self._expected = input_tokens or 0

    def read(self, chunk: dict[str, Any]) -> None:
        """Count a chunk of the model's stream, in the shape of Bedrock's ConverseStream."""
        if "contentBlockDelta" in chunk:
            self.has_spoken = True
            self._open_characters += count_characters(chunk["contentBlockDelta"]["delta"])
        elif "contentBlockStart" in chunk:
            self.has_spoken |= "toolUse" in chunk["contentBlockStart"].get("start", {})
        elif "messageStart" in chunk:
            self._open_input += self._expected
        elif "metadata" in chunk:
            usage = chunk["metadata"].get("usage", {})
            for name in _REPORTED:
                self._reported[name] += usage.get(name) or 0
            self._open_input = self._open_characters = 0

    def token_usage(self, provider: str, model_id: str) -> dict[str, Any] | None:
        """The AG-UI TokenUsage of the run; None when the model has not begun to answer.

        AG-UI counts cached tokens as part of the input. Bedrock reports them beside it, servers
        that speak as OpenAI does within it.
        """
        tokens = self._reported
        read, written = tokens["cacheReadInputTokens"], tokens["cacheWriteInputTokens"]
        sent = tokens["inputTokens"] + self._open_input
        sent += read + written if provider == "bedrock" else 0
        answered = tokens["outputTokens"] + -(-self._open_characters // CHARACTERS_PER_TOKEN)
        if not sent + answered:
            return None
        return {
            "provider": provider,
            "model": model_id,
            "inputTokens": sent,
            "outputTokens": answered,
            "totalTokens": sent + answered,
            "cachedInputTokens": read,
            "cacheWriteInputTokens": written,
        } | ({"reasoningTokens": reasoned} if (reasoned := tokens["reasoningTokens"]) else {})


def count_characters(delta: Any) -> int:
    """The characters of a delta: text, reasoning, or a piece of a tool call's arguments."""
    if "text" in delta:
        return len(delta["text"])
    if "toolUse" in delta:
        return len(delta["toolUse"].get("input", ""))
    return len(delta.get("reasoningContent", {}).get("text", ""))
