"""What a model is given to read of a tool's result: text within bounds, and images."""

import json
from typing import Any

from strands.types.tools import ToolResult, ToolResultContent

MAX_TEXT = 50_000
# Bedrock's own limit for one image: 3.75 MB.
MAX_IMAGE_BYTES = 3_750_000


def succeed(tool_use_id: str, result: Any) -> ToolResult:
    """A tool's result with at most `MAX_TEXT` characters of text in all its blocks.

    `result` is Strands' ToolResult, or MCP's with `structuredContent`. JSON becomes text, which is
    what every provider takes. A result that says nothing says so, because some providers refuse
    empty ones.
    """
    blocks = list(result.get("content") or [])
    if not blocks and result.get("structuredContent") is not None:
        blocks = [{"json": result["structuredContent"]}]
    content: list[ToolResultContent] = []
    left = MAX_TEXT
    for block in blocks:
        if (image := block.get("image")) and len(image["source"]["bytes"]) <= MAX_IMAGE_BYTES:
            content.append(block)
            continue
        text = _cut(_text(block), left)
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


def _text(block: ToolResultContent) -> str:
    if "text" in block:
        return str(block["text"])
    if "json" in block:
        return json.dumps(block["json"], ensure_ascii=False, default=str)
    return "[The tool returned something that is neither text nor an image of at most 3.75 MB.]"


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    note = f"\n[Cut: it had {len(text):,} characters.]"
    return (text[: max(0, most - len(note))] + note)[:most]
