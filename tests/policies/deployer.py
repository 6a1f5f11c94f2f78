"""What a person or a workflow that deploys has to be allowed, after the resource types' own word.

Each type of CloudFormation names the permissions of its handlers (`handlers` of its schema, which
cfn-lint ships). They are for everything that a type can do; what this template leaves alone is
listed here with the reason.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import cfnlint.data.schemas

# Patterns of permissions that no handler needs for what this template says.
NOT_NEEDED = {
    r"(amplify|apprunner|appsync|elasticloadbalancing):.*": "the web ACL is of no such service",
    r"ec2:.*VerifiedAccess.*": "the web ACL is of no such service",
    r"cognito-idp:.*WebACL.*": "the web ACL is of the API",
    r"bedrock-agentcore:Gateway.*": "the web ACL is of the API",
    r"wafv2:(Get|Put)PermissionPolicy": "no group of rules is shared",
    r"payments:.*": "no group of rules is bought",
    r"kms:.*": "no key of one's own",
    r"s3tables:.*|s3:.*Metadata.*": "no tables of objects",
    r"s3:(Put|Delete)(Bucket)?(Accelerate|Analytics|Intelligent|Inventory|Metrics).*": "unused",
    r"s3:(Put|Delete)(Bucket)?(Abac|Acl|C[Oo][Rr][Ss]|Logging|Notification).*": "unused",
    r"s3:(Put|Delete)(Bucket)?(Replication|Website|ObjectLock).*": "unused",
    r"s3:PutObjectAcl": "buckets have no access lists",
    r"s3:REST\.PUT\.OBJECT|firehose:.*": "logs go to CloudWatch only",
    r"logs:.*(KmsKey|DataProtection|Index|ResourcePolic).*": "unused",
    r"logs:.*(Bearer|Delivery|DeletionProtection).*": "unused",
    r"sns:.*DataProtection.*": "unused",
    r"vpc-lattice:.*|bedrock-agentcore:PassCapacityProvider": "the runtime uses neither",
    r"cloudfront:(Create|Get)ConnectionGroup|cloudfront:GetVpcOrigin": "the origin is a bucket",
    r"cloudfront:UpdateDistributionWithStagingConfig": "there is no staging distribution",
    r"cloudfront:updateDistribution": "the sign-in domain is Cognito's own",
    r"cognito-idp:AddCustomAttributes|cognito-idp:ListUserPoolClientSecrets": "there are none",
    r"apigateway:UpdateRestApiPolicy": "the API has no resource policy",
    r"billing:.*": "the budget is of the account",
    r"iam:UpdateRoleDescription": "roles have no description",
}

# Permissions that the commands use beside the handlers'.
FOR_VERBS = {
    "deploy: change sets": {
        *("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet"),
        *("cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet"),
        *("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
        *("cloudformation:DescribeStackResource", "cloudformation:ListStackResources"),
        *("cloudformation:GetTemplate", "cloudformation:GetTemplateSummary"),
        *("cloudformation:ValidateTemplate", "cloudformation:DeleteStack"),
        "cloudformation:CreateStack",
    },
    "deploy, publish, destroy: files": {
        *("s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"),
        *("s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"),
        *("s3:GetBucketLocation", "s3:AbortMultipartUpload", "cloudfront:CreateInvalidation"),
    },
    "create-user": {
        *("cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser"),
        *("cognito-idp:AdminSetUserPassword", "cognito-idp:AdminDeleteUser"),
    },
    "logs": {"logs:FilterLogEvents"},
    "deploy, with an identity provider": {"secretsmanager:GetSecretValue"},
    "doctor": {
        *("bedrock:GetFoundationModelAvailability", "bedrock:GetInferenceProfile"),
        *("iam:SimulatePrincipalPolicy", "cloudwatch:ListMetrics"),
        *("xray:GetTraceSegmentDestination", "bedrock:GetKnowledgeBase"),
    },
}

# Actions that AWS grants on all resources or none, or before the resource's name is known.
ANYWHERE = {
    *("bedrock:GetFoundationModelAvailability", "cloudformation:DescribeStacks"),
    *("cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"),
    *("cognito-idp:CreateUserPool", "cognito-idp:DescribeUserPoolDomain"),
    *("ec2:CreateNetworkInterface", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"),
    *("ec2:DescribeVpcs", "logs:DescribeLogGroups", "route53:ListHostedZones"),
    *("bedrock:GetInferenceProfile", "cloudwatch:ListMetrics", "xray:GetTraceSegmentDestination"),
}


def permissions(types: Iterable[str]) -> dict[str, set[str]]:
    """What CloudFormation does on behalf of who deploys: permission -> the types that need it."""
    folder = Path(str(cfnlint.data.schemas.__file__)).parent
    provider = json.loads((folder / "providers" / "us-east-1.json").read_text())
    found: dict[str, set[str]] = {}
    for type_ in types:
        schema = json.loads((folder / "resources" / f"{provider[type_]}.json").read_text())
        for handler in ("create", "read", "update", "delete"):
            for name in schema["handlers"].get(handler, {}).get("permissions", []):
                if not any(re.fullmatch(pattern, name) for pattern in NOT_NEEDED):
                    found.setdefault(name, set()).add(type_)
    return found
