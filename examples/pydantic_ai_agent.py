"""Another framework: Pydantic AI, by `answer`.

Also needs: uv add --package sluice-agent 'pydantic-ai-slim[bedrock]'
"""

from collections.abc import AsyncIterator

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from sluice import Run

MODEL = "bedrock:global.anthropic.claude-sonnet-4-6"

agent = Agent(instructions="Answer briefly.", defer_model_check=True)


@agent.tool_plain
def capital(country: str) -> str:
    """The capital of a country."""
    return {"France": "Paris", "Switzerland": "Bern"}.get(country, "not known")


def history(run: Run) -> list[ModelMessage]:
    """What was said before, in Pydantic AI's form."""
    told: list[ModelMessage] = []
    for message in run.messages[:-1]:
        if message["role"] == "user":
            told.append(ModelRequest([UserPromptPart(message["content"])]))
        elif message["role"] == "assistant" and message.get("content"):
            told.append(ModelResponse([TextPart(message["content"])]))
    return told


async def answer(run: Run) -> AsyncIterator[str]:
    async with agent.run_stream(run.prompt, message_history=history(run), model=MODEL) as result:
        async for text in result.stream_text(delta=True):
            yield text
        usage = result.usage
        run.count_tokens(MODEL, sent=usage.input_tokens, answered=usage.output_tokens)
