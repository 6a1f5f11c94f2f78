"""AgentCore's entry point: `python main.py`, which listens until it is told to end."""

import os
import sys

from sluice.settings import Settings, SettingsError
from sluice.telemetry import logs


def main() -> int:
    logs.configure()
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.configure(settings.tracebacks)
    from sluice.app import create_app
    from sluice.server import serve

    serve(create_app(settings), settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
