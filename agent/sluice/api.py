"""What agent.py is given: the one class of Sluice that a user's file imports.

Importing it imports nothing else of Sluice, and no Strands.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strands.models.model import Model

MAX_EMITTED_BYTES = 64 * 1024
MAX_NAME = 100
# What Sluice itself tells by CUSTOM events (docs/wire.md): the page would take another's for those.
NOTICES = frozenset(
    (
        "storage_unavailable",
        "model_retry",
        "tools_unavailable",
        "tools_unusable",
        "images_left_out",
        "documents_left_out",
        "knowledge_unavailable",
        "code_unavailable",
        "context_trimmed",
    )
)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that came with a message: an image or a document, of one of the kinds of docs/wire.md.

    `name` is what the person calls it, or empty; the MIME type is what the bytes are.
    """

    name: str = field(repr=False)
    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One message of a person, and what there is to answer it with."""

    thread_id: str
    """The conversation, and the run: AG-UI's ids."""
    run_id: str

    prompt: str = field(repr=False)
    """What the person wrote; empty where they sent files alone."""
    attachments: Sequence[Attachment] = field(default=(), repr=False)
    """The files that came with it, for `answer` and for tools: an agent of `build_agent` is given
    them with the prompt."""
    messages: Sequence[Mapping[str, Any]] = field(repr=False)
    """The conversation as AG-UI messages, the oldest first; the last one is the prompt. Only
    `answer` needs them: an agent of `build_agent` is given its history."""

    model: "Model" = field(repr=False)
    """The model that SLUICE_MODEL names. Whatever it is used for is metered and limited."""
    tools: list[Any] = field(repr=False)
    """The calculator, the clock, those of agent/tools/ and of MCP servers."""

    claims: Mapping[str, Any] = field(repr=False)
    """The verified ID token of the person: `sub`, `email`, `cognito:groups` ..."""
    time_zone: str | None = None
    """The person's, such as Europe/Zurich, as the browser names it."""

    state: Any = field(default=None, repr=False)
    """What the agent and its client share, as the conversation has it, or, where it has none yet,
    as the client's RunAgentInput says. Change it with `set_state`."""
    context: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    """`context` and `forwardedProps` of the RunAgentInput. A client writes what it likes there, and
    into `state`: who the person is and may do stands in `claims` alone."""
    forwarded_props: Any = field(default=None, repr=False)

    cancel_signal: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the run is stopped, for what blocks. What is awaited is cancelled a moment later."""

    send: Callable[[dict[str, Any]], None] = field(repr=False)
    """Not for agent.py: takes an AG-UI event, from any thread."""
    note_source: Callable[[str, str, str], int] = field(repr=False)
    """Not for agent.py: takes a source's title, text and address, and numbers it."""
    count: Callable[[str, int, int], None] = field(repr=False)
    """Not for agent.py: takes a model's name and tokens."""

    def emit(self, name: str, value: Any) -> None:
        """Send the client an AG-UI CUSTOM event; any thread may. It is not stored.

        Raises:
            ValueError: `name` is not 1 to 100 characters or one of Sluice's own, or `value` is not
                JSON, or of more than 64 KiB.
        """
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            raise ValueError(f"emit: a name has 1 to {MAX_NAME} characters")
        if name in NOTICES:
            raise ValueError(f"emit: {name} is a name that Sluice uses itself: choose another")
        self.send(
            {
                "type": "CUSTOM",
                "name": name,
                "value": json_copy(value, f"emit: the value of {name}"),
            }
        )

    def cite(self, title: str, text: str = "", url: str = "") -> int:
        """Note a source that the answer may cite, and get its number; any thread may.

        Give the number to the model with what the source says, and ask it to cite as `[1]`. The
        sources go with the answer's next text as AG-UI message metadata, and are stored with it.
        `text` is the passage, of which a person sees the beginning; `url` is where the document is.
        A source that was noted already keeps its number; no two of a conversation have the same.

        Raises:
            ValueError: The answer has 40 sources already, or one of the three is no text.
        """
        if not all(isinstance(each, str) for each in (title, text, url)):
            raise ValueError("cite: title, text and url are text")
        return self.note_source(title, text, url)

    def set_state(self, state: Any) -> None:
        """Change what the agent and its client share; any thread may. It is stored with the run.

        Raises:
            ValueError: `state` is not JSON, or of more than 64 KiB.
        """
        # Where only a part of it has changed, the client is told that alone.
        self.send({"type": "STATE_SNAPSHOT", "snapshot": json_copy(state, "set_state: the state")})
        # Frozen for everybody else: nobody but the client and this changes what a run was given.
        object.__setattr__(self, "state", state)

    def count_tokens(self, model: str, *, sent: int, answered: int) -> None:
        """Tell what a model has used that is not `run.model` and no Strands agent's.

        It counts against the limits of the run and of the person, as what `run.model` uses does.

        Raises:
            ValueError: One of the two is not a whole number from 0.
        """
        for tokens in (sent, answered):
            if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
                raise ValueError("count_tokens: tokens are whole numbers from 0")
        self.count(model, sent, answered)


def json_copy(value: Any, name: str) -> Any:
    """JSON as it is now: what the caller changes afterwards is not what was sent.

    Raises:
        ValueError: It is not JSON, or of more than 64 KiB; the sentence begins with `name`.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    if len(text) > MAX_EMITTED_BYTES:
        raise ValueError(f"{name} is over {MAX_EMITTED_BYTES // 1024} KiB")
    return json.loads(text)
