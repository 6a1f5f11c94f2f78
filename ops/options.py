"""Options of several commands. Each is also an environment variable, which is where it is read."""

import os
from collections.abc import Callable
from typing import Any

import click

type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _option(flag: str, variable: str, help_: str) -> Decorator:
    def keep(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value:
            os.environ[variable] = value

    return click.option(
        flag, envvar=variable, show_envvar=True, expose_value=False, callback=keep, help=help_
    )


stack = _option("--stack", "STACK", "A deployed stack; without it, the one on this machine.")
deployed_stack = _option("--stack", "STACK", "The deployed stack.")
environment = _option("--env", "ENV", "The environment of samconfig.toml, such as prod.")
region = _option("--region", "AWS_REGION", "The region, before samconfig.toml's and the profile's.")
email = _option("--email", "EMAIL", "The person's email address.")
