"""The resources on this machine: ids and attributes in AWS's shapes, and local addresses."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import shipped
from local.stand_ins import shape_of, stand_in, written_name

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "sluice-local"
NO_VALUE = "AWS::NoValue"


@dataclass(frozen=True)
class Origins:
    """Where the services of one local stack listen, each without a slash at the end."""

    site: str
    api: str
    login: str
    runtime: str
    conversations: Path


Identities = dict[str, tuple[str, dict[str, str]]]
"""Logical id -> what Ref gives, and what Fn::GetAtt gives."""


def identities_of(document: dict[str, Any], values: Mapping[str, str]) -> Identities:
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
                written = (resources[name].get("Properties") or {}).get("BucketName")
                bucket = f"{STACK}-{name.lower()}-{digits[:12]}"
                bucket = written if isinstance(written, str) else bucket
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
            case "AWS::ApiGateway::DomainName":
                return str(values.get("ApiDomain")), {
                    "RegionalDomainName": f"d-{digits[:10]}.execute-api.{REGION}.amazonaws.com",
                    "RegionalHostedZoneId": f"Z{digits[:13].upper()}",
                }
            case "AWS::Cognito::UserPoolIdentityProvider":
                return str(values.get("OidcName")), {}
            case "AWS::SNS::Topic":
                return _arn("sns", f"{STACK}-{name}"), {}
            case "AWS::WAFv2::WebACL":
                return f"{STACK}-{name}|{digits}|REGIONAL", {
                    "Arn": _arn("wafv2", f"regional/webacl/{STACK}-{name}/{digits}")
                }
        if name in shipped.RESOURCES:
            return f"{STACK}-{name}", {}
        shape = shape_of(type_)
        physical = written_name(resources[name], shape) or f"{STACK}-{name}-{digits[:12].upper()}"
        return stand_in(shape, physical, asked.get(name, set()), REGION, ACCOUNT)

    resources = {
        name: resource
        for name, resource in document["Resources"].items()
        if isinstance(resource, dict)
    }
    asked: dict[str, set[str]] = {}
    for name, attribute in _attributes(document):
        asked.setdefault(name, set()).add(attribute)
    return {name: of(name, str(resource.get("Type"))) for name, resource in resources.items()}


def _attributes(node: Any) -> Iterator[tuple[str, str]]:
    """(resource, attribute) of every Fn::GetAtt and of every ${Resource.Attribute} in Fn::Sub."""
    if isinstance(node, list):
        for each in node:
            yield from _attributes(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::GetAtt":
                name, _, attribute = (
                    value if isinstance(value, str) else ".".join(map(str, value))
                ).partition(".")
                yield name, attribute
            elif key == "Fn::Sub":
                text = value[0] if isinstance(value, list) else value
                yield from re.findall(r"\$\{(\w+)\.([\w.]+)\}", str(text))
            yield from _attributes(value)


def url_rewriter(
    document: dict[str, Any],
    values: Mapping[str, str],
    physical_ids: Identities,
    origins: Origins,
) -> Callable[[Any], Any]:
    """Give the resources their ids, and return what replaces AWS's addresses by local ones.

    A domain of one's own takes the place of AWS's: what still names the other leads nowhere.
    """
    table = {
        f"https://cognito-idp.{REGION}.amazonaws.com": origins.login,
        f"https://bedrock-agentcore.{REGION}.amazonaws.com": origins.runtime,
    }
    types = {name: document["Resources"][name]["Type"] for name in physical_ids}
    for name, (ref, attributes) in physical_ids.items():
        resource = document["Resources"][name]
        metadata = resource.setdefault("Metadata", {})
        metadata["Cloud-Radar"] = {"ref": ref, "attribute-values": attributes}
        if name not in shipped.of_type(types, types[name]):
            continue  # somebody's second bucket is not the conversations'
        match types[name]:
            case "AWS::CloudFront::Distribution":
                host = values.get("SiteDomain") or attributes["DomainName"]
                table[f"https://{host}"] = origins.site
            case "AWS::Serverless::Api":
                host = values.get("ApiDomain") or f"{ref}.execute-api.{REGION}.amazonaws.com"
                table[f"https://{host}"] = origins.api
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


def _digits(text: str, count: int) -> str:
    """Hex digits that look like an id, always the same for the same logical name."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
