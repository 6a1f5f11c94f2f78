"""A run of a Strands agent with traces on, for test_traces.py: python traced_agent.py COLLECTOR.

Everything in it that is content holds CANARY. "raw" as the second argument takes the filter away.
"""

import sys
from typing import Any

from sluice.settings import Settings
from sluice.telemetry import spans
from sluice.telemetry.traces import configure
from strands import Agent, tool
from strands.models import Model

CANARY = "CANARY-7f31"


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    if word.startswith("bad"):
        raise ValueError(f"{CANARY} cannot be looked up")
    return f"{CANARY} means nothing"


class Scripted(Model):
    """Calls the tool twice, once so that it fails, and then answers."""

    def __init__(self) -> None:
        self._calls = 0

    def update_config(self, **_: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {"model_id": "scripted-1"}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def stream(self, *_: Any, **__: Any) -> Any:
        self._calls += 1
        yield {"messageStart": {"role": "assistant"}}
        if self._calls == 4:
            raise ConnectionError(f"{CANARY} was not understood")
        if self._calls < 3:
            use = {"name": "look_up", "toolUseId": f"call-{self._calls}"}
            word = f'{{"word": "{"bad" if self._calls == 2 else ""}{CANARY}"}}'
            yield {"contentBlockStart": {"start": {"toolUse": use}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": word}}}}
            end = "tool_use"
        else:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": f"It is {CANARY}."}}}
            end = "end_turn"
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": end}}
        usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 5}}}


def main() -> None:
    """One run that ends well, and one whose model fails."""
    if sys.argv[2:] == ["raw"]:
        spans.strip = lambda span: span
    environment = {
        "AWS_REGION": "us-east-1",
        "SLUICE_CONVERSATIONS": "unused",
        "SLUICE_TRACES": sys.argv[1],
    }
    configure(Settings.read(environment))
    agent = Agent(
        model=Scripted(),
        tools=[look_up],
        system_prompt=f"You know {CANARY}.",
        callback_handler=None,
        trace_attributes={"sluice.thread": "t-1", "sluice.run": "r-1", "other": CANARY},
    )
    agent(f"What is {CANARY}?")
    try:
        agent(f"And {CANARY}?")
    except ConnectionError:
        print("ended")


if __name__ == "__main__":
    main()
