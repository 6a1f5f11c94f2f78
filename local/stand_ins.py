"""Ids of resources that this machine does not play, in the shapes that AWS gives them.

An environment variable that is made from one holds what looks like it does in AWS; nothing answers
under it. A resource whose name is written out keeps that name.
Shapes: "Return values" of each type in the CloudFormation resource reference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """How AWS names resources of a type."""

    arn: str
    """What stands before the name in an ARN: the service, a colon, the kind of resource."""
    property: str = ""
    """Where the template may name one."""
    ref: str = "{name}"
    """What Ref gives; {name}, {arn}, {region} and {account} are filled in."""


_URL = "https://sqs.{region}.amazonaws.com/{account}/{name}"

SHAPES: Mapping[str, Shape] = {
    "AWS::DynamoDB::GlobalTable": Shape("dynamodb:table/", "TableName"),
    "AWS::DynamoDB::Table": Shape("dynamodb:table/", "TableName"),
    "AWS::Events::EventBus": Shape("events:event-bus/", "Name"),
    "AWS::KMS::Key": Shape("kms:key/"),
    "AWS::Kinesis::Stream": Shape("kinesis:stream/", "Name"),
    "AWS::Lambda::Function": Shape("lambda:function:", "FunctionName"),
    "AWS::SNS::Topic": Shape("sns:", "TopicName", "{arn}"),
    "AWS::SQS::Queue": Shape("sqs:", "QueueName", _URL),
    "AWS::SSM::Parameter": Shape("ssm:parameter/", "Name"),
    "AWS::SecretsManager::Secret": Shape("secretsmanager:secret:", "Name", "{arn}"),
    "AWS::Serverless::Function": Shape("lambda:function:", "FunctionName"),
    "AWS::Serverless::SimpleTable": Shape("dynamodb:table/", "TableName"),
    "AWS::Serverless::StateMachine": Shape("states:stateMachine:", "Name", "{arn}"),
    "AWS::StepFunctions::StateMachine": Shape("states:stateMachine:", "StateMachineName", "{arn}"),
}


def shape_of(type_: str) -> Shape:
    """The shape of a type; of one that is not listed, what most types have."""
    parts = type_.split("::")
    service, kind = (parts[1], parts[-1]) if len(parts) > 1 else ("custom", type_)
    return SHAPES.get(type_, Shape(f"{service.lower()}:{kind.lower()}/", f"{kind}Name"))


def written_name(resource: Mapping[str, Any], shape: Shape) -> str | None:
    """The name that the template writes out for a resource, if it does."""
    name = (resource.get("Properties") or {}).get(shape.property)
    return name if isinstance(name, str) else None


def stand_in(
    shape: Shape, name: str, asked: Iterable[str], region: str, account: str
) -> tuple[str, dict[str, str]]:
    """What Ref gives for a resource of the physical name `name`, and Fn::GetAtt for each attribute
    that is `asked` of it."""
    service, _, kind = shape.arn.partition(":")
    arn = f"arn:aws:{service}:{region}:{account}:{kind}{name.lstrip('/')}"
    filled = {"name": name, "arn": arn, "region": region, "account": account}
    ref = shape.ref.format_map(filled)

    def attribute(asked_for: str) -> str:
        if asked_for == "Arn":
            return arn
        if asked_for.endswith("Arn"):
            return f"{arn}/{asked_for.removesuffix('Arn').lower()}"
        if asked_for.endswith("Name"):
            return name
        if asked_for.endswith(("Url", "URL", "Uri")):
            host = f"https://{name.lower()}.{service}.{region}.amazonaws.com"
            return ref if ref.startswith("https://") else host
        return ref if asked_for in ("Id", "Ref") else f"{name}-{asked_for.lower()}"

    return ref, {each: attribute(each) for each in asked}
