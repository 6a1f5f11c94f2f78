"""What the models' edge says of an answer that is none, or not a whole one.

Their texts are a server's words, or for the log: they are never told to a person.
"""

# How servers and their gateways say that the account's quota or credit is used up, in an error's
# code, type or message: OpenAI, Anthropic, DeepSeek, OpenRouter.
_QUOTA = (
    "insufficient_quota",
    "insufficient_balance",
    "insufficient balance",
    "insufficient credit",
    "exceeded your current quota",
    "credit balance is too low",
    "billing_hard_limit",
    "billing_not_active",
    "requires more credits",
)


class ServerError(Exception):
    """A model server told of an error under status 200, or sent nothing that is an answer."""


class AnswerCutError(Exception):
    """A stream ended before its answer did."""


def is_quota_used_up(error: BaseException) -> bool:
    """Whether a model server's error says that the account's quota or credit is used up."""
    body = getattr(error, "body", None)
    text = f"{body} {error}" if body or type(error).__name__ == "ServerError" else ""
    return any(words in text.lower() for words in _QUOTA)
