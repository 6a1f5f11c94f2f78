"""An answer as data: the client gets an object that fits a schema, the person a sentence."""

from collections.abc import AsyncIterator

from pydantic import BaseModel, Field
from sluice import Run
from strands import Agent


class Appointment(BaseModel):
    """An appointment that the person asks for."""

    title: str = Field(description="What it is about, in a few words")
    day: str = Field(description="The date, such as 2026-11-26")
    hour: int = Field(ge=0, le=23, description="The hour it begins at")


async def answer(run: Run) -> AsyncIterator[str]:
    """`answer` may use Strands, too: with `run.model`, tokens and limits are the run's."""
    agent = Agent(model=run.model, callback_handler=None)
    result = await agent.invoke_async(run.prompt, structured_output_model=Appointment)
    found = result.structured_output
    if not isinstance(found, Appointment):
        yield "I found no appointment in this."
        return
    run.emit("appointment", found.model_dump())
    yield f"**{found.title}** on {found.day} at {found.hour}:00."
