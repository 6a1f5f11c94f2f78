"""Every setting of the agent, read from the environment in this module only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import urlsplit

from sluice.mcp_servers import Server, read_servers


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, its default as a person would type it, its meaning."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("SLUICE_MODEL", "bedrock", "bedrock, ollama or openai"),
    Variable("SLUICE_MODEL_ID", "", "model id; each provider but openai has a default"),
    Variable("SLUICE_MODEL_REGION", "", "Bedrock region; AWS_REGION when empty"),
    Variable("SLUICE_MODEL_URL", "", "base URL of an Ollama or OpenAI-compatible server"),
    Variable("SLUICE_MODEL_KEY", "", "API key of an Ollama or OpenAI-compatible server"),
    Variable("SLUICE_MODEL_SECRET", "", "Secrets Manager secret that holds openai's API key"),
    Variable("SLUICE_GUARDRAIL_ID", "", "Bedrock guardrail that reads along; empty for none"),
    Variable("SLUICE_GUARDRAIL_VERSION", "DRAFT", "version of the guardrail"),
    Variable("SLUICE_CONVERSATIONS", "", "s3://bucket, s3://bucket/prefix or a folder's path"),
    Variable("SLUICE_MAX_PROMPT", "32000", "characters in one message"),
    Variable("SLUICE_MAX_CONTEXT", "100000", "tokens of a conversation that the model is sent"),
    Variable("SLUICE_MAX_TURNS", "20", "model calls in one run"),
    Variable("SLUICE_MAX_TOKENS", "16000", "tokens that one run may write"),
    Variable("SLUICE_MAX_SECONDS", "600", "seconds that one run may take"),
    Variable("SLUICE_MAX_CONCURRENT_RUNS_PER_USER", "4", "runs of one person at once"),
    Variable(
        "SLUICE_DAILY_TOKENS_PER_USER",
        "1000000",
        "tokens of one person in a day (UTC); 0 for no end",
    ),
    Variable("SLUICE_THINKING", "0", "tokens that a Bedrock model may reason with; 0 for none"),
    Variable("SLUICE_KNOWLEDGE_BASE", "", "Bedrock knowledge base to answer from; empty for none"),
    Variable("SLUICE_CODE_INTERPRETER", "off", "on: the agent may run Python in AWS's sandbox"),
    Variable("SLUICE_MCP", "", "MCP servers whose tools the agent has: JSON, docs/tools.md"),
    Variable("SLUICE_AGENT", "", "the file of your agent; agent.py beside main.py when empty"),
    Variable("SLUICE_PLATFORM", "V1", "AgentCore's platform: V1 or V2, which restores a snapshot"),
    Variable("SLUICE_TRACES", "", "OTLP/HTTP collector that gets traces; empty for none"),
    Variable("SLUICE_TRACEBACKS", "off", "on, as under make dev: log what your own code raises"),
    # AgentCore's contract: the container listens on 0.0.0.0:8080.
    Variable("SLUICE_HOST", "0.0.0.0", "address the agent listens on"),  # noqa: S104
    Variable("SLUICE_PORT", "8080", "port the agent listens on"),
)

# The id and the server of a provider for which the environment names none.
MODEL_IDS = {
    "bedrock": "global.anthropic.claude-sonnet-4-6",
    "ollama": "llama3.2",
    "openai": "",
}
MODEL_URLS = {"ollama": "http://localhost:11434", "openai": "https://api.openai.com/v1"}

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


# How alike two names are of which one is the other misspelt: a letter or two of a dozen.
_MISSPELT = 0.9


class SettingsError(Exception):
    """Environment variables that cannot be used: one sentence for each, one on a line."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. `max_prompt` is in characters, `max_context`, `max_tokens`,
    `owner_tokens` and `thinking` in tokens."""

    model: str
    model_id: str
    model_region: str
    model_url: str
    model_key: str = field(repr=False)
    model_secret: str
    guardrail_id: str
    guardrail_version: str
    conversations: str
    max_prompt: int
    max_context: int
    max_turns: int
    max_tokens: int
    max_seconds: int
    max_concurrent_runs_per_user: int
    daily_tokens_per_user: int
    thinking: int
    knowledge_base: str
    code_interpreter: bool
    mcp_servers: tuple[Server, ...] = field(repr=False)
    agent: str
    platform: str
    traces: str
    tracebacks: bool
    host: str
    port: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables of `VARIABLES`.

        Raises:
            SettingsError: Naming every variable that is wrong, what it holds and what it should be.
        """
        reader = _Reader(environ)
        reader.refuse_misspelt()
        model = reader.choice("SLUICE_MODEL", tuple(MODEL_IDS))
        model_id = reader.text("SLUICE_MODEL_ID") or MODEL_IDS.get(model, "")
        if model == "openai" and not model_id:
            reader.wrong("SLUICE_MODEL_ID", "the id of a model that the server offers")
        region = reader.text("SLUICE_MODEL_REGION") or environ.get("AWS_REGION", "").strip()
        if model == "bedrock" and not region:
            reader.wrong("SLUICE_MODEL_REGION", "a region such as us-east-1 (or set AWS_REGION)")
        guardrail_id = reader.text("SLUICE_GUARDRAIL_ID")
        if guardrail_id and model != "bedrock":
            reader.wrong("SLUICE_GUARDRAIL_ID", "nothing: bedrock alone has guardrails")
        settings = cls(
            model=model,
            model_id=model_id,
            model_region=region,
            model_url=reader.url("SLUICE_MODEL_URL") or MODEL_URLS.get(model, ""),
            model_key=reader.text("SLUICE_MODEL_KEY"),
            model_secret=reader.secret("SLUICE_MODEL_SECRET"),
            guardrail_id=guardrail_id,
            guardrail_version=reader.text("SLUICE_GUARDRAIL_VERSION"),
            conversations=reader.place("SLUICE_CONVERSATIONS"),
            max_prompt=reader.number("SLUICE_MAX_PROMPT", 1, 1_000_000),
            max_context=reader.number("SLUICE_MAX_CONTEXT", 1_000, 10_000_000),
            max_turns=reader.number("SLUICE_MAX_TURNS", 1, 200),
            max_tokens=reader.number("SLUICE_MAX_TOKENS", 1, 1_000_000),
            max_seconds=reader.number("SLUICE_MAX_SECONDS", 1, 28_800),
            max_concurrent_runs_per_user=reader.number(
                "SLUICE_MAX_CONCURRENT_RUNS_PER_USER", 1, 1_000
            ),
            daily_tokens_per_user=reader.number("SLUICE_DAILY_TOKENS_PER_USER", 0, 999_999_999),
            thinking=reader.number("SLUICE_THINKING", 0, 1_000_000),
            knowledge_base=reader.knowledge_base("SLUICE_KNOWLEDGE_BASE"),
            code_interpreter=reader.choice("SLUICE_CODE_INTERPRETER", ("off", "on")) == "on",
            mcp_servers=reader.servers("SLUICE_MCP"),
            agent=reader.text("SLUICE_AGENT"),
            platform=reader.choice("SLUICE_PLATFORM", ("V1", "V2")),
            traces=reader.url("SLUICE_TRACES"),
            tracebacks=reader.choice("SLUICE_TRACEBACKS", ("off", "on")) == "on",
            host=reader.text("SLUICE_HOST"),
            port=reader.number("SLUICE_PORT", 1, 65535),
        )
        if reader.problems:
            raise SettingsError("\n".join(reader.problems))
        return settings


def _is_address(url: str) -> bool:
    """Whether it is a URL of HTTP with a host, and a port that can be, if any."""
    try:
        address = urlsplit(url)
        return bool(
            re.fullmatch(r"https?://[^\s/]+\S*", url) and address.hostname and address.port != 0
        )
    except ValueError:
        return False


class _Reader:
    """Reads variables one by one and collects a sentence for each that cannot be used."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._defaults = {variable.name: variable.default for variable in VARIABLES}
        self.problems: list[str] = []

    def refuse_misspelt(self) -> None:
        """A setting that nobody reads would leave its default in place without a word."""
        for name in self._environ:
            if name.startswith("SLUICE_") and name not in self._defaults:
                for near in get_close_matches(name, self._defaults, 1, _MISSPELT):
                    self.problems.append(f"{name} is no setting of the agent: rename it to {near}.")

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip() or self._defaults[name]

    def wrong(self, name: str, wanted: str) -> None:
        self.problems.append(f"{name} is {self.text(name) or 'not set'}: set it to {wanted}.")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in choices:
            self.wrong(name, f"one of {', '.join(choices)}")
        return value

    def number(self, name: str, low: int, high: int) -> int:
        value = self.text(name)
        # int() alone takes '1_0', '+1' and other scripts' digits.
        if not (re.fullmatch("[0-9]{1,9}", value) and low <= int(value) <= high):
            self.wrong(name, f"a whole number from {low} to {high}")
            return low
        return int(value)

    def url(self, name: str) -> str:
        value = self.text(name).rstrip("/")
        if value and not _is_address(value):
            self.wrong(name, "a URL that begins with http:// or https://")
        return value

    def secret(self, name: str) -> str:
        value = self.text(name)
        if value and not re.fullmatch(r"arn:[^:]+:secretsmanager:[^:]+:[0-9]+:secret:\S+", value):
            self.wrong(name, "the ARN of a Secrets Manager secret")
        return value

    def knowledge_base(self, name: str) -> str:
        value = self.text(name)
        # `knowledgeBaseId` of Retrieve in the API reference.
        if value and not re.fullmatch("[0-9a-zA-Z]{10}", value):
            self.wrong(name, "the id of a knowledge base: 10 letters and digits")
        return value

    def servers(self, name: str) -> tuple[Server, ...]:
        try:
            return read_servers(self.text(name))
        except ValueError as error:
            # It may hold a token: what it holds is not told.
            self.problems.append(str(error))
            return ()

    def place(self, name: str) -> str:
        value = self.text(name)
        wanted = "s3://bucket, s3://bucket/prefix or the path of a folder"
        if value.startswith("s3://"):
            if not _BUCKET.fullmatch(value.removeprefix("s3://").partition("/")[0]):
                self.wrong(name, wanted)
        elif not value or "://" in value:
            self.wrong(name, wanted)
        return value
