"""What a request asks for: the bodies of docs/wire.md as dataclasses.

Nothing that is personal stands in a `repr`, so that none of it can reach a log (T8).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sluice.agui import attachments, run_input
from sluice.agui.attachments import Attachment
from sluice.agui.content import Part, text_part
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
from sluice.agui.media import clean_type
from sluice.agui.run_input import Answer, ClientTool

# In the order of docs/wire.md.
ACTIONS = (
    "resume",
    "stop",
    "list",
    "search",
    "get",
    "attach",
    "file",
    "rename",
    "delete",
    "rate",
    "warm",
)


@dataclass(frozen=True)
class Prompt:
    """A message from a person, on a thread, to be answered by a run.

    `replaces` is the id of the run whose place this one takes, `time_zone` a name that may be none.
    `state`, `context` and `forwarded_props` are the client's, for agent.py; `parent_run_id` is for
    clients that make a tree of a thread's runs. `tools` run in the client; `results` are theirs,
    and `answers` those to interrupts. Where nothing is asked, the run goes on from the last one.
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
    tools: tuple[ClientTool, ...] = ()
    results: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    answers: tuple[Answer, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a person asks something, and the run does not go on from the last one."""
        return bool(self.text or self.attachments)

    def given(
        self, results: Sequence[dict[str, Any]] = (), files: Sequence[Part] = ()
    ) -> tuple[dict[str, Any], ...]:
        """The messages of the run that are the client's: the question comes last, if any.

        `files` are the parts of its attachments.
        """
        if not self.asks:
            return (*results,)
        words = [text_part(self.text)] if self.text else []
        content = [*words, *files] if files else self.text
        return (*results, {"id": self.message_id, "role": "user", "content": content})


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
class Attach:
    """Keep a file beside a conversation, for a message that will refer to it."""

    thread_id: str
    attachment: Attachment


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


type Request = (
    Prompt | Resume | Stop | List | Search | Get | Attach | File | Rename | Delete | Rate | Warm
)


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
        case "attach":
            return Attach(read_id(body, "threadId"), _read_attachment(body))
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


def _read_attachment(body: dict[str, Any]) -> Attachment:
    name, declared = attachments.clean_name(body.get("name")), clean_type(body.get("mimeType"))
    return Attachment("data", name, declared, attachments.read_bytes(body.get("data"), "data"))


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
    run_input.check_version(body.get("protocolVersion"))
    messages = run_input.read_messages(body["messages"])
    answers = run_input.read_answers(body.get("resume"))
    results = run_input.read_results(messages)
    message_id, text = _new_id(), ""
    files: tuple[Attachment, ...] = ()
    # A run that goes on has no question: what a person asked before is no news.
    if not answers and not (results and messages[-1].get("role") == "tool"):
        message, place = run_input.last_user_message(messages)
        message_id = message["id"] if is_id(message.get("id")) else message_id
        said, files = attachments.read_content(message.get("content"), place)
        if said or not files:
            text = read_text(said, place, max_prompt)
    given = body.get("forwardedProps")
    props = given if isinstance(given, dict) else {}
    at = "forwardedProps."
    if not (text or files) and "replaces" in props:
        # What was allowed once would run again.
        raise bad("`forwardedProps.replaces` has no place in a run that goes on: ask anew instead.")
    return Prompt(
        thread_id=thread_id,
        run_id=run_id,
        message_id=message_id,
        text=text,
        replaces=read_id(props, "replaces", at) if "replaces" in props else None,
        time_zone=read_zone(props, "timeZone", at) if "timeZone" in props else None,
        state=body.get("state"),
        context=run_input.read_context(body.get("context")),
        forwarded_props=given,
        parent_run_id=run_input.read_parent(body),
        tools=run_input.read_tools(body.get("tools")),
        results=results,
        answers=answers,
        attachments=files,
    )


def _new_id() -> str:
    return str(uuid.uuid4())
