"""template.yaml with every intrinsic resolved, as CloudFormation would see it on this machine.

cloud-radar resolves the intrinsics, with the physical ids that it is given here; then the local
origins take the place of the AWS hosts, so that a discovery URL, an integration's address or a
callback leads to the service next door and nothing else about them changes.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cfn_tools.yaml_loader import multi_constructor
from cloud_radar.cf.unit import Template as Resolver

from local import shipped
from local.errors import TemplateError
from local.parameters import parameter_values
from local.physical_ids import (
    ACCOUNT,
    NO_VALUE,
    REGION,
    STACK,
    Origins,
    identities_of,
    url_rewriter,
)


@dataclass(frozen=True)
class Resource:
    """One resource after resolution; `properties` holds plain values, no intrinsics."""

    id: str
    type: str
    properties: dict[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What Fn::GetAtt gives for it, as far as this machine knows the type."""


@dataclass(frozen=True)
class Template:
    """Parameters, resources (conditions applied) and outputs by logical name."""

    parameters: dict[str, str]
    resources: dict[str, Resource]
    outputs: dict[str, str]

    def only(self, type_: str) -> Resource:
        """The one resource of a type, or of several the one that is Sluice's. Raises TemplateError
        if there is none, or more than one."""
        types = {name: resource.type for name, resource in self.resources.items()}
        found = [self.resources[name] for name in shipped.of_type(types, type_)]
        if len(found) != 1:
            names = ", ".join(resource.id for resource in found) or "none"
            raise TemplateError(
                f"The local stack runs a template with exactly one {type_}; it has {names}."
            )
        return found[0]


def load(path: Path, parameters: Mapping[str, str], origins: Origins) -> Template:
    """Resolve the template at `path`. Raises TemplateError for anything CloudFormation refuses
    that can be seen here: bad YAML, unknown or forbidden parameter values, broken rules,
    references to nothing."""
    try:
        document = parse(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path.name} cannot be read: {error}") from error
    return resolve(path, document, parameters, origins)


def resolve(path: Path, document: Any, parameters: Mapping[str, str], origins: Origins) -> Template:
    """Resolve what `parse` read of the template at `path`, which is changed. Raises as `load`."""
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path.name} has no Resources section.")
    for name, resource in document["Resources"].items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise TemplateError(f"{path.name}: the resource {name} has no Type.")
    _apply_globals(document)
    values = parameter_values(document, parameters)
    physical_ids = identities_of(document, values)
    rebase = url_rewriter(document, values, physical_ids, origins)
    try:
        with contextlib.redirect_stdout(None):  # it prints itself
            resolver = Resolver(
                {"Transform": document.get("Transform")},
                dynamic_references={"secretsmanager": _Unread()},
            )
        resolver.AccountId, resolver.StackName, resolver.NoValue = ACCOUNT, STACK, NO_VALUE
        resolver.StackId = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local"
        resolved = _render(resolver, document, values)
        _check_rules(resolver)
    except TemplateError:
        raise
    except Exception as error:  # the resolver raises bare KeyError, ValueError and Exception
        raise TemplateError(f"{path.name}: {error}") from error
    return Template(
        parameters=values,
        resources={
            name: Resource(name, entry["Type"], rebase(entry["Properties"]), physical_ids[name][1])
            for name, entry in resolved["Resources"].items()
        },
        outputs={
            name: str(rebase(entry["Value"])) for name, entry in resolved.get("Outputs", {}).items()
        },
    )


def parse(text: str) -> Any:
    """A template's text as plain values, intrinsics in their long form. Raises yaml.YAMLError."""
    return _plain(yaml.load(text, _Loader))  # noqa: S506 - a safe loader


def _apply_globals(document: dict[str, Any]) -> None:
    """Give functions what SAM's Globals section says of all of them ("Globals section of the AWS
    SAM template": a function's own word wins, and variables are added up)."""
    common = (document.get("Globals") or {}).get("Function") or {}
    for resource in document["Resources"].values():
        if common and resource["Type"] == "AWS::Serverless::Function":
            own = resource.get("Properties") or {}
            variables = {
                name: value
                for each in (common, own)
                for name, value in ((each.get("Environment") or {}).get("Variables") or {}).items()
            }
            resource["Properties"] = {**common, **own, "Environment": {"Variables": variables}}


class _Unread(dict[str, str]):
    """Secrets by their ARN. This machine reads none: each stands for itself."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return f"(the text of {key})"


class _Loader(yaml.CSafeLoader):
    """Reads !Ref as {"Ref": ...} and so on, as cfn-flip does, ten times faster."""


_Loader.add_multi_constructor("!", multi_constructor)


def _plain(node: Any) -> Any:
    """Ordered mappings as dicts, which YAML dumpers know."""
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _render(resolver: Any, document: dict[str, Any], values: Mapping[str, str]) -> Any:
    """Resolve a document in place, by the steps of Resolver.render. That one begins by reading the
    document again from YAML that its constructor wrote: four fifths of the time."""
    document.setdefault("Metadata", {})["Cloud-Radar"] = {"Region": REGION}
    resolver.template = document
    resolver.set_parameters(values)
    resolver.template = resolver.render_all_sections(resolver.template)
    resolver.template = resolver.remove_conditional_resources(resolver.template)
    resolver.template = resolver.remove_novalue_properties(resolver.template)
    return resolver.template


def _check_rules(resolver: Any) -> None:
    """Rules refuse combinations of parameters before anything is created."""
    for name, rule in resolver.template.get("Rules", {}).items():
        if not resolver.resolve_values(rule.get("RuleCondition", True)):
            continue
        for assertion in rule["Assertions"]:
            if not resolver.resolve_values(assertion["Assert"]):
                words = assertion.get("AssertDescription", "it does not hold.")
                raise TemplateError(f"Rule {name}: {words.strip()}")
