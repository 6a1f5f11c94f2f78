"""`python main.py --check`: whether the agent's file works, before anybody asks it anything."""

import asyncio
import sys
import traceback
from dataclasses import replace

from sluice.agent_runner.runner import CHECKER, AgentRunner
from sluice.service_error import AgentFileError, ServiceError
from sluice.settings import Settings


def check(settings: Settings) -> int:
    """The exit status; what is wrong goes to stderr, its traceback first and the sentence last."""
    try:
        # Without servers: they may be out of reach today, and are no part of the file.
        runner = AgentRunner(replace(settings, mcp_servers=()))
        try:
            asyncio.run(runner.check())
        finally:
            runner.close()
    except AgentFileError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        said = str(error)
    except ServiceError as service_error:
        said = service_error.message
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
