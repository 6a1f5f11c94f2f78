"""`python main.py --check`: whether the agent's file works, before anybody asks it anything."""

import asyncio
import sys
import traceback
from dataclasses import replace

from sluice.answering.engine import CHECKER, Engine
from sluice.refusal import AgentFileError, Refusal
from sluice.settings import Settings


def check(settings: Settings) -> int:
    """The exit status; what is wrong goes to stderr, its traceback first and the sentence last."""
    try:
        # Without servers: they may be out of reach today, and are no part of the file.
        engine = Engine(replace(settings, mcp_servers=()))
        try:
            asyncio.run(engine.check())
        finally:
            engine.close()
    except AgentFileError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        said = str(error)
    except Refusal as refusal:
        said = refusal.message
    except Exception as error:
        traceback.print_exception(error)
        said = (
            f"build_agent raised {type(error).__name__}, at the line that the traceback names. It "
            f"was asked for an agent of {CHECKER['email']} (`sub` is {CHECKER['sub']})."
        )
    else:
        return 0
    print(said, file=sys.stderr)
    return 2
