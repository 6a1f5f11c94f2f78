"""The result of an MCP tool, as JSON came from the server, as content blocks.

https://modelcontextprotocol.io/specification/2025-06-18/server/tools#tool-result. The JSON is read
without trust: a part that is not what it says it is becomes a line, and costs no other its place.
"""

import json
from typing import Any

from sluice.agui.media import clean_type, decode_base64, describe
from sluice.tools.blocks import Block, base64_block, text_block

# A name or an address of somebody else's, within a line of ours.
MAX_NAME = 500
_TEXT_TYPES = {
    "application/json",
    "application/xml",
    "application/javascript",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
}


def blocks_of_result(result: dict[str, Any]) -> list[Block]:
    """What the tool says, and its structured content where that says more."""
    content = result.get("content")
    parts = content if isinstance(content, list) else [] if content is None else [content]
    blocks = [block for part in parts for block in _blocks(part)]
    structured = result.get("structuredContent")
    if structured is not None and not _is_repeated(structured, blocks):
        blocks.append(text_block(json.dumps(structured, ensure_ascii=False)))
    return blocks


def _blocks(part: Any) -> list[Block]:
    if not isinstance(part, dict):
        return [text_block(part if isinstance(part, str) else json.dumps(part))]
    declared = clean_type(part.get("mimeType"))
    match part.get("type"):
        case "text" if isinstance(part.get("text"), str):
            return [text_block(part["text"])]
        case "image" | "audio" | "video" as kind if "data" in part:
            return [base64_block(part["data"], declared or kind)]
        case "resource" if isinstance(part.get("resource"), dict):
            return _resource(part["resource"])
        case "resource_link":
            return [text_block(f"[{_about(part, declared)}]")]
    if isinstance(part.get("text"), str):
        return [text_block(part["text"])]
    if isinstance(part.get("data"), str) and declared:
        return [base64_block(part["data"], declared)]
    return [text_block(json.dumps(part, ensure_ascii=False))]


def _resource(resource: dict[str, Any]) -> list[Block]:
    """An embedded resource under its address: its text, or an image, or what it is."""
    declared = clean_type(resource.get("mimeType"))
    text, blob = resource.get("text"), resource.get("blob")
    data = decode_base64(blob)
    if not isinstance(text, str) and data is not None and _is_text(declared):
        text = data.decode("utf-8", "replace")
    if isinstance(text, str):
        return [text_block(f"[{_about(resource, declared)}]\n{text}")]
    if blob is None:
        return [text_block(f"[{_about(resource, declared)}]")]
    inner = base64_block(blob, declared)
    if "image" in inner:
        return [text_block(f"[{_about(resource, declared)}]"), inner]
    return [text_block(f"{_about(resource, '')} {inner['text']}")]


def _about(resource: dict[str, Any], declared: str) -> str:
    """Name, address, kind, size and description, each where it is given."""
    names = [_line(resource.get(name)) for name in ("title", "name", "uri")]
    size = resource.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    kind = describe(declared or "size", size if is_size else None)[1:-1]
    told = [*names, kind if declared or is_size else "", _line(resource.get("description"))]
    return ", ".join(dict.fromkeys(filter(None, told))) or "a resource without an address"


def _line(value: Any) -> str:
    return " ".join(value.split())[:MAX_NAME] if isinstance(value, str) else ""


def _is_text(mime_type: str) -> bool:
    if mime_type.startswith("image/"):
        return False
    return mime_type.startswith("text/") or mime_type in _TEXT_TYPES or _is_suffixed(mime_type)


def _is_suffixed(mime_type: str) -> bool:
    return mime_type.endswith(("+json", "+xml", "+yaml"))


def _is_repeated(structured: Any, blocks: list[Block]) -> bool:
    """Whether the content says it already, or there is nothing to say.

    SDKs put a copy into the content as JSON; FastMCP wraps what is no object as {"result": value},
    and gives each entry of a list a text of its own.
    """
    texts = [block["text"] for block in blocks if "text" in block]
    if not structured and texts:
        return True
    said: list[Any] = [*texts, *map(_parse, texts), [*map(_parse, texts)], texts]
    wanted = [structured]
    if isinstance(structured, dict) and structured.keys() == {"result"}:
        wanted.append(structured["result"])
    return any(_same(each, want) for each in said for want in wanted)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: unlike for Python, true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
