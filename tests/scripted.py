"""A Strands model that plays a script, and the pieces that scripts are made of."""

import json
from typing import Any

from strands.models.model import Model


def say(text: str) -> list[Any]:
    return [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"delta": {"text": text}}},
        {"contentBlockStop": {}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}}},
    ]


def call(name: str, **arguments: Any) -> list[Any]:
    start = {"toolUse": {"toolUseId": f"call_{name}", "name": name}}
    return [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockStart": {"start": start}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(arguments)}}}},
        {"contentBlockStop": {}},
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}}},
    ]


class Scripted(Model):
    """A model that plays a script: chunks of an answer, or a failure, for each call."""

    def __init__(self, *script: list[Any] | Exception) -> None:
        self.script = list(script)
        self.asked: list[list[Any]] = []
        self.offered: set[str] = set()

    def update_config(self, **_: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> Any:
        self.asked.append(messages)
        self.offered |= {spec["name"] for spec in tool_specs or []}
        part = self.script.pop(0)
        if isinstance(part, Exception):
            raise part
        for chunk in part:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
