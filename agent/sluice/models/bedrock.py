"""Bedrock through Strands, with connections that can be cut, and its way to ask for reasoning.

Strands reads Bedrock's answer in a thread, which cannot be cancelled: while the model is silent it
would hold its connection, and one of the few threads, until a timeout. Shutting down the socket
under it ends its wait; of all that can be done to a socket from another thread, only that is safe.
"""

import contextlib
import re
import socket
import threading
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any, override

from botocore.awsrequest import (  # type: ignore[import-untyped]
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from strands.models.bedrock import BedrockModel
from strands.types.content import Messages
from strands.types.event_loop import StopReason
from strands.types.streaming import StreamEvent

from sluice.models.errors import AnswerCutError
from sluice.models.patience import until_whole
from sluice.service_error import ServiceError
from sluice.settings import Settings

MIN_THINKING = 1024

# Claude's models that take a budget; the others, which decide for themselves how long they think,
# refuse one. https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html
_TAKES_BUDGET = re.compile(r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[0156]|-\d{8})(?!\d))")


def thinking_fields(settings: Settings) -> dict[str, Any] | None:
    """The request's fields that let Claude reason, as SLUICE_THINKING says; None for 0.

    Raises:
        ServiceError: `model_unavailable`, when Bedrock would reject every request with them.
    """
    budget, model = settings.thinking, settings.model_id
    if not budget:
        return None
    if "claude" not in model and not model.startswith("arn:"):
        raise ServiceError(
            "model_unavailable",
            f"SLUICE_THINKING is for Anthropic's models, and {model} is none: set it to 0.",
        )
    # https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
    if not MIN_THINKING <= budget < settings.max_tokens:
        raise ServiceError(
            "model_unavailable",
            f"SLUICE_THINKING is {budget}: set it to 0, or to {MIN_THINKING} or more and less than "
            f"SLUICE_MAX_TOKENS, which is {settings.max_tokens}.",
        )
    if _TAKES_BUDGET.search(model):
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    # "display": without it, the newest models think unseen.
    return {"thinking": {"type": "adaptive", "display": "summarized"}}


class CuttableBedrockModel(BedrockModel):
    """Strands' provider; closing its stream closes the connection to Bedrock."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._use_cuttable_connections()

    @classmethod
    def adopt(cls, model: BedrockModel) -> None:
        """Make a provider that an agent's file has made one of this kind."""
        # It is configured already, and whoever made it may hold it, too.
        model.__class__ = cls
        cls._use_cuttable_connections(model)  # type: ignore[arg-type]

    def _use_cuttable_connections(self) -> None:
        # Shared by the session's pool managers, with and without a proxy.
        pools = self.client._endpoint.http_session._pool_classes_by_scheme
        pools.update(http=_Pool, https=_SecurePool)

    @override
    async def stream(
        self,
        messages: Messages,
        *args: Any,
        cancel_signal: threading.Event | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamEvent]:
        # The signal is not handed on: with it, Strands makes a task for every piece and wakes 20
        # times a second. Whoever stops a run closes this stream.
        line = _Line()
        # The thread that Strands starts gets a copy of the context.
        _line.set(line)
        try:
            async with contextlib.aclosing(super().stream(messages, *args, **kwargs)) as events:
                async for event in _checked(events):
                    yield event
        finally:
            line.cut()

    @override
    def _stream(self, *args: Any, **kwargs: Any) -> None:
        try:
            super()._stream(*args, **kwargs)
        finally:
            _line.get().let_go()


async def _checked(events: AsyncGenerator[StreamEvent]) -> AsyncGenerator[StreamEvent]:
    """A model's message whose end is told as it is.

    Strands takes a stream without its end for a whole answer, asks a model that ends with
    "tool_use" but calls nothing again, until a limit ends the run, and leaves a call without a
    result that ends with "end_turn".

    Raises:
        AnswerCutError: The stream ended without messageStop.
    """
    has_call = False
    stop = threading.Event()
    async for event in until_whole(events, stop.is_set):
        if "contentBlockStart" in event:
            has_call = has_call or "toolUse" in event["contentBlockStart"].get("start", {})
        elif "messageStop" in event:
            stop.set()
            if event["messageStop"].get("stopReason") in ("tool_use", "end_turn"):
                reason: StopReason = "tool_use" if has_call else "end_turn"
                event = {"messageStop": {**event["messageStop"], "stopReason": reason}}
        yield event
    if not stop.is_set():
        raise AnswerCutError("the stream ended before the answer did")


class _Line:
    """The connection that one call of the model uses, while it does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self.response: Any = None
        self.is_cut = False

    def take(self, connection: Any) -> None:
        with self._lock:
            self._connection = connection
        if self.is_cut:
            self.cut()

    def let_go(self) -> None:
        """The connection is another call's from now on, or nobody's."""
        with self._lock:
            if self._connection is not None and self.is_cut:
                self._connection.close()
            # botocore leaves an answer that broke off open, and its socket with it. Of one that
            # was read to its end, the connection is back in its pool and stays as it is.
            if self.response is not None:
                self.response.close()
            self._connection = self.response = None

    def cut(self) -> None:
        """End every wait for the connection, now and to come."""
        with self._lock:
            self.is_cut = True
            connected = self._connection and self._connection.sock
            if connected:
                # Not TLS's own shutdown. An error says that the other side has closed it already.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connected, socket.SHUT_RDWR)


_line: ContextVar[_Line] = ContextVar("line")


class _OnLine:
    """A connection that tells the line of the call that uses it."""

    _last: _Line | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        line = _line.get()
        if line.is_cut:
            # botocore tries again after a connection that broke.
            raise ConnectionAbortedError("the run was stopped")
        if self._last is not None:
            self._last.let_go()
        self._last = line
        super().request(*args, **kwargs)  # type: ignore[misc]
        line.take(self)

    def getresponse(self) -> Any:
        response = super().getresponse()  # type: ignore[misc]
        if self._last is not None:
            self._last.response = response
        return response


class _Connection(_OnLine, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(_OnLine, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection
