"""What a request asks for: the bodies of docs/wire.md as dataclasses."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from sluice.refusal import Refusal

ACTIONS = ("warm", "resume", "stop", "list", "get", "rename", "delete")

_ID = re.compile(r"[!-~]{1,256}")
_MAX_MESSAGES = 10_000


@dataclass(frozen=True)
class Turn:
    """One message from a person, on a thread, to be answered by a run."""

    thread_id: str
    run_id: str
    text: str


@dataclass(frozen=True)
class Action:
    """Something other than a message: one of ACTIONS."""

    name: str


def read_request(body: object, max_prompt: int) -> Turn | Action:
    """Read a parsed JSON body: `{"prompt"}`, an AG-UI `RunAgentInput`, or `{"action"}`.

    Raises:
        Refusal: `bad_request` naming the field, or `prompt_too_long`.
    """
    if not isinstance(body, dict):
        raise _bad(f"The body must be a JSON object, not {_kind(body)}.")
    kinds = [key for key in ("action", "prompt", "messages") if key in body]
    if len(kinds) != 1:
        found = " and ".join(f"`{key}`" for key in kinds) or "none of them"
        raise _bad(f"The body must have one of `prompt`, `messages` or `action`; it has {found}.")
    if kinds == ["action"]:
        return _read_action(body["action"])
    if kinds == ["prompt"]:
        thread_id = _read_id(body, "threadId") if "threadId" in body else str(uuid.uuid4())
        run_id = _read_id(body, "runId") if "runId" in body else str(uuid.uuid4())
        return Turn(thread_id, run_id, _read_text(body["prompt"], "prompt", max_prompt))
    thread_id, run_id = _read_id(body, "threadId"), _read_id(body, "runId")
    return Turn(thread_id, run_id, _read_last_user_message(body["messages"], max_prompt))


def _read_action(name: object) -> Action:
    if not isinstance(name, str):
        raise _bad(f"`action` must be a string, not {_kind(name)}.")
    if name not in ACTIONS:
        raise _bad(f"`action` must be one of {', '.join(ACTIONS)}.")
    return Action(name)


def _read_id(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise _bad(f"`{field}` must be a string, not {_kind(value)}.")
    if not _ID.fullmatch(value):
        raise _bad(f"`{field}` must be 1 to 256 visible ASCII characters.")
    return value


def _read_last_user_message(messages: object, max_prompt: int) -> str:
    """The turn of a RunAgentInput; the rest of the client's copy of the history is not used."""
    if not isinstance(messages, list):
        raise _bad(f"`messages` must be a list, not {_kind(messages)}.")
    if len(messages) > _MAX_MESSAGES:
        raise _bad(f"`messages` holds {len(messages)} messages; send at most {_MAX_MESSAGES}.")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise _bad(f"`messages[{index}]` must be an object, not {_kind(message)}.")
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user":
            field = f"messages[{index}].content"
            return _read_text(_join(messages[index].get("content"), field), field, max_prompt)
    raise _bad("`messages` must hold a message whose `role` is `user`.")


def _join(content: object, field: str) -> object:
    """The text of a message's content: a string, or AG-UI content parts of type text."""
    if not isinstance(content, list):
        return content
    texts: list[str] = []
    for index, part in enumerate(content):
        place = f"{field}[{index}]"
        if not isinstance(part, dict):
            raise _bad(f"`{place}` must be an object, not {_kind(part)}.")
        if part.get("type") != "text":
            raise _bad(f"`{place}.type` must be `text`: Sluice reads text only.")
        if not isinstance(part.get("text"), str):
            raise _bad(f"`{place}.text` must be a string, not {_kind(part.get('text'))}.")
        texts.append(part["text"])
    return "\n".join(texts)


def _read_text(value: object, field: str, max_prompt: int) -> str:
    if not isinstance(value, str):
        raise _bad(f"`{field}` must be a string, not {_kind(value)}.")
    if len(value) > max_prompt:
        raise Refusal(
            "prompt_too_long",
            f"The message has {len(value)} characters; send at most {max_prompt}.",
        )
    if not value.strip():
        raise _bad(f"`{field}` is empty: write a message.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        # JSON can spell half of a surrogate pair; UTF-8, and so storage and models, cannot.
        raise _bad(f"`{field}` holds half of a surrogate pair: send well-formed Unicode.")
    return value


def _kind(value: object) -> str:
    """The JSON name of a value's type, with its article."""
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a number")


def _bad(message: str) -> Refusal:
    return Refusal("bad_request", message)
