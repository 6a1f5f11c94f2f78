"""What a policy judges: template.yaml as text, as a document, resolved, and as SAM expands it."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from local.physical_ids import Origins
from local.template import Resource, Template, parse, resolve

from .additions import without_additions
from .nodes import nodes
from .sam import Sam

ROOT = Path(__file__).resolve().parents[2]
CODE_KEY = "agent/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.zip"

ORIGINS = Origins(
    site="https://d111111abcdef8.cloudfront.net",
    api="https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    login="https://sign-in.example",
    runtime="https://bedrock-agentcore.us-east-1.amazonaws.com",
    conversations=Path("/conversations"),
)

# No value is a default, so that a policy sees a number that was written where a parameter belongs.
OPEN = {
    "Prefix": "my-team-2",
    "AgentCodeBucket": "code-bucket",
    "AgentCodeKey": CODE_KEY,
    "ModelId": "eu.amazon.nova-pro-v1:0",
    "PlatformVersion": "V2",
    "IdleSeconds": "301",
    "LifeSeconds": "3602",
    "MaxPrompt": "31003",
    "MaxContext": "90004",
    "MaxTurns": "15",
    "MaxTokens": "12006",
    "MaxSeconds": "507",
    "MaxConcurrentRunsPerUser": "8",
    "DailyTokensPerUser": "900009",
    "DevUrl": "http://localhost:4000",
    "ThrottleRate": "53",
    "ThrottleBurst": "104",
    "ConversationDays": "45",
    "LogDays": "14",
}
# Every feature that is off by default, but for Mfa, which Passkeys excludes.
FULL = {
    **OPEN,
    "GuardrailId": "gr1abc2def3g",
    "GuardrailVersion": "7",
    "KnowledgeBaseId": "KB0123ABCD",
    "CodeInterpreter": "on",
    "ThinkingTokens": "2048",
    "McpServers": '[{"name": "docs", "url": "https://tools.example.com/mcp"}]',
    "RuntimeSubnets": "subnet-0a1b2c3d,subnet-4e5f6a7b",
    "RuntimeSecurityGroups": "sg-0a1b2c3d",
    "AgentPolicyArns": "arn:aws:iam::123456789012:policy/orders,"
    "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
    "Passkeys": "on",
    "OidcName": "Example",
    "OidcIssuer": "https://id.example.com/tenant",
    "OidcClientId": "client-1",
    "OidcSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-a1b2c3",
    "Waf": "on",
    "WafRate": "205",
    "SiteDomain": "chat.example.com",
    "SiteCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b-2c3d",
    "ApiDomain": "api.example.com",
    "ApiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/4e5f-6a7b",
    "HostedZoneId": "Z0123456789ABC",
    "Alarms": "on",
    "AlarmEmail": "alarms@example.com",
    "Dashboard": "on",
    "Tracing": "on",
    "TracesEndpoint": "https://collector.example.com:4318",
    "BudgetDollars": "306",
    "BudgetEmail": "budget@example.com",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
}
SERVER = {
    "Model": "openai",
    "ModelUrl": "https://models.example.com/v1",
    "ModelSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:model-a1b2c3",
}
OPENAI = {**OPEN, **SERVER, "ModelId": "meta-llama/Llama-3.3-70B-Instruct"}
EACH = {**FULL, **SERVER, "Mfa": "required"}
"""A value that turns each feature on; not all together."""
PARAMETERS = EACH.keys() | {"CorsOrigin"}
"""Sluice's own."""
CLOSED = {
    **OPEN,
    "DevUrl": "",
    "CorsOrigin": "https://chat.example.com",
    "ConversationDays": "0",
    "Mfa": EACH["Mfa"],
}


@dataclass(frozen=True)
class Subject:
    """One template in all the forms that policies look at, what an adopter added left out."""

    text: str
    root: yaml.Node
    """The file's content with the place of everything in it."""
    document: dict[str, Any]
    """The file's content as plain values; intrinsics in their long form."""
    template: Template
    """Resolved for the given parameters and ORIGINS."""
    expanded: dict[str, Any]
    """What SAM hands to CloudFormation; {"Refused": reason} when SAM does not take the file."""

    @classmethod
    def of(cls, text: str, parameters: dict[str, str], folder: Path, sam: Sam) -> Self:
        """Read a template. `folder` takes a copy of it, for local.template reads files."""
        text = without_additions(text)
        path = folder / "template.yaml"
        path.write_text(text)
        document = parse(text)
        template = resolve(path, deepcopy(document), parameters, ORIGINS)
        root = yaml.compose(text, yaml.CSafeLoader)
        return cls(text, root, document, template, sam.expand(document, template.parameters))

    def every(self, *types: str) -> list[Resource]:
        """The resources of these types, conditions applied."""
        return [each for each in self.template.resources.values() if each.type in types]

    def only(self, type_: str) -> Resource:
        """The one resource of a type."""
        return self.template.only(type_)

    def comment_in(self, node: yaml.Node) -> bool:
        """Whether there is a comment on a line of a composed node, or between its lines."""
        lines = self.text.splitlines()[node.start_mark.line : _last_line(node) + 1]
        return any(line.lstrip().startswith("#") or " # " in line for line in lines)


Policy = Callable[[Subject], Iterable[str]]
POLICIES: list[Policy] = []


def policy(function: Policy) -> Policy:
    """Enter a function into POLICIES. It returns the violations, each a sentence; its name is what
    the template must be."""
    POLICIES.append(function)
    return function


def at(node: Any, *path: str) -> Any:
    """What stands at a path of keys, or None: a broken template may lack any of them."""
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def listed(node: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, and a single value as a list of one."""
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def walk(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping in a plain structure, the outer ones first, each with its place."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from walk(value, f"{place}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{place}[{index}]")


def _last_line(node: yaml.Node) -> int:
    """A block's own end mark stands after the comments and blank lines that follow it."""
    scalars = [each for each in nodes(node) if isinstance(each, yaml.ScalarNode)]
    return max((each.start_mark.line for each in scalars), default=node.start_mark.line)
