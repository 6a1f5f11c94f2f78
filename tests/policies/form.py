"""The file itself: what a person who fills in the parameters, or reads the file, relies on."""

import itertools
from collections import Counter
from collections.abc import Iterator

import yaml

from .nodes import entries
from .subject import PARAMETERS, Subject, at, policy, walk

OUTPUTS = {
    *("SpaUrl", "ApiUrl", "Issuer", "UserPoolId", "UserPoolClientId", "LoginUrl", "RuntimeArn"),
    *("RuntimeId", "SpaBucket", "ConversationsBucket", "DistributionId"),
}
"""Names that scripts and the page rely on, here and deployed."""

SECTIONS = [
    *("AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules"),
    *("Conditions", "Resources", "Outputs"),
]
ATTRIBUTES = [
    *("Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"),
    "Properties",
]
LINTS = {"E3004", "W1030", "W1033"}
"""Checks of cfn-lint that may be silenced."""

_INTERFACE = "AWS::CloudFormation::Interface"


@policy
def every_parameter_stands_in_one_group_with_a_label(subject: Subject) -> Iterator[str]:
    """As the CloudFormation console shows them; it drops what it does not find."""
    interface = at(subject.document, "Metadata", _INTERFACE) or {}
    grouped = Counter(
        itertools.chain(*(group["Parameters"] for group in interface.get("ParameterGroups", [])))
    )
    labels = interface.get("ParameterLabels") or {}
    parameters = subject.document["Parameters"]
    for name in sorted(parameters.keys() & PARAMETERS):
        if grouped[name] != 1:
            yield f"the parameter {name} is in {grouped[name]} groups"
        if not at(labels, name, "default"):
            yield f"the parameter {name} has no label"
    for name in sorted((grouped.keys() | labels.keys()) - parameters.keys()):
        yield f"the interface names {name}, which is no parameter"


@policy
def every_parameter_says_what_it_takes(subject: Subject) -> Iterator[str]:
    """A description, a constraint, and a sentence for the person whose value is refused."""
    for name, parameter in subject.document["Parameters"].items():
        if name not in PARAMETERS:
            continue
        for key in ("Description", "ConstraintDescription"):
            if not parameter.get(key):
                yield f"the parameter {name} has no {key}"
        bounded = parameter.keys() >= {"MinValue", "MaxValue"}
        if not bounded and not parameter.keys() & {"AllowedPattern", "AllowedValues"}:
            yield f"the parameter {name} takes anything"


@policy
def every_rule_says_what_to_do(subject: Subject) -> Iterator[str]:
    """The sentence is all that a person sees of a rule."""
    for name, rule in (subject.document.get("Rules") or {}).items():
        for assertion in rule["Assertions"]:
            if not assertion.get("AssertDescription"):
                yield f"the rule {name} refuses without a word"


@policy
def every_output_is_there_and_described(subject: Subject) -> Iterator[str]:
    """The same keys locally and deployed."""
    outputs = subject.document.get("Outputs") or {}
    for name in sorted(OUTPUTS - outputs.keys()):
        yield f"the output {name} is missing"
    for name, output in outputs.items():
        if not output.get("Description"):
            yield f"the output {name} has no Description"


@policy
def conditions_are_named_has_or_is(subject: Subject) -> Iterator[str]:
    """So that !If reads as a sentence. One that only an adopter's resource has is theirs."""
    used = set()
    for section in ("Resources", "Outputs"):
        for _, node in walk(subject.document[section], section):
            used.add(str(node.get("Condition")))
            used.add(str((node.get("Fn::If") or [None])[0]))
    for name in sorted(used & (subject.document.get("Conditions") or {}).keys()):
        if not name.startswith(("Has", "Is")):
            yield f"the condition {name} begins with neither Has nor Is"


@policy
def everything_stands_in_its_order(subject: Subject) -> Iterator[str]:
    """Sections of the file, and attributes of a resource: a reader knows where to look."""
    if _misplaced(subject.document, SECTIONS):
        yield f"the sections are {', '.join(subject.document)}"
    for name, resource in subject.document["Resources"].items():
        if _misplaced(resource, ATTRIBUTES):
            yield f"{name} has {', '.join(resource)} in this order"


@policy
def cloudformation_can_read_the_file(subject: Subject) -> Iterator[str]:
    """It refuses YAML's anchors and aliases, which every other reader takes."""
    for token in yaml.scan(subject.text, yaml.CSafeLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            yield f"line {token.start_mark.line + 1} has the anchor or alias {token.value}"


@policy
def a_linter_is_silenced_for_a_reason_only(subject: Subject) -> Iterator[str]:
    """On its resource: cfn-lint beside a comment, checkov with a comment for each check.

    circles.py looks where E3004 does not; the two warnings fill an empty default into the branch
    of an !If that is for other values.
    """
    for linter in {"cfn-lint", "checkov", "cfn_nag"} & subject.document["Metadata"].keys():
        yield f"the file's Metadata silences {linter} for everything"
    resources = entries(entries(subject.root)["Resources"])
    for name, resource in subject.document["Resources"].items():
        metadata = dict(resource.get("Metadata", {}))
        if "cfn-lint" in metadata:
            ignored = at(metadata.pop("cfn-lint"), "config", "ignore_checks")
            if not set(ignored or ["all"]) <= LINTS:
                yield f"{name} silences more of cfn-lint than {', '.join(sorted(LINTS))}"
            if not subject.comment_in(entries(resources[name])["Metadata"]):
                yield f"{name} silences cfn-lint without a reason"
        for skip in at(metadata.pop("checkov", None), "skip") or []:
            if skip.keys() != {"id", "comment"} or len(skip["comment"].split()) < 5:
                yield f"{name} silences checkov's {skip.get('id')} without a reason"
        for key in metadata:
            yield f"{name} has {key} in its Metadata"


def _misplaced(keys: dict[str, object], order: list[str]) -> bool:
    return [key for key in keys if key in order] != [key for key in order if key in keys]
