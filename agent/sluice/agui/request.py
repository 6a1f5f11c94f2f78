"""What a request asks for: the bodies of docs/wire.md as dataclasses.

Nothing that is personal stands in a `repr`, so that none of it can reach a log (T8).
"""

import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from sluice.agui.events import PROTOCOL_VERSION
from sluice.agui.fields import (
    bad,
    is_id,
    kind,
    read_id,
    read_number,
    read_query,
    read_text,
    read_title,
    read_zone,
)

# In the order of docs/wire.md.
ACTIONS = ("resume", "stop", "list", "search", "get", "file", "rename", "delete", "rate", "warm")

_MAX_MESSAGES = 10_000


@dataclass(frozen=True)
class Prompt:
    """A message from a person, on a thread, to be answered by a run.

    `replaces` is the id of the run whose place this one takes, `time_zone` a name that may be none.
    `state`, `context` and `forwarded_props` are the client's, for agent.py; `parent_run_id` is for
    clients that make a tree of a thread's runs.
    """

    thread_id: str
    run_id: str
    message_id: str
    text: str = field(repr=False)
    replaces: str | None = None
    time_zone: str | None = None
    state: Any = field(default=None, repr=False)
    context: tuple[dict[str, str], ...] = field(default=(), repr=False)
    forwarded_props: Any = field(default=None, repr=False)
    parent_run_id: str | None = None


@dataclass(frozen=True)
class Resume:
    """The events of a run after the `after`-th."""

    thread_id: str
    run_id: str
    after: int


@dataclass(frozen=True)
class Stop:
    """End a run early."""

    thread_id: str
    run_id: str


@dataclass(frozen=True)
class List:
    """The person's conversations."""


@dataclass(frozen=True)
class Search:
    """The person's conversations in which all words of the query were said."""

    query: str = field(repr=False)


@dataclass(frozen=True)
class Get:
    """One conversation, whole."""

    thread_id: str


@dataclass(frozen=True)
class File:
    """A file of a conversation, by the name that its content refers to."""

    thread_id: str
    file_id: str


@dataclass(frozen=True)
class Rename:
    """Another title for a conversation."""

    thread_id: str
    title: str = field(repr=False)


@dataclass(frozen=True)
class Delete:
    """Delete a conversation."""

    thread_id: str


@dataclass(frozen=True)
class Rate:
    """Say that an answer is good or bad; None takes the rating back."""

    thread_id: str
    run_id: str
    rating: Literal["up", "down"] | None


@dataclass(frozen=True)
class Warm:
    """Wait until the agent is ready."""


type Request = Prompt | Resume | Stop | List | Search | Get | File | Rename | Delete | Rate | Warm


def read_request(body: object, max_prompt: int) -> Request:
    """Read a parsed JSON body: `{"prompt"}`, an AG-UI `RunAgentInput`, or `{"action"}`.

    Raises:
        ServiceError: `bad_request` naming the field, or `prompt_too_long`.
    """
    if not isinstance(body, dict):
        raise bad(f"The body must be a JSON object, not {kind(body)}.")
    kinds = [key for key in ("action", "prompt", "messages") if key in body]
    if len(kinds) != 1:
        found = " and ".join(f"`{key}`" for key in kinds) or "none of them"
        raise bad(f"The body must have one of `prompt`, `messages` or `action`; it has {found}.")
    if kinds == ["action"]:
        return _read_action(body)
    return _read_prompt(body, max_prompt) if kinds == ["prompt"] else _read_input(body, max_prompt)


def answers_with_stream(body: object) -> bool:
    """Whether a body's answer is an event stream, also when the body itself must be refused.

    Only an action that is answered with JSON is refused with JSON.
    """
    if not isinstance(body, dict) or "prompt" in body or "messages" in body:
        return True
    return body.get("action") not in ACTIONS or body["action"] == "resume"


def _read_action(body: dict[str, Any]) -> Request:
    match body["action"]:
        case "resume":
            after = read_number(body, "after")
            return Resume(read_id(body, "threadId"), read_id(body, "runId"), after)
        case "stop":
            return Stop(read_id(body, "threadId"), read_id(body, "runId"))
        case "list":
            return List()
        case "search":
            return Search(read_query(body, "query"))
        case "get":
            return Get(read_id(body, "threadId"))
        case "file":
            return File(read_id(body, "threadId"), read_id(body, "id"))
        case "rename":
            return Rename(read_id(body, "threadId"), read_title(body, "title"))
        case "delete":
            return Delete(read_id(body, "threadId"))
        case "rate":
            rating = _read_rating(body)
            return Rate(read_id(body, "threadId"), read_id(body, "runId"), rating)
        case "warm":
            return Warm()
        case str():
            raise bad(f"`action` must be one of {', '.join(ACTIONS)}.")
        case other:
            raise bad(f"`action` must be a string, not {kind(other)}.")


def _read_rating(body: dict[str, Any]) -> Literal["up", "down"] | None:
    # Absent is not null: null takes a rating back.
    match body.get("rating", ""):
        case "up":
            return "up"
        case "down":
            return "down"
        case None:
            return None
        case _:
            raise bad("`rating` must be `up`, `down` or null.")


def _read_prompt(body: dict[str, Any], max_prompt: int) -> Prompt:
    return Prompt(
        thread_id=read_id(body, "threadId") if "threadId" in body else _new_id(),
        run_id=read_id(body, "runId") if "runId" in body else _new_id(),
        message_id=_new_id(),
        text=read_text(body["prompt"], "prompt", max_prompt),
        replaces=read_id(body, "replaces") if "replaces" in body else None,
        time_zone=read_zone(body, "timeZone") if "timeZone" in body else None,
    )


def _read_input(body: dict[str, Any], max_prompt: int) -> Prompt:
    """A RunAgentInput. Its `state` and `forwardedProps` may be any JSON; of the latter, two fields
    of an object are read here."""
    thread_id, run_id = read_id(body, "threadId"), read_id(body, "runId")
    _check_version(body.get("protocolVersion"))
    message, place = _last_user_message(body["messages"])
    own_id = message.get("id")
    given = body.get("forwardedProps")
    props = given if isinstance(given, dict) else {}
    at = "forwardedProps."
    return Prompt(
        thread_id=thread_id,
        run_id=run_id,
        message_id=own_id if is_id(own_id) else _new_id(),
        text=read_text(_join(message.get("content"), place), place, max_prompt),
        replaces=read_id(props, "replaces", at) if "replaces" in props else None,
        time_zone=read_zone(props, "timeZone", at) if "timeZone" in props else None,
        state=body.get("state"),
        context=_read_context(body.get("context")),
        forwarded_props=given,
        # Null is how many clients spell that there is none.
        parent_run_id=None if body.get("parentRunId") is None else read_id(body, "parentRunId"),
    )


def _check_version(version: object) -> None:
    """A client of another major version of AG-UI would take the answer for something else."""
    if version is None:
        return
    major = version.partition(".")[0] if isinstance(version, str) else ""
    if not major.isdecimal():
        raise bad(f"`protocolVersion` must be a version such as `{PROTOCOL_VERSION}`.")
    if major != PROTOCOL_VERSION.partition(".")[0]:
        raise bad(
            f"`protocolVersion` is {major}: Sluice speaks AG-UI {PROTOCOL_VERSION}; use a client "
            "of that major version."
        )


def _read_context(entries: object) -> tuple[dict[str, str], ...]:
    """AG-UI's Context entries: a description and a value, both text."""
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise bad(f"`context` must be a list, not {kind(entries)}.")
    read = []
    for index, entry in enumerate(entries):
        at = f"context[{index}]"
        if not isinstance(entry, dict):
            raise bad(f"`{at}` must be an object, not {kind(entry)}.")
        for name in ("description", "value"):
            if not isinstance(entry.get(name), str):
                raise bad(f"`{at}.{name}` must be a string, not {kind(entry.get(name))}.")
        read.append({"description": entry["description"], "value": entry["value"]})
    return tuple(read)


def _last_user_message(messages: object) -> tuple[dict[str, Any], str]:
    """The run, and the name of its content; the rest of the client's copy is not used."""
    if not isinstance(messages, list):
        raise bad(f"`messages` must be a list, not {kind(messages)}.")
    if len(messages) > _MAX_MESSAGES:
        raise bad(f"`messages` holds {len(messages)} messages; send at most {_MAX_MESSAGES}.")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise bad(f"`messages[{index}]` must be an object, not {kind(message)}.")
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user":
            return messages[index], f"messages[{index}].content"
    raise bad("`messages` must hold a message whose `role` is `user`.")


def _join(content: object, place: str) -> object:
    """The text of a message's content: a string, or AG-UI content parts of type text."""
    if not isinstance(content, list):
        return content
    texts: list[str] = []
    for index, part in enumerate(content):
        at = f"{place}[{index}]"
        if not isinstance(part, dict):
            raise bad(f"`{at}` must be an object, not {kind(part)}.")
        if part.get("type") != "text":
            raise bad(f"`{at}.type` must be `text`: Sluice reads text only.")
        if not isinstance(part.get("text"), str):
            raise bad(f"`{at}.text` must be a string, not {kind(part.get('text'))}.")
        texts.append(part["text"])
    return "\n".join(texts)


def _new_id() -> str:
    return str(uuid.uuid4())
