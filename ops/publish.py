"""`make publish-spa [STACK=] [ENV=]`: the page, from spa/ to the site's bucket.

New files go up before the index that names them, and old ones go away after it, so that whoever
loads the page meanwhile gets the old one whole or the new one whole.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import Path

import click

from local.page import PageBuild, PageError
from local.site import page_config
from ops import aws, options, stacks
from ops.outputs import ROOT
from ops.settings import read_settings

INDEX = "index.html"
HASHED = "assets/"  # Vite puts each content's hash into these files' names
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"  # a cache may keep it, and asks before each use
# Python's own list: the machine's would send other types from another machine.
_TYPES = MimeTypes()


@dataclass(frozen=True)
class File:
    """One object of the site."""

    key: str
    body: bytes

    @property
    def content_type(self) -> str:
        """By the name's ending; text says that it is UTF-8."""
        kind = _TYPES.guess_type(self.key)[0] or "application/octet-stream"
        is_text = kind.startswith("text/") or kind in ("application/json", "image/svg+xml")
        return f"{kind}; charset=utf-8" if is_text else kind

    @property
    def cache_control(self) -> str:
        """For ever under a name that holds the content's hash; else ask each time."""
        return FOREVER if self.key.startswith(HASHED) else REVALIDATE

    @property
    def etag(self) -> str:
        """As S3 gives it to an object in one part with S3's own encryption (API reference,
        "Object"): the MD5 of the content, in quotes."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


@click.command
@options.deployed_stack
@options.environment
@options.region
def main() -> None:
    """The page alone, built and published to a deployed stack."""
    settings = read_settings(
        ROOT, os.environ.get("ENV") or "default", os.environ.get("STACK") or None
    )
    settings.choose_account()
    with aws.failures_in_words():
        stack = stacks.find(settings.stack)
        if stack is None or "SpaBucket" not in stack.outputs:
            sys.exit(f"There is no stack {settings.stack} to publish to: `make deploy` makes it.")
        publish(build(ROOT), stack.outputs)
    print(stack.outputs["SpaUrl"])


def build(project: Path) -> Path:
    """Build the page unless it is newer than its sources; returns its folder. Exits with the
    build's words if it fails."""
    page = PageBuild(project / "spa", print)
    try:
        asyncio.run(page.ensure())
    except PageError as error:
        sys.exit(f"The page cannot be built:\n{error}")
    return page.dist


def publish(folder: Path, outputs: Mapping[str, str]) -> None:
    """Make the site's bucket hold the files of `folder` and a config.json for this stack, and
    nothing else. Raises one of aws.Failure."""
    bucket = outputs["SpaBucket"]
    files = read_files(folder, outputs)
    s3 = aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    there = {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}
    changed = [file for file in files if there.get(file.key) != file.etag]
    for file in changed:
        s3.put_object(
            Bucket=bucket,
            Key=file.key,
            Body=file.body,
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
    old = sorted(there.keys() - {file.key for file in files})
    for key in old:
        s3.delete_object(Bucket=bucket, Key=key)
    if not changed and not old:
        print(f"site: {len(files)} files, none changed")
        return
    print(f"site: {len(changed)} of {len(files)} files uploaded, {len(old)} old ones removed")
    invalidate(
        outputs["DistributionId"], [*(file.key for file in changed if file.key in there), *old]
    )


def read_files(folder: Path, outputs: Mapping[str, str]) -> list[File]:
    """The site's files, in the order that they have to arrive in: the index last."""
    files = [
        File(path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    config = json.dumps(page_config(outputs), indent=2, sort_keys=True)
    files.append(File("config.json", config.encode()))
    return sorted(files, key=lambda file: (file.key == INDEX, not file.key.startswith(HASHED)))


def invalidate(distribution: str, keys: list[str]) -> None:
    """Have CloudFront forget the given objects, but for hashed ones, which never change."""
    paths = [f"/{key}" for key in keys if not key.startswith(HASHED)]
    if f"/{INDEX}" in paths:
        paths.append("/")  # what people ask for; CloudFront keeps it under this name too
    if not paths:
        return
    aws.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": f"sluice-{time.time_ns()}",
        },
    )
    print(f"site: CloudFront forgets {', '.join(paths)}")
