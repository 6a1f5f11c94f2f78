"""AgentCore's entry point: `python main.py`, which listens until it is told to end.

With `--check` it finds out whether the agent's file works, and ends: 0 when it does.
"""

import logging
import os
import sys

from sluice import network
from sluice.settings import Settings, SettingsError
from sluice.telemetry import logs


def main() -> int:
    logs.configure()
    network.bypass_loopback(os.environ)
    for problem in network.problems(os.environ):
        logging.getLogger("sluice.network").warning("%s", problem)
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.configure(settings.tracebacks)
    if "--check" in sys.argv[1:]:
        from sluice.agent_runner.check import check

        return check(settings)
    from sluice.app import create_app
    from sluice.server import serve

    serve(create_app(settings), settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
