"""A model that takes no images or no documents is asked again without them, so that one costs no
run.

No provider says beforehand what a model takes; each refuses a request with them in its own words.
"""

from collections.abc import Iterator
from typing import Any, Literal

from sluice.agent_runner.model_errors import meaning_of
from sluice.agui.media import describe, media_type

type Kind = Literal["image", "document"]

# Of a request that is refused as a whole, or is too large: that may be its files' fault.
_REFUSED = ("rejected", "too_much")
# How servers say under other statuses that they take none: llama.cpp (500), Ollama (500), vLLM.
_WORDS: dict[Kind, tuple[str, ...]] = {
    "image": ("image", "vision", "multimodal", "multi-modal", "mmproj"),
    "document": ("document", "pdf", "type: file", "'file'"),
}


def leave_media_out(error: BaseException, messages: list[Any]) -> Kind | None:
    """Leave out what a model's failure may come from; None where that is nothing of the kind."""
    named = {
        kind: any(word in text for text in _texts(error) for word in words)
        for kind, words in _WORDS.items()
    }
    if meaning_of(error) not in _REFUSED and not any(named.values()):
        return None
    # Fewer models take documents than images.
    of_images = named["image"] and not named["document"]
    kinds: tuple[Kind, ...] = ("image", "document") if of_images else ("document", "image")
    return next((kind for kind in kinds if leave_out(kind, messages)), None)


def leave_out(kind: Kind, messages: list[Any]) -> bool:
    """Put a line in the place of each image or document; whether there was one."""
    found = False
    for message in messages:
        results = [block["toolResult"] for block in message["content"] if "toolResult" in block]
        for holder in (message, *results):
            if any(kind in block for block in holder["content"]):
                found = True
                holder["content"] = [_without(kind, block) for block in holder["content"]]
    return found


def _without(kind: Kind, block: Any) -> Any:
    if kind not in block:
        return block
    data = block[kind]["source"].get("bytes") or b""
    return {"text": describe(media_type(data), len(data), "the person sees it, you do not")}


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error).lower()
        error = error.__cause__ or error.__context__
