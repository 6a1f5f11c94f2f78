"""The one exception whose text a person may read."""

from typing import Literal

type Code = Literal[
    "answer_too_long",
    "bad_request",
    "internal_error",
    "model_access_denied",
    "model_throttled",
    "model_unavailable",
    "prompt_too_long",
    "stopped",
    "thread_busy",
    "unauthorized",
]


class Refusal(Exception):  # noqa: N818 - it is an answer, and is named as one
    """Why a request is not served, or a run ended early.

    `code` is explained in docs/wire.md; `message` is a sentence for people that names the mend.
    Neither may hold a prompt, a token or the text of another exception.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
