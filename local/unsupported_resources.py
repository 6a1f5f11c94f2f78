"""Resources that this machine does not play: which, and why that is no lie.

A resource of Sluice's own whose type is neither here nor played elsewhere stops the start, as an
unknown property does. One of an adopter's is named, and the rest runs.
"""

from collections.abc import Collection, Mapping

from local import shipped
from local.errors import TemplateError
from local.template import Template

PLAYED = {
    "AWS::BedrockAgentCore::Runtime",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::S3::Bucket",
    "AWS::Serverless::Api",
}

# Permissions and where logs go: nobody but AWS asks about them.
ALWAYS_THERE = {
    "AWS::ApiGateway::Account",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
}

ABSENT: Mapping[str, str] = {
    "AWS::ApiGateway::BasePathMapping": "a domain of one's own is localhost here",
    "AWS::ApiGateway::DomainName": "a domain of one's own is localhost here",
    "AWS::Budgets::Budget": "nothing here costs anything",
    "AWS::CloudWatch::Alarm": "the log of this window is all there is to watch",
    "AWS::CloudWatch::Dashboard": "the log of this window is all there is to watch",
    "AWS::Logs::MetricFilter": "the log of this window is all there is to watch",
    "AWS::Route53::RecordSet": "a domain of one's own is localhost here",
    "AWS::SNS::Subscription": "nobody is told anything by mail",
    "AWS::SNS::Topic": "nobody is told anything by mail",
    "AWS::WAFv2::WebACL": "every request comes from one address, this machine's",
    "AWS::WAFv2::WebACLAssociation": "every request comes from one address, this machine's",
}


def absences(template: Template, played: Collection[str] = ()) -> list[str]:
    """A sentence for each resource that is not played here and that somebody may miss; `played`
    are an adopter's that are.

    Raises TemplateError for a resource of Sluice's of a type that nobody has thought about.
    """
    found = []
    for resource in template.resources.values():
        if resource.id not in shipped.RESOURCES:
            if resource.id not in played and resource.type not in ALWAYS_THERE:
                found.append(
                    f"{resource.id} is not played here: nothing on this machine is "
                    f"an {resource.type}, and its ids are made up"
                )
        elif resource.type in ABSENT:
            found.append(f"{resource.id} is not played here: {ABSENT[resource.type]}")
        elif resource.type == "AWS::Cognito::UserPoolIdentityProvider":
            raise TemplateError(
                f"{resource.id}: the local pool has no other identity provider. Give `make dev` "
                "an empty OidcIssuer (samconfig.toml, [local.deploy.parameters])."
            )
        elif resource.type not in PLAYED | ALWAYS_THERE:
            raise TemplateError(
                f"{resource.id}: the local stack does not know {resource.type}. Take it out of the "
                "template, or say in local/unsupported_resources.py why it can be missing here."
            )
    return found
