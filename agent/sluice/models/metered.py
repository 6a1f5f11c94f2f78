"""Every model call of a run, whoever makes it: counted, limited, stopped, its messages repaired.

An agent of agent.py may be one of several, may call others as tools, and may have a model of its
own. They share one ledger, because a run's limits and its usage are those of all of them together.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from typing import Any, override

from strands.models.bedrock import BedrockModel
from strands.models.model import Model
from strands.types.content import Messages
from strands.types.streaming import StreamEvent

from sluice.models.joining import joined
from sluice.models.usage import Meter
from sluice.runs.run import Run
from sluice.service_error import Code, ServiceError
from sluice.settings import Settings
from sluice.threads.repair import repair

# A call's tokens are known when it has ended. Until then, a model that does not keep to its limit
# is ended by what it has written: texts have 4 or 5 characters a token, and hardly any has 10.
MOST_CHARACTERS_PER_TOKEN = 10


class RunEndedError(Exception):
    """The run was stopped, or has reached a limit: no model is asked for it any more."""


class Ledger:
    """What the model calls of one run have used, and where it must end."""

    def __init__(self, run: Run, settings: Settings) -> None:
        self._run = run
        self._settings = settings
        # Each call's provider, model id and meter.
        self._calls: list[tuple[str, str, Meter]] = []
        # Characters that the call that began last may write.
        self._room = settings.max_tokens * MOST_CHARACTERS_PER_TOKEN
        # Whose call failed last, for the sentence that a person reads.
        self.failed: Metered | None = None

    def check(self, written: int = 0) -> None:
        """Raises RunEndedError when the run was stopped, or is by the characters that the call
        under way has written."""
        if written > self._room:
            self._end_too_long()
        if self._run.cancel_signal.is_set():
            raise RunEndedError

    def begin(self, model: "Metered") -> Meter:
        """A call is about to be made.

        Raises:
            RunEndedError: It may not be; the run is stopped, with the reason.
        """
        limits = self._settings
        answered = [usage for usage in self._usages() if usage is not None]
        written = sum(usage["outputTokens"] for usage in answered)
        if len(answered) >= limits.max_turns:
            said = ended_after(limits.max_turns, "model calls", "TURNS")
            self._end("run_limit", said)
        elif written >= limits.max_tokens:
            self._end_too_long()
        self.check()
        self._room = (limits.max_tokens - written) * MOST_CHARACTERS_PER_TOKEN
        meter = Meter()
        self._calls.append((model.provider, model.model_id, meter))
        return meter

    @property
    def is_empty(self) -> bool:
        """Whether no model was asked yet."""
        return not self._calls

    def count(self, model_id: str, sent: int, answered: int) -> None:
        """Add what a model has used that no meter has read."""
        meter = Meter()
        usage = {"inputTokens": sent, "outputTokens": answered}
        meter.read({"metadata": {"usage": usage}})
        self._calls.append(("custom", model_id, meter))

    def token_usage(self) -> dict[str, Any] | None:
        """The AG-UI TokenUsage of the run, under the name of the model that was asked first; None
        when none has begun to answer."""
        total: dict[str, Any] | None = None
        for usage in self._usages():
            if total is None:
                total = usage
            elif usage is not None:
                both = total.keys() | usage.keys()
                counts = [key for key in both if key.endswith("okens")]
                total |= {key: total.get(key, 0) + usage.get(key, 0) for key in counts}
        return total

    def _usages(self) -> list[dict[str, Any] | None]:
        return [meter.token_usage(*model) for *model, meter in self._calls]

    def _end_too_long(self) -> None:
        most = self._settings.max_tokens
        self._end("answer_too_long", ended_after(most, "tokens", "TOKENS"))

    def _end(self, code: Code, message: str) -> None:
        self._run.stop(ServiceError(code, message))


# The run that the code of an agent's file runs for, for agents that outlive runs.
current: ContextVar[Ledger] = ContextVar("ledger")


class Metered(Model):
    """A model of one agent, in a ledger: the given one, or that of the run that is under way.

    `expected_input` is an estimate of the tokens that the next call sends; one that is cut off
    reports none.
    """

    def __init__(self, model: Model, ledger: Ledger | None, provider: str, model_id: str) -> None:
        self.inner = model
        self._ledger = ledger
        self.provider = provider
        self.model_id = model_id
        self.expected_input: int | None = None
        self._meter = Meter()
        # Strands looks for it, and not every provider has one.
        if hasattr(model, "config"):
            self.config = model.config

    @property
    def has_spoken(self) -> bool:
        """Whether the model has said anything, or begun to call a tool, in its last call."""
        return self._meter.has_spoken

    @property
    @override
    def stateful(self) -> bool:
        return self.inner.stateful

    @property
    @override
    def context_window_limit(self) -> int | None:
        return self.inner.context_window_limit

    @property
    def _supports_structured_output(self) -> bool:  # type: ignore[override]
        return self.inner._supports_structured_output

    @override
    def update_config(self, **model_config: Any) -> None:
        self.inner.update_config(**model_config)

    @override
    def get_config(self) -> Any:
        return self.inner.get_config()

    @override
    async def count_tokens(self, *args: Any, **kwargs: Any) -> int:
        return await self.inner.count_tokens(*args, **kwargs)

    @override
    def stream(self, messages: Messages, *args: Any, **kwargs: Any) -> AsyncGenerator[StreamEvent]:
        # Also within a run: servers give two calls one id, and tools return what others refuse.
        return self._meter_call(
            lambda: joined(self.inner.stream(repair(messages), *args, **kwargs)),
            lambda chunk: chunk,
        )

    @override
    def structured_output(
        self, output_model: Any, prompt: Messages, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        return self._meter_call(
            lambda: self.inner.structured_output(output_model, prompt, *args, **kwargs),
            lambda item: item.get("event", {}),
        )

    async def _meter_call(
        self, ask: Callable[[], Any], chunk_of: Callable[[Any], Any]
    ) -> AsyncGenerator[Any]:
        """What the model says, until the run is stopped; its stream is closed however it ends."""
        ledger = self._ledger or current.get(None)
        if ledger is None:
            # An agent's file may ask a model while it is imported.
            async for item in ask():
                yield item
            return
        self._meter = meter = ledger.begin(self)
        meter.expect(self.expected_input)
        try:
            async with contextlib.aclosing(ask()) as items:
                async for item in items:
                    meter.read(chunk_of(item))
                    yield item
                    ledger.check(meter.open_characters)
        except Exception as error:
            if not isinstance(error, RunEndedError):
                ledger.failed = self
            raise


def metered(model: Model, ledger: Ledger | None) -> Metered:
    """The model for one agent; one that is metered already gets a meter of this agent's own."""
    if isinstance(model, Metered):
        return Metered(model.inner, ledger, model.provider, model.model_id)
    if type(model) is BedrockModel:
        from sluice.models.bedrock import CuttableBedrockModel

        CuttableBedrockModel.adopt(model)
    config = model.get_config()
    model_id = config.get("model_id") if isinstance(config, dict) else None
    name = type(model).__name__.removesuffix("Model").lower()
    provider = "bedrock" if isinstance(model, BedrockModel) else name
    return Metered(model, ledger, provider, str(model_id or name))


def ended_after(limit: int, what: str, variable: str) -> str:
    """The sentence of a limit; the settings of all have one beginning."""
    return (
        f"The answer was ended after {limit:,} {what} (SLUICE_MAX_{variable}); what it said is "
        "kept. Ask for less at once."
    )
