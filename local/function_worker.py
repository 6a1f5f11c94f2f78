"""Runs one invocation of a Lambda function in Python: the event on stdin, the result in a file.

`python -P function_worker.py HANDLER RESULT` in the function's folder. It imports nothing of the
local stack, so that the handler finds its own modules and no others.
"""

import importlib
import json
import os
import sys
import time
from typing import Any


class Context:
    """The second argument of a handler ("Using the Lambda context object to retrieve Python
    function information")."""

    def __init__(self, request_id: str) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = os.environ["SLUICE_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = "local"
        self.identity = self.client_context = None
        self._ends = time.monotonic() + float(os.environ["SLUICE_FUNCTION_SECONDS"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


def main(handler: str, result: str) -> None:
    event: dict[str, Any] = json.load(sys.stdin)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - nothing else is imported
    module, _, name = handler.replace("/", ".").rpartition(".")
    function = getattr(importlib.import_module(module), name)
    answer = function(event, Context(event["requestContext"]["requestId"]))
    with open(result, "w") as file:  # noqa: PTH123 - as above
        json.dump(answer, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
