"""What the template says about the runtime: AWS::BedrockAgentCore::Runtime, resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError
from local.template import Template

TYPE = "AWS::BedrockAgentCore::Runtime"

# Properties that change nothing on a laptop. Any other that is not read below stops the start: a
# stand-in that skips what it does not know would let people believe in a setting that is not there.
_WITHOUT_EFFECT = {
    "AgentRuntimeName",
    "Description",
    "RoleArn",
    "Tags",
    "NetworkConfiguration",  # one network here, this machine's
    "PlatformVersion",  # a session is a process here; the agent reads SLUICE_PLATFORM
}
_READ = {
    "AgentRuntimeArtifact",
    "AuthorizerConfiguration",
    "EnvironmentVariables",
    "LifecycleConfiguration",
    "ProtocolConfiguration",
    "RequestHeaderConfiguration",
}
_AUTHORIZER = {"DiscoveryUrl", "AllowedAudience", "AllowedClients", "AllowedScopes"}

CUSTOM_HEADER = "x-amzn-bedrock-agentcore-runtime-custom-"


@dataclass(frozen=True)
class RuntimeConfig:
    """One runtime. Lists of the authorizer are empty where the template has none."""

    id: str
    arn: str
    entry_point: tuple[str, ...]
    discovery_url: str
    audience: frozenset[str]
    clients: frozenset[str]
    scopes: frozenset[str]
    header_allowlist: frozenset[str]
    """Lower-case names."""
    idle_seconds: int
    life_seconds: int
    environment: Mapping[str, str]

    @classmethod
    def of(cls, template: Template) -> "RuntimeConfig":
        """Read the template's one runtime. Raises TemplateError naming the property."""
        resource = template.only(TYPE)
        properties = resource.properties
        for name in properties.keys() - _READ - _WITHOUT_EFFECT:
            raise TemplateError(f"{resource.id}.{name}: the local runtime does not know it.")
        if properties.get("ProtocolConfiguration", "HTTP") != "HTTP":
            raise TemplateError(f"{resource.id}.ProtocolConfiguration: only HTTP runs here.")

        def at(path: str) -> Any:
            node: Any = properties
            for part in path.split("."):
                if not isinstance(node, dict) or part not in node:
                    raise TemplateError(f"{resource.id}.{path} is missing.")
                node = node[part]
            return node

        authorizer = at("AuthorizerConfiguration.CustomJWTAuthorizer")
        for name in authorizer.keys() - _AUTHORIZER:
            raise TemplateError(
                f"{resource.id}.AuthorizerConfiguration.CustomJWTAuthorizer.{name}: "
                "the local runtime does not know it."
            )
        allowlist = properties.get("RequestHeaderConfiguration", {}).get(
            "RequestHeaderAllowlist", []
        )
        lifecycle = properties.get("LifecycleConfiguration", {})
        return cls(
            id=template.outputs["RuntimeId"],
            arn=template.outputs["RuntimeArn"],
            entry_point=tuple(at("AgentRuntimeArtifact.CodeConfiguration.EntryPoint")),
            discovery_url=at("AuthorizerConfiguration.CustomJWTAuthorizer.DiscoveryUrl"),
            audience=frozenset(authorizer.get("AllowedAudience", [])),
            clients=frozenset(authorizer.get("AllowedClients", [])),
            scopes=frozenset(authorizer.get("AllowedScopes", [])),
            header_allowlist=frozenset(_header(resource.id, name) for name in allowlist),
            idle_seconds=int(lifecycle.get("IdleRuntimeSessionTimeout", 900)),
            life_seconds=int(lifecycle.get("MaxLifetime", 28800)),
            environment={
                name: str(value)
                for name, value in properties.get("EnvironmentVariables", {}).items()
            },
        )


def _header(resource: str, name: str) -> str:
    """CloudFormation's own rule: no x-amz-* or x-amzn-* header but the custom ones."""
    lowered = name.lower()
    if lowered.startswith(("x-amz-", "x-amzn-")) and not lowered.startswith(CUSTOM_HEADER):
        raise TemplateError(
            f"{resource}.RequestHeaderConfiguration.RequestHeaderAllowlist: {name} is barred; "
            "of the x-amzn- headers only X-Amzn-Bedrock-AgentCore-Runtime-Custom-* may be listed."
        )
    return lowered
