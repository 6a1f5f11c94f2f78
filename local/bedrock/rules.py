"""Rules on a conversation that a shape cannot say, and the sentences that Bedrock refuses with.

Sources: "Converse" and "ContentBlock" in the Bedrock API reference; "Prompt caching" and "Extended
thinking" in its user guide; what the service is known to answer, in public reports.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from local.bedrock.errors import invalid
from local.bedrock.thinking import check_thinking

MAX_IMAGES = 20
MAX_IMAGE_BYTES = 3_750_000
MAX_DOCUMENTS = 5
MAX_DOCUMENT_BYTES = 4_500_000
MAX_CACHE_POINTS = 4
MAX_INPUT_CHARACTERS = 800_000
"""Of a context of 200,000 tokens."""

# Underscores are not in the documented list, and are accepted.
_DOCUMENT_NAME = re.compile(r"(?:[A-Za-z0-9_()\[\]-]|\s(?!\s))+")

Messages = list[dict[str, Any]]


def check_request(request: dict[str, Any]) -> None:
    """Raise a ValidationException for the first rule that a well-shaped request breaks."""
    messages = request.get("messages", [])
    _check_roles(messages)
    for number, message in enumerate(messages):
        _check_content(message, f"messages.{number}")
    _check_media(messages)
    _check_calls(messages)
    _check_tools(request.get("toolConfig"), messages)
    _check_cache_points(request)
    check_thinking(request)
    if count_characters([request.get("system"), messages]) > MAX_INPUT_CHARACTERS:
        raise invalid("Input is too long for requested model.")


def count_characters(node: Any) -> int:
    """The characters of text in a part of a request; media count for nothing."""
    if isinstance(node, str):
        return len(node)
    if isinstance(node, dict):
        return sum(count_characters(value) for name, value in node.items() if name != "bytes")
    if isinstance(node, list):
        return sum(count_characters(item) for item in node)
    return 0


def _check_roles(messages: Messages) -> None:
    if not messages or messages[0]["role"] != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    for before, after in pairwise(messages):
        if before["role"] == after["role"] or after["role"] == "system":
            raise invalid(
                "A conversation must alternate between user and assistant roles. Make sure the "
                "conversation alternates between user and assistant roles and try again."
            )
    if messages[-1]["role"] != "user":
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )


def _check_content(message: dict[str, Any], place: str) -> None:
    if not message["content"]:
        raise invalid(
            f"The content field in the Message object at {place} is empty. Add a ContentBlock "
            "object to the content field and try again."
        )
    for number, block in enumerate(message["content"]):
        at = f"{place}.content.{number}"
        if "text" in block and not block["text"].strip():
            raise invalid(
                f"The text field in the ContentBlock object at {at} is blank. Add text to the "
                "text field, and try again."
            )
        wrong = {"toolUse", "reasoningContent"} if message["role"] == "user" else {"toolResult"}
        if found := wrong & block.keys():
            kind = found.pop()
            raise invalid(f"{at}: a {message['role']} message cannot hold a {kind} block.")
        if "toolUse" in block and not isinstance(block["toolUse"]["input"], dict):
            raise _not_an_object(f"{at}.toolUse.input")
        if result := block.get("toolResult"):
            _check_result(result, f"{at}.toolResult")


def _check_result(result: dict[str, Any], place: str) -> None:
    if result.get("status") == "error" and not result["content"]:
        raise invalid(f"The content field at {place} cannot be empty when status value is error.")
    for number, part in enumerate(result["content"]):
        if "json" in part and not isinstance(part["json"], dict):
            raise _not_an_object(f"{place}.content.{number}.json")


def _not_an_object(place: str) -> Exception:
    return invalid(
        f"The format of the value at {place} is invalid. Provide a json object for the field and "
        "try again."
    )


def _check_calls(messages: Messages) -> None:
    """Each tool call is answered in the next message, and nothing else is."""
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        results = [result["toolUseId"] for result in _blocks([message], "toolResult")]
        if len(results) > len(open_calls):
            raise invalid(
                f"The number of toolResult blocks at messages.{number}.content exceeds the number "
                "of toolUse blocks of previous turn."
            )
        if missing := [call for call in open_calls if call not in results]:
            raise invalid(
                f"Expected toolResult blocks at messages.{number}.content for the following Ids: "
                f"{', '.join(missing)}"
            )
        if len(set(results)) < len(results):
            raise invalid(f"messages.{number}.content: each toolUse must have a single result.")
        open_calls = [call["toolUseId"] for call in _blocks([message], "toolUse")]
    ids = Counter(call["toolUseId"] for call in _blocks(messages, "toolUse"))
    if any(count > 1 for count in ids.values()):
        raise invalid("messages: `tool_use` ids must be unique.")


def _check_tools(config: dict[str, Any] | None, messages: Messages) -> None:
    if config is None:
        if any(_blocks(messages, "toolUse")) or any(_blocks(messages, "toolResult")):
            raise invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content "
                "blocks."
            )
        return
    specs = [tool["toolSpec"] for tool in config["tools"] if "toolSpec" in tool]
    for number, spec in enumerate(specs):
        schema = spec["inputSchema"].get("json")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise invalid(
                f"The value at toolConfig.tools.{number}.toolSpec.inputSchema.json.type must be "
                "one of the following: object."
            )
    names = Counter(spec["name"] for spec in specs)
    if any(count > 1 for count in names.values()):
        raise invalid("tools: Tool names must be unique.")
    chosen = config.get("toolChoice", {}).get("tool", {}).get("name")
    if chosen is not None and chosen not in names:
        raise invalid(f"toolConfig.toolChoice.tool.name: there is no tool {chosen}.")


def _check_media(messages: Messages) -> None:
    images = list(_media(messages, "image"))
    documents = list(_media(messages, "document"))
    if len(images) > MAX_IMAGES:
        raise invalid(f"You can't include more than {MAX_IMAGES} images in a request.")
    if len(documents) > MAX_DOCUMENTS:
        raise invalid(f"You can't include more than {MAX_DOCUMENTS} documents in a request.")
    if any(size_of(image) > MAX_IMAGE_BYTES for image in images):
        raise invalid(f"An image is larger than {MAX_IMAGE_BYTES:,} bytes.")
    if any(size_of(document) > MAX_DOCUMENT_BYTES for document in documents):
        raise invalid(f"A document is larger than {MAX_DOCUMENT_BYTES:,} bytes.")
    for document in documents:
        if not _DOCUMENT_NAME.fullmatch(document["name"]):
            raise invalid(
                "The document file name can only contain alphanumeric characters, whitespace "
                "characters, hyphens, parentheses, and square brackets. The name can't contain "
                "more than one consecutive whitespace character. Check that the file name conforms "
                "to these restrictions and retry your request."
            )
    if len({document["name"] for document in documents}) < len(documents):
        raise invalid("Messages can't contain duplicate document names.")
    for number, message in enumerate(messages):
        kinds = {kind for block in message["content"] for kind in block}
        if kinds & {"image", "document"} and message["role"] != "user":
            raise invalid(f"messages.{number}: only user messages can hold images and documents.")
        if "document" in kinds and "text" not in kinds:
            raise invalid(f"messages.{number}: a document needs a text block beside it.")


def _check_cache_points(request: dict[str, Any]) -> None:
    groups = [request.get("toolConfig", {}).get("tools", []), request.get("system", [])]
    groups += [message["content"] for message in request["messages"]]
    points = sum("cachePoint" in block for blocks in groups for block in blocks)
    if points > MAX_CACHE_POINTS:
        raise invalid(
            f"A maximum of {MAX_CACHE_POINTS} blocks with cache_control may be provided. "
            f"Found {points}."
        )
    for blocks in groups:
        for before, block in zip([None, *blocks], blocks, strict=False):
            if "cachePoint" not in block:
                continue
            if before is None or "cachePoint" in before:
                raise invalid("There is nothing available to cache before a cachePoint block.")
            if before.get("document", {}).get("format", "pdf") != "pdf":
                raise invalid("A cachePoint cannot follow a document that is no PDF.")


def size_of(block: dict[str, Any]) -> int:
    """The bytes of an image or a document; those in S3 have none here."""
    source = block["source"]
    # Base64 has four letters for three bytes.
    return len(source.get("bytes", "").rstrip("=")) * 3 // 4 or len(source.get("text", ""))


def _media(messages: Messages, kind: str) -> Iterator[dict[str, Any]]:
    """Images or documents, those in tool results among them."""
    yield from _blocks(messages, kind)
    for result in _blocks(messages, "toolResult"):
        yield from (part[kind] for part in result["content"] if kind in part)


def _blocks(messages: Messages, kind: str) -> Iterator[Any]:
    return (block[kind] for message in messages for block in message["content"] if kind in block)
