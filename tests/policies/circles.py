"""Who waits for whom, in the template that SAM hands to CloudFormation."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .subject import Subject, listed, policy


@policy
def nothing_waits_for_itself(subject: Subject) -> Iterator[str]:
    """CloudFormation refuses circles. cfn-lint (E3004) looks before SAM has split the API into an
    API and its stage, and sees one that is not there, so that it is told to look away.

    Both branches of an !If count, because a condition may turn out either way.
    """
    if "Refused" in subject.expanded:
        yield f"SAM refuses the template: {subject.expanded['Refused']}"
        return
    resources = subject.expanded["Resources"]
    graph = {name: set(_references(each)) & set(resources) for name, each in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"these wait for each other: {' -> '.join(reversed(error.args[1]))}"


def _references(node: Any) -> Iterator[str]:
    """The logical names that something refers to, by function or by DependsOn."""
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("Ref", "DependsOn"):
                yield from (each for each in listed(value) if isinstance(each, str))
            elif key == "Fn::GetAtt":
                yield value.split(".")[0] if isinstance(value, str) else value[0]
            elif key == "Fn::Sub":
                # ${!Literal} is no reference.
                for name in re.findall(r"\$\{([^!}.]+)", str(listed(value)[0])):
                    yield name.strip()
                yield from _references(listed(value)[1:])
            else:
                yield from _references(value)
