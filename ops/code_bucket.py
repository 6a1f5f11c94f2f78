"""The bucket that the agent's zip lies in: private, versioned, and no reader without TLS."""

import json
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from ops.archive import megabytes


class CodeBucket:
    """A bucket of this account. Every method may raise one of aws.Failure.

    Each call names the account, so that a bucket of that name which is somebody else's is never
    written to.
    """

    def __init__(self, s3: Any, name: str, account: str) -> None:
        self.name = name
        self._s3 = s3
        self._ours = {"Bucket": name, "ExpectedBucketOwner": account}

    def exists(self) -> bool:
        """Exits with a sentence when the name is taken by another account."""
        return self._has(self._s3.head_bucket, **self._ours)

    def make(self) -> None:
        """Make the bucket and set all that makes it private, as far as that is not done. Versions
        are switched on last, so a bucket that has them was finished, and is left as it is now."""
        is_there = self.exists()
        if is_there and self._s3.get_bucket_versioning(**self._ours).get("Status") == "Enabled":
            return
        if not is_there:
            print(f"Making the bucket {self.name}", flush=True)
            region = self._s3.meta.region_name
            # us-east-1 is what S3 takes for "nowhere in particular", and refuses to be told.
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self._s3.create_bucket(
                Bucket=self.name,
                ObjectOwnership="BucketOwnerEnforced",
                **({} if region == "us-east-1" else elsewhere),
            )
        self._s3.put_public_access_block(
            **self._ours,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
        encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._s3.put_bucket_encryption(
            **self._ours, ServerSideEncryptionConfiguration={"Rules": [encryption]}
        )
        self._s3.put_bucket_policy(**self._ours, Policy=json.dumps(self._only_by_tls()))
        self._s3.put_bucket_versioning(**self._ours, VersioningConfiguration={"Status": "Enabled"})

    def put(self, path: Path, key: str) -> None:
        """Upload a file and show how far it is. A key that is there is not written again: it holds
        its content's hash."""
        size = path.stat().st_size
        address = f"s3://{self.name}/{key}"
        if self._has(self._s3.head_object, **self._ours, Key=key):
            print(f"{address} is there already", flush=True)
            return
        progress = _Progress(f"Uploading {megabytes(size)} to {address}", size)
        self._s3.upload_file(
            str(path),
            self.name,
            key,
            ExtraArgs={
                "ContentType": "application/zip",
                "ChecksumAlgorithm": "SHA256",
                "ExpectedBucketOwner": self._ours["ExpectedBucketOwner"],
            },
            Callback=progress,
        )
        progress.end()

    def _has(self, head: Any, **what: str) -> bool:
        try:
            head(**what)
        except ClientError as error:  # HEAD has no body, and so no error code but the status
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                return False
            if status in (301, 403):
                sys.exit(
                    f"The bucket {self.name} cannot be used: it is another account's or another "
                    "region's, or these credentials may not read it. Set AgentCodeBucket=NAME "
                    "among parameter_overrides in samconfig.toml to a bucket of this account and "
                    "region."
                )
            raise
        return True

    def _only_by_tls(self) -> dict[str, Any]:
        arn = f"arn:{self._s3.meta.partition}:s3:::{self.name}"
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyByTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }


class _Progress:
    """Counts the bytes that boto3 reports (from threads of its own), and shows the share of them:
    on a terminal as it grows, elsewhere when all are there."""

    def __init__(self, what: str, size: int) -> None:
        self._what = what
        self._size = size
        self._sent = 0
        self._shown = -1

    def __call__(self, count: int) -> None:
        self._sent += count
        percent = 100 * self._sent // self._size
        if percent != self._shown and sys.stdout.isatty():
            print(f"\r{self._what}: {percent} %", end="", flush=True)
        self._shown = percent

    def end(self) -> None:
        start = "\r" if sys.stdout.isatty() else ""
        print(f"{start}{self._what}: 100 %", flush=True)
