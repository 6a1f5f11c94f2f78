"""What a run does when its model is busy, fails, or is given more than it can read."""

import asyncio
from typing import TYPE_CHECKING, Any, override

from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.hooks import AfterModelCallEvent, BeforeModelCallEvent, HookProvider, HookRegistry

from sluice.agent_runner.media_fallback import Kind, leave_media_out, leave_out
from sluice.agent_runner.model_errors import meaning_of
from sluice.agui import events
from sluice.models.metered import Metered
from sluice.runs.run import Run

if TYPE_CHECKING:
    from strands import Agent

# Seconds before a model is asked again. Strands' own default waits two minutes in all, and tells of
# a wait only when it is over; a person has gone by then.
DELAYS = [1.0, 2.0, 4.0]


class Retries(HookProvider):
    """Asks the model of one agent again, and tells the person how long that takes.

    A model that is busy is asked again also in mid-answer: its new answer takes the place of the
    half (translation.py). One that fails is asked again only before its first word, and one that
    refuses a request with images or documents is asked again without them.
    """

    def __init__(self, run: Run, model: Metered) -> None:
        self._run = run
        self._model = model
        self._failed = 0
        self._left_out: set[Kind] = set()

    @override
    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:
        registry.add_callback(BeforeModelCallEvent, self._expect)
        registry.add_callback(AfterModelCallEvent, self._consider)

    def _expect(self, event: BeforeModelCallEvent) -> None:
        self._model.expected_input = event.projected_input_tokens
        for kind in self._left_out:
            leave_out(kind, event.agent.messages)

    async def _consider(self, event: AfterModelCallEvent) -> None:
        if event.exception is None:
            self._failed = 0
            return
        if self._can_do_without_media(event):
            event.retry = True
            return
        meaning = meaning_of(event.exception)
        begun = self._model.has_spoken
        again = meaning == "throttled" or (meaning == "failing" and not begun)
        if not again or self._failed == len(DELAYS) or self._run.cancel_signal.is_set():
            return
        delay = DELAYS[self._failed]
        self._failed += 1
        what = "is busy" if meaning == "throttled" else "failed"
        anew = " Its answer then begins anew." if begun else ""
        said = f"{self._model.model_id} {what}; it is asked again in {delay:g} s.{anew}"
        self._run.append(events.notice("model_retry", said, delay))
        await asyncio.sleep(delay)
        event.retry = True

    def _can_do_without_media(self, event: AfterModelCallEvent) -> bool:
        """Whether the failure may come from images or documents, which are then left out."""
        if event.exception is None or self._model.has_spoken:
            return False
        kind = leave_media_out(event.exception, event.agent.messages)
        if kind is None:
            return False
        self._left_out.add(kind)
        said = f"{self._model.model_id} takes no {kind}s: it answers without seeing them."
        name: events.Notice = "images_left_out" if kind == "image" else "documents_left_out"
        self._run.append(events.notice(name, said))
        return True


class Window(SlidingWindowConversationManager):
    """Sends half of the conversation when the model says that it is too long, and half of that ...

    Strands' own would drop two messages at a time, each at the price of a call.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    @override
    def apply_management(self, agent: "Agent", **kwargs: Any) -> None:
        """Nothing: the conversation came in a window, and the agent ends with its run."""

    @override
    def reduce_context(self, agent: "Agent", e: Exception | None = None, **kwargs: Any) -> None:
        """Drop the older half, or, when only the question is left, shorten its tools' results.

        Raises:
            ContextWindowOverflowException: There is nothing left to drop.
        """
        messages = agent.messages
        starts = [index for index, message in enumerate(messages) if _is_question(message)][1:]
        if starts:
            half = len(messages) / 2
            del messages[: next((start for start in starts if start >= half), starts[-1])]
        else:
            super().reduce_context(agent, e, **kwargs)
            if e is not None and messages[0]["role"] != "user":
                raise e
        if not self.removed_message_count:
            said = "The oldest messages were not sent: the model cannot read them all."
            self._run.append(events.notice("context_trimmed", said))
        self.removed_message_count += 1


def _is_question(message: Any) -> bool:
    """Whether a person's message answers no tool call, so that a conversation may begin with it."""
    return message["role"] == "user" and not any("toolResult" in b for b in message["content"])
