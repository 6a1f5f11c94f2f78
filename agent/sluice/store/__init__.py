"""Bytes by key, in a folder or in S3, written only where they are what the writer last read."""

import hashlib

from sluice.store.base import (
    READ_SECONDS,
    WRITE_SECONDS,
    ConflictError,
    Entry,
    StorageUnavailableError,
    Store,
    Stored,
)
from sluice.store.folder import FolderStore

__all__ = [
    "READ_SECONDS",
    "WRITE_SECONDS",
    "ConflictError",
    "Entry",
    "StorageUnavailableError",
    "Store",
    "Stored",
    "digest",
    "open_store",
]


def open_store(place: str, region: str | None = None) -> Store:
    """The store that SLUICE_CONVERSATIONS names: `s3://bucket[/prefix]` or a folder's path.

    Opening S3 imports boto3 and takes about 0.3 s; nothing is asked of either yet. `region` is
    where the bucket is looked for first: boto3 itself reads AWS_DEFAULT_REGION only, and S3 sends
    a client that asks elsewhere to the bucket's own region.
    """
    if not place.startswith("s3://"):
        return FolderStore(place)
    from sluice.store.s3 import S3Store

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix.strip("/"), region)


def digest(text: str) -> str:
    """A name for a key out of an id that may hold anything.

    It keeps one owner out of another's prefix, and fits every file system.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
