"""The one exception whose text a person may read, and the one whose text a developer should."""

from typing import Literal

type Code = Literal[
    "answer_cut",
    "answer_empty",
    "answer_filtered",
    "answer_refused",
    "answer_too_long",
    "attachment_refused",
    "bad_request",
    "daily_limit",
    "internal_error",
    "interrupted",
    "model_access_denied",
    "model_throttled",
    "model_unavailable",
    "not_found",
    "nothing_pending",
    "prompt_too_long",
    "quota_used_up",
    "run_limit",
    "thread_busy",
    "thread_full",
    "too_many_runs",
    "unauthorized",
]

type Retry = Literal["resend", "replace", "none"]
"""What a client may do after a RUN_ERROR: send the same run id again, because nothing is stored of
it; ask with a new run that `replaces` this one; or nothing that would help."""

# A thread that is full or does not exist takes no message, however often it is sent; nor does a
# question that is no longer open take an answer.
_FINAL: frozenset[Code] = frozenset({"not_found", "nothing_pending", "thread_full"})


def retry_of(code: Code, *, stored: bool) -> Retry:
    """What a client may do after a run that ended with `code`."""
    if code in _FINAL:
        return "none"
    return "replace" if stored else "resend"


class ServiceError(Exception):
    """Why a request is not served, or a run ended early.

    `code` is explained in docs/wire.md; `message` is a sentence for people that names the fix.
    Neither may hold a prompt, a token or the text of another exception.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class AgentFileError(Exception):
    """The agent's file cannot be used; `str()` says to its author why, and what to do.

    What it raised itself, if anything, is the cause.
    """
