"""What AWS would refuse half-way through a deployment, refused before anything is made."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from local.errors import TemplateError
from local.physical_ids import Origins
from local.runtime import RuntimeConfig
from local.template import load
from ops import environment
from ops.stacks import Stack

LONGEST_STACK = 59
"""CloudFront takes 64 characters for the name of an origin access control, which is STACK-site."""

_NOWHERE = Origins(
    *("https://page.example", "https://api.example", "https://sign-in.example"),
    *("https://runtime.example", Path("/conversations")),
)


def bad_name(stack: str) -> str | None:
    """Why a stack cannot have this name; None if it can.

    S3 lower-cases what CloudFormation names after a stack, so that with capitals the deployer's
    policy would name other buckets than there are.
    """
    if re.fullmatch(r"[a-z][a-z0-9-]*", stack) and len(stack) <= LONGEST_STACK:
        return None
    return (
        f"A stack cannot be called {stack}: take at most {LONGEST_STACK} lower-case letters, "
        "digits and hyphens, a letter first."
    )


def bad_servers(servers: str) -> str | None:
    """Why `McpServers` cannot be deployed so; the agent reads the rest when it starts.

    A token is a reference to where CloudFormation finds it
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html).
    """
    try:
        entries = json.loads(servers or "[]")
    except ValueError:
        return "McpServers is not JSON: see docs/tools.md."
    tokens = [str(each["token"]) for each in entries if isinstance(each, dict) and "token" in each]
    if all(re.fullmatch(r"\{\{resolve:secretsmanager:[^{}]+\}\}", token) for token in tokens):
        return None
    return (
        "McpServers holds a token, and CloudFormation shows parameters to whoever may describe the "
        'stack. Put the token into Secrets Manager and write "token": '
        '"{{resolve:secretsmanager:NAME}}" in its place.'
    )


def obstacle(path: Path, values: Mapping[str, str], before: Stack | None) -> str | None:
    """Why the template at `path` cannot be deployed with these values over the stack that there
    is; None if nothing is known against it."""
    if before and (old := before.parameters.get("Prefix", values["Prefix"])) != values["Prefix"]:
        return (
            f"Stack {before.name} has the Prefix {old}, which is final: a user pool takes one "
            f"domain, and Cognito refuses to replace it. Set Prefix={old} in samconfig.toml, or "
            "give the new Prefix to another stack (STACK=), which has accounts of its own."
        )
    if said := bad_servers(values.get("McpServers", "")):
        return said
    try:
        variables = RuntimeConfig.of(load(path, values, _NOWHERE)).environment
    except TemplateError as error:
        # A broken Rule is what CloudFormation would say, too. Anything else may be of a template
        # that only the local stack cannot read.
        return str(error) if str(error).startswith("Rule ") else None
    if excess := environment.excess(variables):
        return (
            f"The agent's environment variables come to {excess}, and AgentCore takes "
            f"{environment.limit(variables):,}: {environment.FIX}."
        )
    return None
