"""The store that SLUICE_CONVERSATIONS names."""

from sluice.storage.base import Store
from sluice.storage.folder import FolderStore


def open_store(place: str, region: str | None = None) -> Store:
    """The store at a place: `s3://bucket[/prefix]` or a folder's path.

    Opening S3 imports boto3 and takes about 0.3 s; nothing is asked of either yet. `region` is
    where the bucket is looked for first: boto3 itself reads AWS_DEFAULT_REGION only, and S3 sends
    a client that asks elsewhere to the bucket's own region.
    """
    if not place.startswith("s3://"):
        return FolderStore(place)
    from sluice.storage.s3 import S3Store

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix.strip("/"), region)
