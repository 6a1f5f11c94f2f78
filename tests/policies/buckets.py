"""Every bucket, and every bucket's policy."""

from collections.abc import Iterator
from typing import Any

from local.physical_ids import ACCOUNT
from local.template import Resource

from .subject import Subject, at, listed, policy


@policy
def buckets_are_private(subject: Subject) -> Iterator[str]:
    """All four blocks, and no access lists."""
    blocks = (
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    )
    ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    for bucket in subject.every("AWS::S3::Bucket"):
        found = bucket.properties.get("PublicAccessBlockConfiguration") or {}
        for block in blocks:
            if found.get(block) is not True:
                yield f"{bucket.id} may be opened to the public: {block} is not true"
        if bucket.properties.get("OwnershipControls") != ownership:
            yield f"{bucket.id} has access lists: its owner is not enforced"
        for key in {"AccessControl", "WebsiteConfiguration"} & bucket.properties.keys():
            yield f"{bucket.id} has {key}"


@policy
def buckets_are_encrypted(subject: Subject) -> Iterator[str]:
    """Said, not left to a default that an account may change."""
    for bucket in subject.every("AWS::S3::Bucket"):
        rules = at(bucket.properties, "BucketEncryption", "ServerSideEncryptionConfiguration")
        algorithms = {
            at(rule, "ServerSideEncryptionByDefault", "SSEAlgorithm") for rule in rules or [None]
        }
        if not algorithms <= {"AES256", "aws:kms", "aws:kms:dsse"}:
            yield f"{bucket.id} is not encrypted"


@policy
def buckets_answer_over_tls_only(subject: Subject) -> Iterator[str]:
    """The bucket and all that is in it, for everybody and everything."""
    for bucket in subject.every("AWS::S3::Bucket"):
        arn = bucket.attributes["Arn"]
        expected = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        }
        if not any(
            {key: value for key, value in statement.items() if key != "Sid"} == expected
            for statement in _statements(subject, bucket)
        ):
            yield f"{bucket.id} can be read over plain HTTP"


@policy
def nobody_unnamed_is_let_into_a_bucket(subject: Subject) -> Iterator[str]:
    """The page's bucket lets this distribution read, and nothing else lets anybody do anything."""
    distribution = subject.template.outputs.get("DistributionId")
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{distribution}"
    for bucket in subject.every("AWS::S3::Bucket"):
        for statement in _statements(subject, bucket):
            if statement["Effect"] != "Allow":
                continue
            who = {
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
            }
            for key, value in who.items():
                if statement.get(key) != value:
                    yield f"{bucket.id} lets in more than the distribution: {key}"


@policy
def what_people_wrote_outlives_the_stack(subject: Subject) -> Iterator[str]:
    """Accounts and conversations; RetainExceptOnCreate lets a failed first deployment clean up."""
    for name in ("UserPool", "ConversationsBucket"):
        resource = at(subject.document, "Resources", name) or {}
        if resource.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            yield f"{name} is deleted with the stack"
        if resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name} is deleted when an update replaces it"


@policy
def conversations_end_when_the_parameter_says(subject: Subject) -> Iterator[str]:
    """After ConversationDays, or never with 0; a folder's other rules delete no conversation."""
    days = subject.template.parameters["ConversationDays"]
    expected = [days] if days != "0" else []
    bucket = subject.template.resources.get("ConversationsBucket")
    rules = at(bucket.properties, "LifecycleConfiguration", "Rules") if bucket else None
    found = [rule["ExpirationInDays"] for rule in rules or [] if "ExpirationInDays" in rule]
    if found != expected:
        yield f"conversations expire after {found} days, not {expected}"


def _statements(subject: Subject, bucket: Resource) -> Iterator[dict[str, Any]]:
    """What the policies of one bucket say. Ref of a bucket is its name, the end of its ARN."""
    for each in subject.every("AWS::S3::BucketPolicy"):
        if each.properties.get("Bucket") == bucket.attributes["Arn"].removeprefix("arn:aws:s3:::"):
            yield from listed(at(each.properties, "PolicyDocument", "Statement"))
