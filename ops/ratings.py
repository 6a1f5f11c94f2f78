"""`make export-ratings [STACK=]`: the answers that people rated, as a data set: JSON, one a line.

A line has what was asked and answered, what was said before it, and the rating; nobody's name or
id. It is what people wrote: keep it where only those are who may read that. `make eval` asks the
questions again.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from ops import options
from ops.outputs import is_local, read_outputs, state_folder

# agent/sluice/threads/thread.py writes it.
FORMAT = 1


def rated(stored: bytes, rating: str | None = None) -> Iterator[dict[str, Any]]:
    """The rated answers of a stored conversation, of one rating or of both.

    Also one that was replaced later: it was rated as it was. What is none is passed over.
    """
    try:
        thread = json.loads(stored)
    except ValueError:
        return
    if not isinstance(thread, dict) or thread.get("format") != FORMAT:
        return
    before: list[dict[str, Any]] = []
    for run in thread.get("turns", ()):
        ids = [each["runId"] for each in before]
        if run.get("replaces") in ids:
            del before[ids.index(run["replaces"]) :]
        if run.get("rating") and rating in (None, run["rating"]):
            yield _row(run, [message for each in before for message in each["messages"]])
        before.append(run)


def _row(run: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    messages = run["messages"]
    return {
        "rating": run["rating"],
        "question": _said(messages, "user"),
        "answer": _said(messages, "assistant"),
        "model": (run.get("usage") or {}).get("model"),
        "startedAt": run["startedAt"],
        "state": run["state"],
        # AG-UI messages: with tool calls and results, which the texts above leave out.
        "messages": messages,
        "history": history,
    }


def _said(messages: list[dict[str, Any]], role: str) -> str:
    contents = [each.get("content") or "" for each in messages if each["role"] == role]
    return "\n".join(filter(None, map(_text, contents)))


def _text(content: Any) -> str:
    parts = content if isinstance(content, list) else [{"text": content}]
    return "\n".join(part["text"] for part in parts if part.get("text"))


def local_threads() -> Iterator[bytes]:
    """The stored conversations of the stack on this machine."""
    folder = state_folder() / "conversations"
    for path in sorted(folder.glob("*/threads/*.json")):
        yield path.read_bytes()


def deployed_threads(bucket: str) -> Iterator[bytes]:
    """Those in a deployed stack's bucket. Raises one of `aws.Failure`."""
    from ops import aws

    s3 = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            if Path(entry["Key"]).parent.name == "threads":
                yield s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def _write(stored: Iterable[bytes], rating: str | None) -> int:
    rows = [row for each in stored for row in rated(each, rating)]
    for row in sorted(rows, key=lambda row: row["startedAt"]):
        print(json.dumps(row, ensure_ascii=False))
    return len(rows)


@click.command
@options.stack
@options.region
@click.option("--rating", type=click.Choice(["up", "down"]), help="Only these; else both.")
def main(rating: str | None) -> None:
    """The answers that people rated, as JSON, one a line."""
    if is_local():
        count = _write(local_threads(), rating)
    else:
        from ops import aws

        with aws.failures_in_words():
            count = _write(deployed_threads(read_outputs()["ConversationsBucket"]), rating)
    where = os.environ.get("STACK") or "the stack on this machine"
    print(f"{count} rated answers of {where}.", file=sys.stderr)
