"""What a run leaves open for its client, and whether a request answers that.

Open are interrupts, which a person answers, and calls of the client's own tools
(https://docs.ag-ui.com/concepts/interrupts). The next message in their place cancels them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sluice.agui.events import Outcome
from sluice.agui.fields import bad
from sluice.agui.request import Prompt
from sluice.service_error import ServiceError
from sluice.threads.thread import Message, StoredRun

MAX_REASON = 1_000
APPROVAL = "approval"
"""The reason of interrupts that ask whether a tool may be called; `agent_runner/approvals.py`."""

NOTHING_PENDING = ServiceError(
    "nothing_pending",
    "That is no longer open: it was answered already, or a newer message took its place.",
)


@dataclass(frozen=True)
class Ended:
    """How a run ended: the AG-UI TokenUsage, where known, and why it did not end well, if so.

    That its person stopped it is no error: `Run.is_cancelled` tells it. `interrupts` are what a
    person is asked before it goes on, as AG-UI has them.
    """

    usage: dict[str, Any] | None
    service_error: ServiceError | None
    interrupts: Sequence[dict[str, Any]] = ()


def outcome_of(
    messages: Sequence[Message], interrupts: Sequence[dict[str, Any]], client_tools: set[str]
) -> Outcome | None:
    """The outcome of a run that ended well and left something open; None when it did not."""
    if interrupts:
        return {"type": "interrupt", "interrupts": [*interrupts]}
    answered = {m["toolCallId"] for m in messages if m["role"] == "tool"}
    pending = [
        call["id"]
        for message in messages
        for call in message.get("toolCalls", ())
        if call["function"]["name"] in client_tools and call["id"] not in answered
    ]
    return {"type": "success", "pendingToolCallIds": pending} if pending else None


def results_for(stored_runs: Sequence[StoredRun], prompt: Prompt) -> tuple[Message, ...]:
    """The results that answer the client's pending calls.

    Others are the client's copy of what the server has, or nothing that a client may say.
    """
    outcome = _last_outcome(stored_runs)
    pending = {*outcome.get("pendingToolCallIds", ())}
    return tuple(each for each in prompt.results if each["toolCallId"] in pending)


def check_answers(stored_runs: Sequence[StoredRun], prompt: Prompt) -> None:
    """Whether a run that goes on answers all that the last run of the conversation left open.

    Raises:
        ServiceError: `nothing_pending`: it is not open, or not any more. `bad_request`: something
            is not answered, or not as it was asked.
    """
    outcome = _last_outcome(stored_runs)
    interrupts = {each["id"]: each for each in outcome.get("interrupts", ())}
    for answer in prompt.answers:
        if answer.interrupt_id not in interrupts:
            raise NOTHING_PENDING
        asked = interrupts[answer.interrupt_id]
        if datetime.fromisoformat(asked["expiresAt"]) < datetime.now(UTC):
            raise ServiceError("nothing_pending", "The time to answer is over: ask again.")
        if asked["reason"] == APPROVAL and not answer.is_cancelled:
            _check_approval(answer.interrupt_id, answer.payload)
    if prompt.answers:
        _check_all("resume", interrupts, {answer.interrupt_id for answer in prompt.answers})
        return
    pending = outcome.get("pendingToolCallIds", ())
    given = {result["toolCallId"] for result in prompt.results}
    if not given & {*pending}:
        raise NOTHING_PENDING
    _check_all("messages", pending, given)


def _last_outcome(stored_runs: Sequence[StoredRun]) -> Outcome:
    """What the conversation ends with; empty when nothing is open."""
    return (stored_runs[-1].outcome if stored_runs else None) or {}


def _check_all(field: str, wanted: Sequence[str] | dict[str, Any], given: set[str]) -> None:
    if missing := [each for each in wanted if each not in given]:
        raise bad(f"`{field}` must answer all that is open; {', '.join(missing)} is missing.")


def _check_approval(name: str, payload: Any) -> None:
    reason = payload.get("reason") if isinstance(payload, dict) else None
    is_answer = isinstance(payload, dict) and isinstance(payload.get("approved"), bool)
    if not is_answer or not isinstance(reason, str | None) or len(reason or "") > MAX_REASON:
        raise bad(
            f"The `payload` for {name} must be an object: `approved` is true or false, and `reason`"
            f" may be a text of at most {MAX_REASON:,} characters."
        )
