"""Requests to the agent's app with traces on: python traced_requests.py HEADERS, a JSON list.

The first is for thread-0, the next for thread-1, and so on.
"""

import json
import os
import sys

from opentelemetry.trace import get_tracer_provider
from sluice.app import create_app
from sluice.settings import Settings
from starlette.testclient import TestClient


def main() -> None:
    with TestClient(create_app(Settings.read(os.environ))) as client:
        for number, headers in enumerate(json.loads(sys.argv[1])):
            body = {"prompt": "What is 6 * 7 - CANARY-7f31?", "threadId": f"thread-{number}"}
            answer = client.post("/invocations", json=body, headers=headers)
            assert "RUN_FINISHED" in answer.text, answer.text
    get_tracer_provider().force_flush()


if __name__ == "__main__":
    main()
