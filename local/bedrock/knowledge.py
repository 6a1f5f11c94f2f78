"""Bedrock's Retrieve over a folder of Markdown files: `make dev KNOWLEDGE=folder`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Retrieve.html

SQLite's full-text index ranks the passages by their words (BM25); Bedrock goes by meaning, too.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import create_loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]

from local.bedrock.errors import BedrockError, invalid
from local.bedrock.shapes import check_shape
from local.errors import TemplateError

FOLDER_VARIABLE = "SLUICE_OFFLINE_KNOWLEDGE"
EXAMPLE = Path("examples/knowledge")
KNOWLEDGE_BASE_ID = "LOCALDOCS0"
"""What stands for the folder's id, where the person names a folder alone."""

ROUTE = re.compile(r"/knowledgebases/(?P<id>[^/]+)/(?P<operation>\w+)/?")

# numberOfResults of KnowledgeBaseVectorSearchConfiguration, when a request names none.
RESULTS = 5
PASSAGE_CHARACTERS = 1_200


def find_folder(root: Path) -> Path | None:
    """The folder that this shell names, or None.

    Raises:
        TemplateError: It has no Markdown file.
    """
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if not named:
        return None
    folder = root / named
    if not any(_files(folder)):
        raise TemplateError(
            f"KNOWLEDGE is {named}, and no Markdown file (.md) is in it: name a folder that has "
            f"some, such as {EXAMPLE}."
        )
    return folder


def retrieve(folder: Path, id_: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """What Retrieve answers; the files are read anew each time. Raises BedrockError."""
    if operation != "retrieve":
        raise invalid(f"The local Bedrock plays Retrieve of knowledge bases, and not {operation}.")
    check_shape(_input_shape(), request | {"knowledgeBaseId": id_})
    question = request["retrievalQuery"].get("text", "")
    configuration = request.get("retrievalConfiguration", {})
    search = configuration.get("vectorSearchConfiguration", {})
    found = _search(folder, question, search.get("numberOfResults", RESULTS))
    return {"retrievalResults": [_result(*each) for each in found]}


@cache
def _input_shape() -> Any:
    written = create_loader().load_service_model("bedrock-agent-runtime", "service-2")
    operation = ServiceModel(written, "bedrock-agent-runtime").operation_model("Retrieve")
    return operation.input_shape


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.md")) if path.is_file())


def _search(folder: Path, question: str, count: int) -> list[tuple[str, str, float]]:
    """File, text and score of the passages that fit best."""
    words = re.findall(r"\w+", question.lower())
    if not words:
        return []
    index = sqlite3.connect(":memory:")
    try:
        index.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(file, text, tokenize='porter unicode61')"
        )
        index.executemany(
            "INSERT INTO passages VALUES (?, ?)",
            (
                (path.relative_to(folder).as_posix(), passage)
                for path in _files(folder)
                for passage in _passages(path)
            ),
        )
        asked = " OR ".join(f'"{word}"' for word in words)
        rows = index.execute(
            "SELECT file, text, bm25(passages, 0.5) FROM passages WHERE passages MATCH ? "
            "ORDER BY 3 LIMIT ?",
            (asked, count),
        ).fetchall()
    finally:
        index.close()
    # bm25() is negative, and the lower the better; Bedrock's score lies between 0 and 1.
    return [(file, text, rank / (rank - 1)) for file, text, rank in rows]


def _passages(path: Path) -> Iterator[str]:
    """A file's sections, each under its heading; long ones in parts."""
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        raise BedrockError(
            "InternalServerException", f"{path.name} cannot be read as text ({error})."
        ) from error
    for section in re.split(r"(?m)^(?=#{1,6} )", text):
        part = ""
        for paragraph in section.split("\n\n"):
            if part and len(part) + len(paragraph) > PASSAGE_CHARACTERS:
                yield part
                part = ""
            part = f"{part}\n\n{paragraph}".strip()
        # A heading alone says nothing.
        if part and ("\n" in part or not part.startswith("#")):
            yield part


def _result(file: str, text: str, score: float) -> dict[str, Any]:
    uri = f"s3://local-documents/{file}"
    return {
        "content": {"type": "TEXT", "text": text},
        "location": {"type": "S3", "s3Location": {"uri": uri}},
        "score": round(score, 4),
        "metadata": {"x-amz-bedrock-kb-source-uri": uri},
    }
