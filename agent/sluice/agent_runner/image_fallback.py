"""A model that takes no images is asked again without them, so that a tool's picture costs no run.

No provider says beforehand what a model takes; each refuses a request with images in its own words.
"""

from collections.abc import Iterator
from typing import Any

from sluice.agent_runner.model_errors import meaning_of
from sluice.agui.media import describe, media_type

# Of a request that is refused as a whole, or is too large: that may be the images' fault.
_REFUSED = ("rejected", "too_much")
# How servers say under other statuses that they take none: llama.cpp (500), Ollama (500), vLLM.
_WORDS = ("image", "vision", "multimodal", "multi-modal", "mmproj")


def may_be_of_images(error: BaseException) -> bool:
    """Whether a model's failure may come from the images that it was sent."""
    if meaning_of(error) in _REFUSED:
        return True
    return any(word in text for text in _texts(error) for word in _WORDS)


def leave_images_out(messages: list[Any]) -> bool:
    """Put a line in the place of each image of a tool's result; whether there was one."""
    results = [b["toolResult"] for m in messages for b in m["content"] if "toolResult" in b]
    found = False
    for result in results:
        if any("image" in block for block in result["content"]):
            found = True
            result["content"] = [_seen_by_nobody(block) for block in result["content"]]
    return found


def _seen_by_nobody(block: Any) -> Any:
    if "image" not in block:
        return block
    data = block["image"]["source"]["bytes"]
    return {"text": describe(media_type(data), len(data), "the person sees it, you do not")}


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error).lower()
        error = error.__cause__ or error.__context__
