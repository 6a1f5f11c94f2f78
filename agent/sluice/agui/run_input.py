"""The parts of an AG-UI RunAgentInput: its messages, its context, the client's tools, and answers
to what an earlier run left open, which are results of those tools and replies to interrupts."""

import re
from dataclasses import dataclass, field
from typing import Any

from sluice.agui.attachments import read_content
from sluice.agui.events import PROTOCOL_VERSION
from sluice.agui.fields import bad, is_id, kind, read_id

MAX_MESSAGES = 10_000
MAX_TOOLS = 128
MAX_DESCRIPTION = 4_000
# What every provider takes (Bedrock, API_runtime_ToolSpecification).
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

type Message = dict[str, Any]


@dataclass(frozen=True)
class ClientTool:
    """A tool that runs in the client; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str = field(repr=False)
    parameters: Any = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What a person says to an interrupt; `payload` is None when they cancelled it."""

    interrupt_id: str
    is_cancelled: bool
    payload: Any = field(repr=False)


def check_version(version: object) -> None:
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


def read_context(entries: object) -> tuple[dict[str, str], ...]:
    """AG-UI's Context entries: a description and a value, both text."""
    read = []
    for at, entry in _objects("context", entries):
        for name in ("description", "value"):
            if not isinstance(entry.get(name), str):
                raise bad(f"`{at}.{name}` must be a string, not {kind(entry.get(name))}.")
        read.append({"description": entry["description"], "value": entry["value"]})
    return tuple(read)


def read_messages(messages: object) -> list[Message]:
    """The client's copy of the conversation, of which only its end is used."""
    if not isinstance(messages, list):
        raise bad(f"`messages` must be a list, not {kind(messages)}.")
    if len(messages) > MAX_MESSAGES:
        raise bad(f"`messages` holds {len(messages)} messages; send at most {MAX_MESSAGES}.")
    return [message for _, message in _objects("messages", messages)]


def last_user_message(messages: list[Message]) -> tuple[Message, str]:
    """The question, and the place of its content."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user":
            return messages[index], f"messages[{index}].content"
    raise bad("`messages` must hold a message whose `role` is `user`.")


def read_tools(tools: object) -> tuple[ClientTool, ...]:
    """`tools`: each with a name, a description and perhaps parameters."""
    read: list[ClientTool] = []
    for at, tool in _objects("tools", tools):
        name, description = tool.get("name"), tool.get("description")
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            raise bad(f"`{at}.name` must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -.")
        if name in {each.name for each in read}:
            raise bad(f"`{at}.name` is {name}, as that of another tool: rename one.")
        if not isinstance(description, str) or len(description) > MAX_DESCRIPTION:
            raise bad(
                f"`{at}.description` must be a string of at most {MAX_DESCRIPTION:,} letters."
            )
        read.append(ClientTool(name, description, tool.get("parameters")))
    if len(read) > MAX_TOOLS:
        raise bad(f"`tools` holds {len(read)} tools; send at most {MAX_TOOLS}.")
    return tuple(read)


def read_answers(resume: object) -> tuple[Answer, ...]:
    """`resume`: answers to interrupts."""
    read: list[Answer] = []
    for at, entry in _objects("resume", resume):
        name, status = entry.get("interruptId"), entry.get("status")
        if not isinstance(name, str) or not name:
            raise bad(f"`{at}.interruptId` must be the id of an interrupt.")
        if name in {each.interrupt_id for each in read}:
            raise bad(f"`{at}.interruptId` is answered twice: answer it once.")
        if status not in ("resolved", "cancelled"):
            raise bad(f"`{at}.status` must be `resolved` or `cancelled`.")
        is_cancelled = status == "cancelled"
        read.append(Answer(name, is_cancelled, None if is_cancelled else entry.get("payload")))
    return tuple(read)


def read_results(messages: list[Message]) -> tuple[Message, ...]:
    """The messages of role `tool` after the last one of the model, as they are stored.

    Those before are of earlier runs, and the server has them.
    """
    roles = [message.get("role") for message in messages]
    start = len(roles) - roles[::-1].index("assistant") if "assistant" in roles else 0
    read: list[Message] = []
    for index in range(start, len(messages)):
        message = messages[index]
        if roles[index] != "tool":
            continue
        at = f"messages[{index}]."
        given, error = message.get("id"), message.get("error")
        call_id = message.get("toolCallId")
        if not isinstance(call_id, str) or not call_id:
            raise bad(f"`{at}toolCallId` must be the id of a tool call.")
        content, attachments = read_content(message.get("content"), f"{at}content")
        if attachments:
            raise bad(f"`{at}content` holds a file: give a tool's result as text.")
        if not isinstance(content, str):
            raise bad(f"`{at}content` must be a string, not {kind(content)}.")
        result = {
            "id": given if is_id(given) else f"{call_id}-result",
            "role": "tool",
            "content": content,
            "toolCallId": call_id,
        }
        read.append({**result, "error": error} if isinstance(error, str) and error else result)
    return tuple(read)


def read_parent(body: dict[str, Any]) -> str | None:
    """`parentRunId`; null is how many clients spell that there is none."""
    return None if body.get("parentRunId") is None else read_id(body, "parentRunId")


def _objects(place: str, entries: object) -> list[tuple[str, dict[str, Any]]]:
    """The entries of a list of objects, each with its place; none when there is no list."""
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise bad(f"`{place}` must be a list, not {kind(entries)}.")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise bad(f"`{place}[{index}]` must be an object, not {kind(entry)}.")
    return [(f"{place}[{index}]", entry) for index, entry in enumerate(entries)]
