"""Reasoning: who asked for it, the signature it leaves with, and the rules on its way back.

"Extended thinking" and "Adaptive thinking" in the Bedrock user guide, of Anthropic's models.
"""

import base64
import hashlib
from typing import Any

from local.bedrock.errors import invalid

MIN_BUDGET = 1024


def is_thinking(request: dict[str, Any]) -> bool:
    """Whether the request lets the model reason."""
    return _thinking(request).get("type") in {"enabled", "adaptive"}


def sign(text: str) -> str:
    """The signature that reasoning leaves with, and has to come back with."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def check_thinking(request: dict[str, Any]) -> None:
    """Raise a ValidationException for what Anthropic's models refuse."""
    thinking = _thinking(request)
    if thinking.get("type") == "enabled":
        budget, most = thinking.get("budget_tokens"), _max_tokens(request)
        if not isinstance(budget, int) or budget < MIN_BUDGET:
            raise _refused(f"thinking.enabled.budget_tokens: must be {MIN_BUDGET} or more")
        if most is not None and most <= budget:
            raise _refused("`max_tokens` must be greater than `thinking.budget_tokens`")
    choice = request.get("toolConfig", {}).get("toolChoice", {})
    if is_thinking(request) and choice.keys() & {"any", "tool"}:
        raise _refused("Thinking may not be enabled when tool_choice forces tool use.")
    _check_signatures(request["messages"])


def _check_signatures(messages: list[dict[str, Any]]) -> None:
    """Of the turn under way: what was reasoned before a call comes back unchanged with its result.
    Older reasoning is not read."""
    if not any("toolResult" in block for block in messages[-1]["content"]):
        return
    at = len(messages) - 2
    for number, block in enumerate(messages[at]["content"]):
        reasoning = block.get("reasoningContent", {}).get("reasoningText")
        if reasoning and reasoning.get("signature") != sign(reasoning["text"]):
            raise _refused(
                f"messages.{at}.content.{number}: Invalid `signature` in `thinking` block"
            )


def _thinking(request: dict[str, Any]) -> dict[str, Any]:
    fields = request.get("additionalModelRequestFields")
    # "thinking" of the Messages API; "reasoning_config" is its older name.
    for name in ("thinking", "reasoning_config"):
        found = fields.get(name) if isinstance(fields, dict) else None
        if isinstance(found, dict):
            return found
    return {}


def _max_tokens(request: dict[str, Any]) -> int | None:
    most = request.get("inferenceConfig", {}).get("maxTokens")
    return most if isinstance(most, int) else None


def _refused(reason: str) -> Exception:
    return invalid(f"The model returned the following errors: {reason}")
