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


class StatusError(Exception):
    """A model server refused a request with an HTTP status."""

    def __init__(self, status_code: int, body: str) -> None:
        super().__init__(f"{status_code}: {body}")
        self.status_code = status_code
        self.body = body


class AnswerCutError(Exception):
    """A stream ended before its answer did."""


def is_quota_used_up(error: BaseException) -> bool:
    """Whether a model server's error says that the account's quota or credit is used up."""
    body = getattr(error, "body", None)
    text = f"{body} {error}" if body or type(error).__name__ == "ServerError" else ""
    return any(words in text.lower() for words in _QUOTA)


def is_overflow(text: str) -> bool:
    """Whether an error's text says, in one of the servers' words, that the input is too long.

    llama.cpp, vLLM, LM Studio, Ollama, TGI, Groq, Mistral, OpenRouter and Bedrock word it so.
    """
    low = text.lower()
    return any(
        words in low
        for words in (
            "context_length_exceeded",
            "exceed_context_size",
            "exceeds the available context",
            "maximum context length",
            "context length",
            "context window",
            "context size",
            "input is too long",
            "prompt is too long",
            "too many input tokens",
            "input length exceeds",
            "reduce the length of the",
            "inputs tokens + max_new_tokens",
            "too large for model with",
        )
    )
