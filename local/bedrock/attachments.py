"""What the model says of the pictures and documents that it cannot look into."""

from typing import Any

from local.bedrock.conversation import Conversation
from local.bedrock.rules import size_of


def describe(conversation: Conversation) -> str:
    """A sentence on what came with the last message; empty when it was words alone."""
    received = [_describe(kind, block) for kind, block in conversation.attachments]
    if not received:
        return ""
    return f"I was given {', '.join(received)}, and cannot look into it.\n\n"


def _describe(kind: str, block: dict[str, Any]) -> str:
    if kind == "searchResult":
        return f'the search result "{block["title"]}"'
    name = f' "{block["name"]}"' if "name" in block else ""
    form = block.get("format", "text")
    where = block["source"].get("s3Location", {}).get("uri") or f"{size_of(block):,} bytes"
    return f"the {kind}{name} ({form}, {where})"
