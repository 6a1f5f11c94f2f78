"""An answer of a model server, as its pieces come, in Bedrock-shaped chunks.

What a piece looks like is the dialects' (openai_compatible, ollama); what an answer is, and when it
is whole, is the same for all.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from strands.types.streaming import StreamEvent

from sluice.models.errors import AnswerCutError, ServerError
from sluice.models.patience import until_whole
from sluice.models.text_stream import Surrogates, ThinkTags
from sluice.models.tool_calls import Call, Piece

# Why servers say that an answer ends, in small letters: OpenAI, Mistral, Anthropic, Gemini, Zhipu.
_STOP_REASONS = {
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_length": "max_tokens",
    "content_filter": "content_filtered",
    "content_filtered": "content_filtered",
    "safety": "content_filtered",
    "recitation": "content_filtered",
    "blocklist": "content_filtered",
    "prohibited_content": "content_filtered",
    "spii": "content_filtered",
    "image_safety": "content_filtered",
    "sensitive": "content_filtered",
    "refusal": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "malformed_function_call": "malformed_tool_use",
    "tool_calls": "tool_use",
    "tool_use": "tool_use",
    "function_call": "tool_use",
}
# Why they say that it ends before it is whole: OpenRouter, vLLM, SGLang, DeepSeek, Zhipu.
_CUT = {
    *("error", "abort", "aborted", "cancelled", "canceled", "timeout"),
    *("network_error", "insufficient_system_resource"),
}


class Answer:
    """The state of one answer: which block is open, and the calls.

    Blocks come one after the other, and the pieces of several calls need not: the first call is
    told as it comes, and the others, as well as words after it, at the answer's end.
    """

    def __init__(self) -> None:
        # The server's word that nothing follows.
        self.is_done = False
        self._finish = ""
        self._open: str | None = None
        self._has_said = False
        self._is_refused = False
        self._tags = ThinkTags()
        self._halves = {"text": Surrogates(), "reasoning": Surrogates()}
        self._calls: list[Call] = []
        self._live: Call | None = None
        self._late: list[tuple[str, str]] = []
        self._usage: dict[str, int] = {}

    @property
    def is_whole(self) -> bool:
        """Whether the server has said why the answer ends."""
        return bool(self._finish)

    def fail(self, error: Any) -> None:
        """Take an error that the server tells in its stream.

        Raises:
            ServerError: No answer is whole yet.
        """
        if error and not self.is_whole:
            raise ServerError(error if isinstance(error, str) else json.dumps(error, default=str))

    def finish(self, reason: Any) -> None:
        if isinstance(reason, str) and reason:
            self._finish = reason.lower()

    def say(self, text: Any) -> Iterator[StreamEvent]:
        """Take words, in which reasoning may stand between tags."""
        if isinstance(text, str):
            for kind, piece in self._tags.feed(text):
                yield from self._say(kind, piece)

    def reason(self, text: Any) -> Iterator[StreamEvent]:
        if isinstance(text, str):
            yield from self._say("reasoning", text)

    def refuse(self, text: Any) -> Iterator[StreamEvent]:
        """Take words with which the model declines to answer."""
        if isinstance(text, str) and text:
            self._is_refused = True
            yield from self._say("text", text)

    def call(self, index: Any, call_id: Any, function: Any) -> Iterator[StreamEvent]:
        """Take a piece of a call."""
        function = function if isinstance(function, dict) else {}
        piece = Piece.read(index, call_id, function.get("name"), function.get("arguments"))
        call = self._find(piece)
        call.add(piece)
        if call is self._live:
            yield from call.arguments()
        elif call.name and call is self._calls[0]:
            self._live = call
            yield from self._end_block()
            yield from call.open()

    def whole_call(self, function: Any) -> Iterator[StreamEvent]:
        """Take a call that came in one piece."""
        yield from self.call(len(self._calls), None, function)

    def count(self, **counts: Any) -> None:
        """Take what was used, under the names of Bedrock; what is no count is passed over."""
        self._usage |= {name: n for name, n in counts.items() if type(n) is int and n >= 0}

    def close(self) -> Iterator[StreamEvent]:
        """The calls, the end and what was used.

        Raises:
            AnswerCutError: Nothing said that the answer is whole.
            ServerError: There is none.
        """
        for kind, text in self._tags.close():
            yield from self._say(kind, text)
        for kind, halves in self._halves.items():
            yield from self._emit(kind, halves.close())
        yield from self._end_block()
        if self._finish in _CUT or not (self._finish or self.is_done):
            if not self._has_said and not self._calls:
                raise ServerError(f"the server sent no answer: {self._finish or 'it ended'}")
            raise AnswerCutError("the stream ended before the answer did")
        rest = self._calls
        if self._live is not None:
            yield from self._live.close()
            rest, self._live = rest[1:], None
            for kind, text in self._late:
                yield from self._emit(kind, text)
            yield from self._end_block()
        for call in rest:
            yield from call.open()
            yield from call.close()
        reason = _STOP_REASONS.get(self._finish, "end_turn")
        if self._is_refused and reason == "end_turn":
            reason = "refusal"
        if self._calls and reason == "end_turn":
            reason = "tool_use"
        elif not self._calls and reason == "tool_use":
            # Without a call, Strands would ask the model again and again.
            reason = "end_turn"
        yield {"messageStop": {"stopReason": reason}}  # type: ignore[typeddict-item]
        if self._usage:
            usage: Any = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0, **self._usage}
            yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}

    def _find(self, piece: Piece) -> Call:
        """The call that a piece belongs to, which may be a new one."""
        call = next((each for each in reversed(self._calls) if each.fits(piece)), None)
        if call is None or call.is_followed_by(piece):
            call = Call(piece.index)
            self._calls.append(call)
        return call

    def _say(self, kind: str, text: str) -> Iterator[StreamEvent]:
        yield from self._emit(kind, self._halves[kind].feed(text))

    def _emit(self, kind: str, text: str) -> Iterator[StreamEvent]:
        if not text:
            return
        if self._live is not None:
            self._late.append((kind, text))
            return
        if self._open != kind:
            yield from self._end_block()
            self._open = kind
            yield {"contentBlockStart": {"start": {}}}
        self._has_said = True
        delta: Any = {"text": text} if kind == "text" else {"reasoningContent": {"text": text}}
        yield {"contentBlockDelta": {"delta": delta}}

    def _end_block(self) -> Iterator[StreamEvent]:
        if self._open is not None:
            self._open = None
            yield {"contentBlockStop": {}}


async def read(
    pieces: AsyncIterator[str],
    take: Callable[[Answer, str], Iterator[StreamEvent]],
) -> AsyncIterator[StreamEvent]:
    """Read an answer to its end; `take` puts a piece of a dialect into it.

    Raises:
        AnswerCutError, ServerError: There is no whole answer.
    """
    answer = Answer()
    yield {"messageStart": {"role": "assistant"}}
    async for piece in until_whole(pieces, lambda: answer.is_whole):
        for event in take(answer, piece):
            yield event
        if answer.is_done:
            break
    for event in answer.close():
        yield event


def parse(text: str) -> dict[str, Any] | None:
    """The object that a piece of JSON is; None for anything else."""
    try:
        piece = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return piece if isinstance(piece, dict) else None
