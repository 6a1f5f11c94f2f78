"""The local Bedrock behind an agent under test, as `make dev` puts it there."""

import atexit
import contextlib
import functools

from support import serve

from local.bedrock import Bedrock
from local.model import DELAY_VARIABLE, MODEL_ID

MODEL = {"SLUICE_MODEL": "bedrock", "SLUICE_MODEL_ID": MODEL_ID, "AWS_REGION": "us-east-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


def behind_bedrock(environ: dict[str, str]) -> dict[str, str]:
    """An agent's environment with the local Bedrock as its model, unless it names another.

    One server answers all tests of a process; the pause between its pieces is that of whoever came
    last, and none at first.
    """
    given = dict(environ)
    delay = given.pop(DELAY_VARIABLE, "0")
    if "SLUICE_MODEL" in given:
        return given
    app, url = _start()
    app.delay = int(delay) / 1000
    return MODEL | {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url} | KEYS | given


@functools.cache
def _start() -> tuple[Bedrock, str]:
    app = Bedrock(lambda _line: None)
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return app, stack.enter_context(serve(app))
