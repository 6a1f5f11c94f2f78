"""What the models' edge says of an answer that is none, or not a whole one.

Their texts are a server's words, or for the log: they are never told to a person.
"""

# How servers and their gateways say that the account's quota or credit is used up, in an error's
# code, type or message: OpenAI, Azure, Anthropic, DeepSeek, OpenRouter, Moonshot, Zhipu, DashScope,
# xAI, Together, Fireworks, Hugging Face, LiteLLM.
_QUOTA = (
    *("insufficient_quota", "insufficient quota", "exceeded your current quota"),
    *("exceeded_current_quota", "usage_limit_reached", "usage limit reached"),
    *("insufficient_balance", "insufficient balance", "insufficient credit", "insufficient_credit"),
    *("insufficient funds", "insufficient_funds", "not enough credit", "out of credit"),
    *("credit balance is too low", "requires more credits", "used all available credits"),
    *("have any credits", "credit limit", "credit_limit", "monthly included credits"),
    *("spending limit", "budget has been exceeded", "budget_exceeded", "exceededbudget"),
    *("billing_hard_limit", "billing hard limit", "billing_not_active", "account is not active"),
    *("payment required", "payment_required", "arrearage", "\u4f59\u989d\u4e0d\u8db3"),
)
# How they say that the input is too long. llama.cpp, vLLM, SGLang, LM Studio, Ollama, TGI, LiteLLM,
# Groq, Mistral, Gemini, OpenRouter, xAI, Moonshot, Zhipu, DashScope and Bedrock word it so.
_OVERFLOW = (
    *("context_length_exceeded", "exceed_context_size", "contextwindowexceeded"),
    *("context length", "context window", "context size", "context limit"),
    *("available context", "maximum model length", "max_model_len", "maximum prompt length"),
    *("input is too long", "prompt is too long", "input is too large", "exceeds max length"),
    *("too many input tokens", "too many tokens:", "input length exceeds"),
    *("input token count", "prompt token count", "exceeded model token limit"),
    *("range of input length", "reduce the length of the", "too large for model with"),
    *("inputs tokens + max_new_tokens", "inputs must have less than"),
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
    """Whether an error's text says, in one of the servers' words, that the input is too long."""
    low = text.lower().replace("`", "")
    return any(words in low for words in _OVERFLOW)
