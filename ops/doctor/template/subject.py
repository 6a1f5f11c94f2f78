"""A template file, resolved as `make deploy` would give it to CloudFormation, and read as strictly
as the local stand-ins of the services read it: they name what is wrong, and where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from local.errors import TemplateError
from local.gateway import Api
from local.parameters import read_parameters
from local.physical_ids import ACCOUNT, REGION, Origins
from local.pool import PoolConfig
from local.runtime import RuntimeConfig
from local.template import Template, load, parse
from ops.doctor.check import CannotLookError, Fault, Group, Symptom
from ops.settings import read_settings

# Names in place of the ids that AWS will give: what matters is who names whom.
ORIGINS = Origins(
    site="https://page.example",
    api="https://api.example",
    login="https://sign-in.example",
    runtime=f"https://bedrock-agentcore.{REGION}.amazonaws.com",
    conversations=Path("/conversations"),
)

# Parameters of second factors and of other identity providers, which the local pool does not have.
_UNPLAYED = ("Mfa", "Passkeys", "OidcName", "OidcIssuer", "OidcClientId", "OidcSecretArn")

__all__ = ["ACCOUNT", "ORIGINS", "TEMPLATE", "TemplateFile", "at", "deploy_parameters"]


def _explain(error: Exception) -> str:
    if isinstance(error, TemplateError):
        return "It cannot be read; another check of this file says why."
    return f"The file is not of the expected form ({type(error).__name__}: {error})."


@dataclass(frozen=True)
class TemplateFile:
    """One template. The properties raise TemplateError; the check of that name reports it."""

    path: Path
    given: Mapping[str, str]
    """Parameter values; those of parameters that the template does not have are left out."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The file as plain values, intrinsics in their long form."""
        try:
            document = parse(self.path.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise TemplateError(f"{self.path.name} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise TemplateError(f"{self.path.name} is not a template.")
        return document

    @cached_property
    def template(self) -> Template:
        """The file resolved."""
        declared = self.document.get("Parameters") or {}
        given = {name: value for name, value in self.given.items() if name in declared}
        return load(self.path, given, ORIGINS)

    @cached_property
    def api(self) -> Api:
        """The API, as the local gateway reads it."""
        return Api.of(self.template)

    @cached_property
    def pool(self) -> PoolConfig:
        """The user pool and its client, as the local pool reads them: without the features that it
        refuses because it cannot play them, not because they would not work."""
        given = {name: value for name, value in self.given.items() if name not in _UNPLAYED}
        return PoolConfig.of(
            self.template if given == self.given else TemplateFile(self.path, given).template
        )

    @cached_property
    def runtime(self) -> RuntimeConfig:
        """The runtime, as the local one reads it."""
        return RuntimeConfig.of(self.template)

    def properties(self, type_: str) -> dict[str, Any]:
        """The resolved properties of the one resource of a type."""
        return self.template.only(type_).properties

    def written(self, type_: str) -> dict[str, Any]:
        """The same resource as it is written in the file, with its attributes."""
        resource: dict[str, Any] = self.document["Resources"][self.template.only(type_).id]
        return resource

    def output(self, name: str) -> str:
        """An output's resolved value."""
        if name not in self.template.outputs:
            raise CannotLookError(f"The template has no output {name}.")
        return self.template.outputs[name]


TEMPLATE: Group[TemplateFile] = Group("template", _explain)


def deploy_parameters(project: Path, environment: str) -> dict[str, str]:
    """The values that `make deploy` gives, and those of `make dev` for what only a bundle can tell
    (the agent's code). Raises TemplateError; exits with a sentence where `make deploy` does."""
    settings = read_settings(project, environment, None)
    overrides = settings.overrides()
    written = [each for each in overrides if not each.startswith("file://")]
    local = read_parameters(project / "samconfig.toml")
    code = {name: value for name, value in local.items() if name.startswith("AgentCode")}
    return code | replace(settings, table={"parameter_overrides": written}).parameters()


def at(node: Any, *path: str) -> Any:
    """What stands at a path of keys, or None."""
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


@TEMPLATE.check("resolves", "the file, its parameters and their values", Symptom.DEPLOY)
def resolves(subject: TemplateFile) -> Iterator[Fault]:
    yield from _read(subject, "template", "a template that CloudFormation can resolve")


@TEMPLATE.check("api", "every key and word of the API's OpenAPI body", Symptom.ALL_AT_ONCE)
def api(subject: TemplateFile) -> Iterator[Fault]:
    """A misspelt STREAM is no error to CloudFormation, cfn-lint or SAM."""
    subject.template  # noqa: B018 - one that cannot be resolved has been named already
    yield from _read(subject, "api", "words that API Gateway knows")


@TEMPLATE.check("sign-in", "the user pool, its domain, branding and client", Symptom.SIGN_IN)
def sign_in(subject: TemplateFile) -> Iterator[Fault]:
    """Branding missing, OAuth switched off, rotation beside the flow that excludes it ..."""
    subject.template  # noqa: B018 - one that cannot be resolved has been named already
    yield from _read(subject, "pool", "a pool that shows its sign-in page and gives out tokens")


@TEMPLATE.check("runtime", "the runtime's artifact, authorizer and headers", Symptom.NO_ANSWER)
def runtime(subject: TemplateFile) -> Iterator[Fault]:
    subject.template  # noqa: B018 - one that cannot be resolved has been named already
    yield from _read(subject, "runtime", "a runtime that checks tokens and can be started")


def _read(subject: TemplateFile, part: str, should: str) -> Iterator[Fault]:
    try:
        getattr(subject, part)
    except TemplateError as error:
        yield Fault(str(error), should, f"Edit {subject.path.name} at the place that is named.")
    except KeyError as error:  # an output that the readers take an id from
        yield Fault(
            f"There is no output {error}.", should, f"Add it to the Outputs of {subject.path.name}."
        )
