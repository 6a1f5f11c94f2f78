"""Names, partitions and regions: a second stack, in any partition, must be possible."""

import re
from collections.abc import Iterator

from .subject import Subject, policy

FORCED = {
    ("AWS::Cognito::UserPool", "UserPoolName"),  # a label
    ("AWS::Serverless::Api", "Name"),  # a label
    ("AWS::Serverless::Api", "StageName"),
    ("AWS::BedrockAgentCore::Runtime", "AgentRuntimeName"),
    # These name something else: a domain or a provider of the parameters, a metric, a log group.
    ("AWS::ApiGateway::DomainName", "DomainName"),
    ("AWS::ApiGateway::BasePathMapping", "DomainName"),
    ("AWS::Cognito::UserPoolIdentityProvider", "ProviderName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::Logs::MetricFilter", "LogGroupName"),
    ("AWS::Route53::RecordSet", "Name"),
}
"""Names that AWS demands, or that need not be unique and help people to find a thing."""


@policy
def nothing_is_named_without_need(subject: Subject) -> Iterator[str]:
    """A name that must be unique stops a second stack, and every update that replaces the thing."""
    for resource in subject.template.resources.values():
        for key in resource.properties:
            if key.endswith("Name") and (resource.type, key) not in FORCED:
                yield f"{resource.id} has the {key} {resource.properties[key]}"


@policy
def no_partition_region_or_account_is_written_out(subject: Subject) -> Iterator[str]:
    """Service principals alone are the same everywhere, and so are the sign-in domain's suffix and
    the region that CloudFront takes certificates from."""
    literal = re.compile(r"\barn:aws\b|\.amazonaws\.com\b|\b[a-z]{2}-[a-z]+-\d\b|\b\d{12}\b")
    principal = re.compile(r"(?:Service|aws:CalledViaLast): [a-z-]+\.amazonaws\.com\b")
    for number, line in enumerate(subject.text.splitlines(), 1):
        code = principal.sub("", line.split(" # ")[0]).replace(":acm:us-east-1:", "")
        if not code.lstrip().startswith("#") and (found := literal.search(code)):
            yield f"line {number} has {found[0]} in it"
