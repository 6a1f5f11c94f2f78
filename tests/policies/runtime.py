"""The agent's runtime: AWS::BedrockAgentCore::Runtime."""

import re
from collections.abc import Iterator
from typing import Any

from sluice.settings import VARIABLES

from local.physical_ids import REGION
from ops import environment

from .subject import CODE_KEY, ORIGINS, ROOT, Subject, at, policy, walk

TYPE = "AWS::BedrockAgentCore::Runtime"
RESERVED = 5 + 63 + 14 + len("https://xray.ap-southeast-2.amazonaws.com/v1/traces")
"""Bytes of what is no parameter: the bucket's address, the region, X-Ray's address."""

RUNTIME_NAME = r"[a-zA-Z][a-zA-Z0-9_]{0,47}"
"""Pattern of agentRuntimeName in CreateAgentRuntime (AgentCore control plane API reference)."""

FIXED_KEYS = ("agent.zip", "agent/latest.zip", "agent-1.2.3.zip", CODE_KEY.removesuffix(".zip"))
"""Keys under which new code would never arrive."""


def _properties(subject: Subject) -> dict[str, Any]:
    return subject.only(TYPE).properties


def _authorizer(subject: Subject) -> dict[str, Any]:
    return at(_properties(subject), "AuthorizerConfiguration", "CustomJWTAuthorizer") or {}


@policy
def the_runtime_checks_tokens_of_the_user_pool(subject: Subject) -> Iterator[str]:
    """T2, T3. Without the authorizer the runtime would take AWS signatures, and know nobody."""
    pool = subject.only("AWS::Cognito::UserPool").attributes["UserPoolId"]
    expected = f"{ORIGINS.login}/{pool}/.well-known/openid-configuration"
    found = _authorizer(subject).get("DiscoveryUrl")
    if found != expected:
        yield f"the runtime's DiscoveryUrl is {found}, not the user pool's"


@policy
def the_runtime_takes_id_tokens_of_the_page(subject: Subject) -> Iterator[str]:
    """T3. `aud` is in ID tokens, client_id and scope in access tokens: all that is listed must
    hold, so a second list would refuse every token that Cognito makes."""
    client = subject.only("AWS::Cognito::UserPoolClient").attributes["ClientId"]
    audience = _authorizer(subject).get("AllowedAudience")
    if audience != [client]:
        yield f"AllowedAudience is {audience}, not the page's client"
    for key in ("AllowedClients", "AllowedScopes"):
        if key in _authorizer(subject):
            yield f"{key} asks for a claim that no ID token has"


@policy
def the_agent_is_told_who_asks_by_the_token_only(subject: Subject) -> Iterator[str]:
    """T1, T10. Any other header that reaches the agent could be taken for a person's name."""
    allowed = at(_properties(subject), "RequestHeaderConfiguration", "RequestHeaderAllowlist")
    if allowed != ["Authorization"]:
        yield f"RequestHeaderAllowlist is {allowed}, not [Authorization]"


@policy
def the_runtimes_name_has_no_hyphen(subject: Subject) -> Iterator[str]:
    """cfn-lint lets a hyphen pass; AgentCore does not (test_prefix.py: any Prefix)."""
    name = str(_properties(subject).get("AgentRuntimeName"))
    if not re.fullmatch(RUNTIME_NAME, name):
        yield f"AgentCore refuses the name {name}"


@policy
def new_code_has_a_new_key(subject: Subject) -> Iterator[str]:
    """CloudFormation compares keys, not contents."""
    source = at(_properties(subject), "AgentRuntimeArtifact", "CodeConfiguration", "Code", "S3")
    if at(source, "Prefix") != subject.template.parameters["AgentCodeKey"]:
        yield "the code's key is not AgentCodeKey"
    if at(source, "Bucket") != subject.template.parameters["AgentCodeBucket"]:
        yield "the code's bucket is not AgentCodeBucket"
    pattern = at(subject.document, "Parameters", "AgentCodeKey", "AllowedPattern") or ""
    for key in FIXED_KEYS:
        if re.search(pattern, key):
            yield f"AgentCodeKey may be {key}, which says nothing of the content"


@policy
def the_runtime_has_the_python_that_tests_run_on(subject: Subject) -> Iterator[str]:
    """The bundle's wheels are for one minor version of Python."""
    version = (ROOT / ".python-version").read_text().strip()
    expected = f"PYTHON_{version.replace('.', '_')}"
    found = at(_properties(subject), "AgentRuntimeArtifact", "CodeConfiguration", "Runtime")
    if found != expected:
        yield f"the runtime runs {found}, .python-version says {expected}"


@policy
def the_agent_stands_in_the_network_of_the_parameters(subject: Subject) -> Iterator[str]:
    """In the subnets that are given, or in AWS's network; API Gateway reaches it either way."""
    parameters = subject.template.parameters
    expected: dict[str, Any] = {"NetworkMode": "PUBLIC"}
    if parameters["RuntimeSubnets"]:
        expected = {
            "NetworkMode": "VPC",
            "NetworkModeConfig": {
                "Subnets": parameters["RuntimeSubnets"].split(","),
                "SecurityGroups": parameters["RuntimeSecurityGroups"].split(","),
            },
        }
    network = _properties(subject).get("NetworkConfiguration")
    if network != expected:
        yield f"NetworkConfiguration is {network}, not {expected}"
    protocol = _properties(subject).get("ProtocolConfiguration")
    if protocol != "HTTP":
        yield f"ProtocolConfiguration is {protocol}, and the agent speaks HTTP"


@policy
def the_platform_is_the_parameters(subject: Subject) -> Iterator[str]:
    """Said, because AWS's default changes, and told to the agent, which loads earlier on V2."""
    asked = subject.template.parameters["PlatformVersion"]
    told = at(_properties(subject), "EnvironmentVariables", "SLUICE_PLATFORM")
    if _properties(subject).get("PlatformVersion") != asked:
        yield f"PlatformVersion is {_properties(subject).get('PlatformVersion')}, not {asked}"
    if told != asked:
        yield f"the agent is told {told}, not {asked}"


@policy
def the_environment_fits(subject: Subject) -> Iterator[str]:
    """CloudFormation takes 2,048 characters of one variable, and V1 4 KB of all together, whatever
    the parameters hold; V2 takes less, so that `make deploy` adds up what is given."""
    runtime = at(subject.document, "Resources", subject.only(TYPE).id, "Properties")
    lengths = {}
    for variable, value in runtime["EnvironmentVariables"].items():
        named = (
            at(subject.document, "Parameters", str(at(node, "Ref"))) for _, node in walk(value, "")
        )
        lengths[variable] = max((_longest(entry) for entry in named if entry), default=0)
        if lengths[variable] > 1024:
            yield f"{variable} may be longer than 1,024 characters"
    taken = sum(len(variable) + length for variable, length in lengths.items())
    if taken + RESERVED > environment.LIMITS["V1"]:
        yield f"the parameters may come to {taken} bytes"


def _longest(parameter: dict[str, Any]) -> int:
    """Characters of the longest value that a parameter may have; 4,096 of one without an end."""
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    return int(parameter.get("MaxLength") or len(str(parameter.get("MaxValue", "x" * 4096))))


@policy
def sessions_end_when_the_parameters_say(subject: Subject) -> Iterator[str]:
    """T6. A session is paid for until it ends."""
    lifecycle = _properties(subject).get("LifecycleConfiguration") or {}
    for key, parameter in (
        ("IdleRuntimeSessionTimeout", "IdleSeconds"),
        ("MaxLifetime", "LifeSeconds"),
    ):
        if lifecycle.get(key) != subject.template.parameters[parameter]:
            yield f"{key} is {lifecycle.get(key)}, not {parameter}"


@policy
def the_agent_finds_its_model_and_its_bucket(subject: Subject) -> Iterator[str]:
    """All of the agent's settings are environment variables under one prefix. Others are its
    adopter's, for tools and libraries."""
    environment = _properties(subject).get("EnvironmentVariables") or {}
    for name in sorted(environment.keys() - {variable.name for variable in VARIABLES}):
        yield f"{name} is not one of the agent's settings"
    parameters = subject.template.parameters
    guardrail = parameters["GuardrailId"]
    for name, value in {
        "SLUICE_MODEL": parameters["Model"],
        "SLUICE_MODEL_REGION": REGION,
        "SLUICE_GUARDRAIL_ID": guardrail or None,
        "SLUICE_GUARDRAIL_VERSION": parameters["GuardrailVersion"] if guardrail else None,
        "SLUICE_MODEL_ID": parameters["ModelId"],
        "SLUICE_MODEL_URL": parameters["ModelUrl"] or None,
        "SLUICE_MODEL_SECRET": parameters["ModelSecretArn"] or None,
        "SLUICE_THINKING": parameters["ThinkingTokens"],
        "SLUICE_KNOWLEDGE_BASE": parameters["KnowledgeBaseId"] or None,
        "SLUICE_CODE_INTERPRETER": "on" if parameters["CodeInterpreter"] == "on" else None,
        "SLUICE_MCP": parameters["McpServers"] or None,
        "SLUICE_TRACES": parameters["TracesEndpoint"]
        or (
            "https://xray.us-east-1.amazonaws.com/v1/traces"
            if parameters["Tracing"] == "on"
            else None
        ),
        "SLUICE_CONVERSATIONS": str(ORIGINS.conversations),
    }.items():
        if environment.get(name) != value:
            yield f"{name} is {environment.get(name)}, not {value}"


@policy
def no_output_shows_the_mcp_servers(subject: Subject) -> Iterator[str]:
    """T8. An output is resolved, and would show a token that the parameter only refers to."""
    for name, output in (subject.document.get("Outputs") or {}).items():
        if "McpServers" in str(output):
            yield f"the output {name} shows McpServers"
