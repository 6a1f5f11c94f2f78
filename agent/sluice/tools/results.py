"""What a model is given to read of a tool's result: text within bounds, and images."""

from typing import Any

from strands.types.tools import ToolResult, ToolResultContent

from sluice.agui.media import describe, media_type
from sluice.tools.values import blocks_of_content

MAX_TEXT = 50_000
# Converse takes 20 images in a message; a request has to hold them all.
MAX_IMAGES = 20
MAX_IMAGES_BYTES = 12_000_000


def succeed(tool_use_id: str, result: Any) -> ToolResult:
    """A tool's result with at most `MAX_TEXT` characters of text in all its blocks.

    `result` is Strands' ToolResult. JSON becomes text, which is what every provider takes; images
    stay images. A result that says nothing says so, because some providers refuse empty ones.
    """
    content: list[ToolResultContent] = []
    left, images, images_bytes = MAX_TEXT, 0, 0
    for block in blocks_of_content(result.get("content")):
        if image := block.get("image"):
            data = image["source"]["bytes"]
            if images < MAX_IMAGES and images_bytes + len(data) <= MAX_IMAGES_BYTES:
                images, images_bytes = images + 1, images_bytes + len(data)
                content.append(block)
                continue
            block = {"text": describe(media_type(data), len(data), "one image too many")}
        text = _cut(block["text"], left)
        left -= len(text)
        if text:
            content.append({"text": text})
    return {
        "toolUseId": tool_use_id,
        "status": "error" if result.get("status") == "error" else "success",
        "content": content or [{"text": "The tool returned nothing."}],
    }


def fail(tool_use_id: str, sentence: str) -> ToolResult:
    return {"toolUseId": tool_use_id, "status": "error", "content": [{"text": sentence}]}


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    note = f"\n[Cut: it had {len(text):,} characters.]"
    return (text[: max(0, most - len(note))] + note)[:most]
