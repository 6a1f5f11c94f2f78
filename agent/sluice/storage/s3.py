"""A store in S3, by conditional writes: If-Match and If-None-Match of PutObject, of 2024.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 412 when another
version is stored, 409 when another write is under way, 404 when If-Match meets nothing. A client
that repeats a write whose answer was lost is told 412, and finds its own data when it reads again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from sluice.aws import client_config
from sluice.storage.base import (
    READ_SECONDS,
    WRITE_SECONDS,
    ConflictError,
    Entries,
    Entry,
    Stored,
    bounded,
)

# As many threads as a client of botocore keeps connections.
_THREADS = 10


class S3Store:
    """An object for each key, below a prefix. A version is the object's ETag.

    It has threads of its own, so that waiting for S3 keeps nothing else from running.
    """

    def __init__(self, bucket: str, prefix: str = "", region: str | None = None) -> None:
        """`prefix` neither begins nor ends with a slash."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        session = boto3.session.Session(region_name=region or None)
        self._s3 = session.client("s3", config=client_config(2, 4))
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")

    async def read(self, key: str) -> Stored | None:
        async with bounded(READ_SECONDS):
            return await self._run(lambda: self._read(key))

    async def write(self, key: str, data: bytes, version: str | None) -> str:
        async with bounded(WRITE_SECONDS):
            return await self._run(lambda: self._write(key, data, version))

    async def delete(self, key: str) -> None:
        async with bounded(WRITE_SECONDS):
            await self._run(lambda: self._s3.delete_object(**self._object(key)))

    async def list(self, prefix: str) -> Entries:
        async with bounded(READ_SECONDS):
            return await self._run(lambda: self._list(prefix))

    def close(self) -> None:
        """End the threads; what they have not begun is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._s3.close()

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}

    def _read(self, key: str) -> Stored | None:
        try:
            answer = self._s3.get_object(**self._object(key))
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                return None
            raise
        with answer["Body"] as body:
            return Stored(body.read(), answer["ETag"])

    def _write(self, key: str, data: bytes, version: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        kind = "application/json" if key.endswith(".json") else "application/octet-stream"
        try:
            answer = self._s3.put_object(
                **self._object(key), **condition, Body=data, ContentType=kind
            )
        except ClientError as error:
            if _code(error) in _CONFLICTS:
                raise ConflictError from error
            raise
        return str(answer["ETag"])

    def _list(self, prefix: str) -> Entries:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}", Delimiter="/"
        )
        return [
            Entry(found["Key"].removeprefix(self._prefix), found["LastModified"])
            for page in pages
            for found in page.get("Contents", ())
        ]


_CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "NoSuchKey")


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])
