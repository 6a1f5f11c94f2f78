"""Which model answers on this machine: the local Bedrock, unless the person chose another one.

They choose by SLUICE_MODEL in the shell, or by the parameter Model that `make dev` is given.
`offline`, which is also what no choice means, is known in local/ only: the agent is told `bedrock`,
and botocore, by its own variables, that Bedrock Runtime is on this machine.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    PartialCredentialsError,
)
from botocore.session import Session  # type: ignore[import-untyped]

from local.physical_ids import REGION

OFFLINE = "offline"
MODEL_ID = "anthropic.claude-offline"
"""Nobody's model, which the agent treats as one of Anthropic's: it gets cache points, and may be
asked to reason."""

DELAY_VARIABLE = "SLUICE_OFFLINE_DELAY_MS"
DELAY_MS = 15
MOST_MS = 10_000

_SIGN_INS = ("sso", "login")
"""botocore's names for what `aws sso login` and `aws login` leave, which expires."""
_LOCAL_KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_WITHOUT_CONFIGURATION: Mapping[str, str | None] = {
    **_LOCAL_KEYS,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# botocore's name for where Retrieve is.
_KNOWLEDGE = "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"

_BOARD = Path("/sys/class/dmi/id/board_vendor")


class ModelError(Exception):
    """The model cannot be played as it is asked for."""


@dataclass(frozen=True)
class ModelChoice:
    """`environment` changes the agent's, and wins: a value, or None for no such variable. It is
    empty for a model elsewhere. `note` is a sentence for the person, if there is one to say."""

    name: str
    environment: Mapping[str, str | None] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(
        cls, parameter: str | None, declared: str, url: str, *, has_knowledge: bool = False
    ) -> "ModelChoice":
        """This shell's choice, or else that of the parameter Model, or of a template whose agent
        asks (`declared`) another than Bedrock. `url` is the local Bedrock's, which also has the
        documents where this shell names a folder of them (`has_knowledge`)."""
        templates = OFFLINE if declared == "bedrock" else declared
        chosen = os.environ.get("SLUICE_MODEL") or parameter or templates
        if chosen != OFFLINE:
            knowledge = {_KNOWLEDGE: url, **_region(), **_keys(), **_without_proxy()}
            return cls(chosen, knowledge if has_knowledge else {})
        fault = _fault_of_configuration()
        return cls(
            OFFLINE,
            {
                "SLUICE_MODEL": "bedrock",
                "SLUICE_MODEL_ID": os.environ.get("SLUICE_MODEL_ID") or MODEL_ID,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
                _KNOWLEDGE: url,
                "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": url,
                # A Bedrock API key: botocore sends none without TLS, and would fail.
                "AWS_BEARER_TOKEN_BEDROCK": None,
                **_region(),
                **(_WITHOUT_CONFIGURATION if fault else _keys()),
                **_without_proxy(),
            },
            f"AWS's configuration of this shell cannot be used, and the agent runs without it: "
            f"{fault}"
            if fault
            else "",
        )


def read_delay() -> float:
    """The pause between two pieces of an offline answer, in seconds. Raises ModelError."""
    text = os.environ.get(DELAY_VARIABLE) or str(DELAY_MS)
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_MS):
        raise ModelError(
            f"{DELAY_VARIABLE} is {text}: set it to a whole number from 0 to {MOST_MS}."
        )
    return int(text) / 1000


def _region() -> dict[str, str]:
    """A region for clients that are given none, where the person has none: any will do here."""
    try:
        configured = Session().get_config_variable("region")
    except BotoCoreError:  # such as a profile that is not there
        configured = None
    region = os.environ.get("AWS_REGION") or configured or REGION
    return {"AWS_REGION": region} | ({} if configured else {"AWS_DEFAULT_REGION": region})


def _fault_of_configuration() -> str:
    """What keeps botocore's clients from being made or from signing, such as a profile that is not
    there, a file that cannot be read or a sign-in that has expired; empty if nothing does."""
    try:
        credentials = _credentials()
        if credentials is not None and credentials.method in _SIGN_INS:
            credentials.get_frozen_credentials()
    except _AskedAwsError:
        return ""  # with a sign-in that is valid
    except PartialCredentialsError:
        return ""  # that is the person's to see: keys are for their tools alone
    except BotoCoreError as error:
        return f"{error}".rstrip(".") + "."
    return ""


def _credentials() -> Any:
    """The credentials that botocore would find, or None. Nothing is run, and no network is asked,
    but for the metadata service where this machine is EC2's."""
    session = Session()
    session.register("before-send", _refuse)
    providers = session.get_component("credential_provider")
    providers.remove("custom-process")
    if not (_BOARD.exists() and _BOARD.read_text().strip() == "Amazon EC2"):
        providers.remove("iam-role")
    return providers.load_credentials()


class _AskedAwsError(Exception):
    """A client would have asked AWS."""


def _refuse(**_: Any) -> None:
    raise _AskedAwsError


def _keys() -> dict[str, str]:
    """Keys to sign with, which nobody checks, where the person has none. Credentials of their own
    are left alone: their tools may ask more of AWS than a model."""
    if Session().get_scoped_config().get("credential_process"):
        return {}
    try:
        return _LOCAL_KEYS if _credentials() is None else {}
    except PartialCredentialsError:
        return {}


def _without_proxy() -> dict[str, str]:
    """A proxy of this shell is not on the way to this machine."""
    names = [name for name in ("no_proxy", "NO_PROXY") if os.environ.get(name)] or ["NO_PROXY"]
    return {name: ",".join(filter(None, (os.environ.get(name), "127.0.0.1"))) for name in names}
