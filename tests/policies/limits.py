"""What one run, one person and one message may use (T6)."""

from collections.abc import Iterator

from sluice.settings import Settings, SettingsError

from .subject import Subject, at, policy

LIMITS = {
    "MaxPrompt": "SLUICE_MAX_PROMPT",
    "MaxContext": "SLUICE_MAX_CONTEXT",
    "MaxTurns": "SLUICE_MAX_TURNS",
    "MaxTokens": "SLUICE_MAX_TOKENS",
    "MaxSeconds": "SLUICE_MAX_SECONDS",
    "MaxConcurrentRunsPerUser": "SLUICE_MAX_CONCURRENT_RUNS_PER_USER",
    "DailyTokensPerUser": "SLUICE_DAILY_TOKENS_PER_USER",
}
"""Parameters, and the agent's variables that they set."""

AGENT = {"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "/conversations"}


@policy
def every_limit_reaches_the_agent(subject: Subject) -> Iterator[str]:
    """T2. The agent enforces them, because it can be called around the gate."""
    runtime = subject.only("AWS::BedrockAgentCore::Runtime").properties
    environment = runtime.get("EnvironmentVariables") or {}
    for parameter, variable in LIMITS.items():
        if environment.get(variable) != subject.template.parameters[parameter]:
            yield f"{variable} is {environment.get(variable)}, not {parameter}"


@policy
def no_limit_is_off_by_default(subject: Subject) -> Iterator[str]:
    """Whoever wants no end says so; only a day's tokens can have none."""
    for name in LIMITS:
        parameter = at(subject.document, "Parameters", name)
        if not parameter["Default"] > 0:
            yield f"{name} is off by default"


@policy
def the_agent_takes_whatever_a_limit_may_be(subject: Subject) -> Iterator[str]:
    """It ends at once with a value that it cannot use, half-way through a deployment."""
    for name, variable in LIMITS.items():
        parameter = at(subject.document, "Parameters", name)
        for key in ("MinValue", "Default", "MaxValue"):
            try:
                Settings.read({**AGENT, variable: str(parameter[key])})
            except SettingsError as error:
                yield f"{name}: {key}: {error}"


@policy
def the_gate_lets_the_longest_message_through(subject: Subject) -> Iterator[str]:
    """And no longer one: MaxPrompt cannot reach the API's model, so it ends where that does."""
    body = subject.only("AWS::Serverless::Api").properties["DefinitionBody"]
    length = at(body, "components", "schemas", "ChatRequest", "properties", "prompt", "maxLength")
    most = at(subject.document, "Parameters", "MaxPrompt", "MaxValue")
    if length != most:
        yield f"the API lets {length} characters through, MaxPrompt may be {most}"
