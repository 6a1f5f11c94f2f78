"""template.yaml with every intrinsic resolved, as CloudFormation would see it on this machine.

cloud-radar resolves the intrinsics; this module gives it physical ids, and then puts the local
origins in the place of the AWS hosts, so that a discovery URL, an integration's address or a
callback leads to the service next door and nothing else about them changes.
"""

import contextlib
import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cfn_tools import load_yaml
from cloud_radar.cf.unit import Template as Resolver

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "sluice-local"
NO_VALUE = "AWS::NoValue"


class TemplateError(Exception):
    """The template cannot be used. The text names the place and says what would mend it."""


@dataclass(frozen=True)
class Origins:
    """Where the services of one local stack listen, each without a slash at the end."""

    site: str
    api: str
    login: str
    runtime: str
    conversations: Path


@dataclass(frozen=True)
class Resource:
    """One resource after resolution; `properties` holds plain values, no intrinsics."""

    id: str
    type: str
    properties: dict[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What Fn::GetAtt gives for it, as far as this machine knows the type."""


@dataclass(frozen=True)
class Template:
    """Parameters, resources (conditions applied) and outputs by logical name."""

    parameters: dict[str, str]
    resources: dict[str, Resource]
    outputs: dict[str, str]

    def only(self, type_: str) -> Resource:
        """The one resource of a type. Raises TemplateError if there is none, or more than one."""
        found = [resource for resource in self.resources.values() if resource.type == type_]
        if len(found) != 1:
            names = ", ".join(resource.id for resource in found) or "none"
            raise TemplateError(
                f"The local stack runs a template with exactly one {type_}; it has {names}."
            )
        return found[0]


def load(path: Path, parameters: Mapping[str, str], origins: Origins) -> Template:
    """Resolve the template at `path`. Raises TemplateError for anything CloudFormation refuses
    that can be seen here: bad YAML, unknown or forbidden parameter values, broken rules,
    references to nothing."""
    try:
        document = yaml.safe_load(yaml.safe_dump(_plain(load_yaml(path.read_text()))))
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path.name} has no Resources section.")

    values = _parameter_values(document, parameters)
    identities = _identities(document, values)
    rebase = _rebaser(document, identities, origins)
    try:
        with contextlib.redirect_stdout(None):  # it prints itself
            resolver = Resolver(document)
        resolver.AccountId, resolver.StackName, resolver.NoValue = ACCOUNT, STACK, NO_VALUE
        resolver.StackId = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local"
        resolved = resolver.render(params=values, region=REGION)
        _check_rules(resolver)
    except TemplateError:
        raise
    except Exception as error:  # the resolver raises bare KeyError, ValueError and Exception
        raise TemplateError(f"{path.name}: {error}") from error
    return Template(
        parameters=values,
        resources={
            name: Resource(name, entry["Type"], rebase(entry["Properties"]), identities[name][1])
            for name, entry in resolved["Resources"].items()
        },
        outputs={
            name: str(rebase(entry["Value"])) for name, entry in resolved.get("Outputs", {}).items()
        },
    )


def read_parameters(samconfig: Path, environment: str = "local") -> dict[str, str]:
    """The parameter overrides that samconfig.toml keeps for `environment`, as NAME=value strings.

    Raises TemplateError when an entry is of another form.
    """
    try:
        config = tomllib.loads(samconfig.read_text())
        overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"]
        return dict(override.split("=", 1) for override in overrides)
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, AttributeError) as error:
        raise TemplateError(
            f"{samconfig.name}: [{environment}.deploy.parameters] needs parameter_overrides, "
            f"a list of NAME=value strings ({type(error).__name__}: {error})."
        ) from error


def _plain(node: Any) -> Any:
    """Ordered mappings as dicts, so that the YAML dumper knows them."""
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _parameter_values(document: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Every parameter's value, as a string: CloudFormation compares numbers as text, too."""
    declared: dict[str, Any] = document.get("Parameters", {})
    for name in given:
        if name not in declared:
            raise TemplateError(
                f"There is no parameter {name}; there are {', '.join(sorted(declared))}."
            )
    values = {}
    for name, declaration in declared.items():
        if "AllowedValues" in declaration:
            declaration["AllowedValues"] = [str(value) for value in declaration["AllowedValues"]]
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise TemplateError(f"Parameter {name} has no default and was given no value.")
        values[name] = str(value)
    return values


def _check_rules(resolver: Any) -> None:
    """Rules refuse combinations of parameters before anything is created."""
    for name, rule in resolver.template.get("Rules", {}).items():
        if not resolver.resolve_values(rule.get("RuleCondition", True)):
            continue
        for assertion in rule["Assertions"]:
            if not resolver.resolve_values(assertion["Assert"]):
                raise TemplateError(f"Rule {name}: {assertion['AssertDescription'].strip()}")


def _digits(text: str, count: int) -> str:
    """Hex digits that look like an id, always the same for the same logical name."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


Identities = dict[str, tuple[str, dict[str, str]]]
"""Logical id -> what Ref gives, and what Fn::GetAtt gives."""


def _identities(document: dict[str, Any], values: Mapping[str, str]) -> Identities:
    """Physical id and attributes of every resource, in the shapes that AWS gives them.

    Shapes: "Return values" of each type in the CloudFormation resource reference.
    """

    def of(name: str, type_: str) -> tuple[str, dict[str, str]]:
        digits = _digits(name, 26)
        match type_:
            case "AWS::Cognito::UserPool":
                pool = f"{REGION}_{digits[:9]}"
                return pool, {
                    "Arn": _arn("cognito-idp", f"userpool/{pool}"),
                    "ProviderName": f"cognito-idp.{REGION}.amazonaws.com/{pool}",
                    "ProviderURL": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
                    "UserPoolId": pool,
                }
            case "AWS::Cognito::UserPoolClient":
                return digits, {"ClientId": digits}
            case "AWS::Cognito::UserPoolDomain":
                return f"{values.get('Prefix', STACK)}-{ACCOUNT}", {}
            case "AWS::S3::Bucket":
                bucket = f"{STACK}-{name.lower()}-{digits[:12]}"
                return bucket, {
                    "Arn": f"arn:aws:s3:::{bucket}",
                    "DomainName": f"{bucket}.s3.amazonaws.com",
                    "RegionalDomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
                }
            case "AWS::CloudFront::Distribution":
                return f"E{digits[:13].upper()}", {"DomainName": f"d{digits[:13]}.cloudfront.net"}
            case "AWS::Serverless::Api":
                return digits[:10], {}
            case "AWS::BedrockAgentCore::Runtime":
                runtime = f"sluice-{digits[:10]}"
                return runtime, {
                    "AgentRuntimeId": runtime,
                    "AgentRuntimeArn": _arn("bedrock-agentcore", f"runtime/{runtime}"),
                }
            case "AWS::IAM::Role":
                return f"{STACK}-{name}", {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{name}"}
            case "AWS::Logs::LogGroup":
                return f"{STACK}-{name}", {"Arn": _arn("logs", f"log-group:{STACK}-{name}")}
        return f"{STACK}-{name}", {}

    return {
        name: of(name, str(resource.get("Type")))
        for name, resource in document["Resources"].items()
        if isinstance(resource, dict)
    }


def _rebaser(
    document: dict[str, Any], identities: Identities, origins: Origins
) -> Callable[[Any], Any]:
    """Give the resources their ids, and return what replaces AWS's addresses by local ones."""
    table = {
        f"https://cognito-idp.{REGION}.amazonaws.com": origins.login,
        f"https://bedrock-agentcore.{REGION}.amazonaws.com": origins.runtime,
    }
    for name, (ref, attributes) in identities.items():
        resource = document["Resources"][name]
        metadata = resource.setdefault("Metadata", {})
        metadata["Cloud-Radar"] = {"ref": ref, "attribute-values": attributes}
        match resource["Type"]:
            case "AWS::CloudFront::Distribution":
                table[f"https://{attributes['DomainName']}"] = origins.site
            case "AWS::Serverless::Api":
                table[f"https://{ref}.execute-api.{REGION}.amazonaws.com"] = origins.api
            case "AWS::Cognito::UserPoolDomain":
                table[f"https://{ref}.auth.{REGION}.amazoncognito.com"] = origins.login
            case "AWS::S3::Bucket":
                table[f"s3://{ref}"] = str(origins.conversations)

    def rebase(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: rebase(value) for key, value in node.items()}
        if isinstance(node, list):  # the resolver drops AWS::NoValue from mappings only
            return [rebase(value) for value in node if value != NO_VALUE]
        if isinstance(node, str):
            for aws, local in table.items():
                node = node.replace(aws, local)
        return node

    return rebase
