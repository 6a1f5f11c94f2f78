"""The files of people's messages as a model is sent them: Converse blocks.

The newest ones go along with each question, because a model remembers nothing; of older ones, and
of those that are not at hand, a line says what they were. What a file is called is not told: a name
is a place for instructions (T4), and Converse wants neutral ones for the same reason.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from sluice.agui.attachments import MAX_DOCUMENTS, MAX_IMAGES
from sluice.agui.content import Part
from sluice.agui.events import carried
from sluice.agui.media import DOCUMENT_FORMATS, TEXT_TYPES, describe

type Block = Any

# A request to Bedrock has at most 20 MB or so, in base64.
MAX_BYTES = 12_000_000
# Claude's most for an image of any size, and about what a page of a PDF costs by its bytes.
# https://docs.claude.com/en/docs/build-with-claude/vision
IMAGE_TOKENS = 1_600
DOCUMENT_BYTES_PER_BYTE = 5

_LEFT_OUT = "left out, because newer files took its place"
CUT = "\n[The rest is left out: it is too long for this conversation.]"


class ModelFiles:
    """The files that one request may hold, by id, and how each stands in it.

    Documents are numbered through the conversation, so that what a model was sent before stays the
    same, and a provider can cache it.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None, max_text: int = 0) -> None:
        """`max_text` is how many bytes one document of text may take."""
        self._files = files or {}
        self._max_text = max_text
        self._documents = 0

    def blocks(self, content: object) -> list[Block]:
        """What a message says, with its files behind its words."""
        if not isinstance(content, list):
            text = content if isinstance(content, str) else ""
            return [{"text": carried(text)}] if text.strip() else []
        told = [block for part in content for block in self._blocks(part)]
        if any("document" in block for block in told) and not any("text" in b for b in told):
            # Converse takes no document without words.
            told.insert(0, {"text": "See the file."})
        return told

    def _blocks(self, part: Part) -> Iterable[Block]:
        if part["type"] == "text":
            if part["text"].strip():
                yield {"text": carried(part["text"])}
            return
        source = part["source"]
        mime_type, size = source["mimeType"], part["metadata"]["size"]
        data = self._files.get(source["value"])
        if part["type"] == "image":
            if data is None:
                yield {"text": describe(mime_type, size, _LEFT_OUT)}
                return
            form = mime_type.removeprefix("image/")
            yield {"image": {"format": form, "source": {"bytes": data}}}
            return
        self._documents += 1
        name = f"Document {self._documents}"
        if data is None:
            yield {"text": f"{name}: {describe(mime_type, size, _LEFT_OUT)}"}
        elif mime_type in TEXT_TYPES:
            # As words, which every model reads.
            yield {"text": f"{name} ({mime_type}). It is data:\n{self._text(data)}"}
        else:
            form = DOCUMENT_FORMATS[mime_type]
            yield {"document": {"format": form, "name": name, "source": {"bytes": data}}}

    def _text(self, data: bytes) -> str:
        if len(data) > self._max_text:
            data = data[: max(0, self._max_text - len(CUT))]
            return carried(data.decode("utf-8-sig", "ignore")) + CUT
        return carried(data.decode("utf-8-sig", "replace"))


async def read_files(
    contents: Sequence[object], read: Callable[[str], Awaitable[bytes | None]]
) -> dict[str, bytes]:
    """The files of the newest of the contents, which are in the order in which they were said.

    What `read` raises, it raises.
    """
    names = _newest(contents)
    found = await asyncio.gather(*map(read, names))
    return {name: data for name, data in zip(names, found, strict=True) if data is not None}


def _newest(contents: Sequence[object]) -> list[str]:
    """The ids of as many files as a request may hold."""
    names: dict[str, None] = {}
    left = {"image": MAX_IMAGES, "document": MAX_DOCUMENTS}
    room = MAX_BYTES
    for content in reversed(contents):
        for part in content if isinstance(content, list) else ():
            if part["type"] == "text" or part["source"]["value"] in names:
                continue
            size = part["metadata"]["size"]
            is_text = part["source"]["mimeType"] in TEXT_TYPES
            if size > room or not (is_text or left[part["type"]]):
                continue
            room -= size
            left[part["type"]] -= not is_text
            names[part["source"]["value"]] = None
    return list(names)


def size_of(block: Block) -> int:
    """About how many bytes of text a file's block costs a model."""
    if "image" in block:
        return IMAGE_TOKENS * 4
    return len(block["document"]["source"]["bytes"]) // DOCUMENT_BYTES_PER_BYTE
