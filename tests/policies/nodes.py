"""YAML as it was composed: values that know their place in the file."""

from collections.abc import Iterator

import yaml


def entries(node: yaml.Node) -> dict[str, yaml.Node]:
    """A composed mapping's values by key; {} for another node."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value}


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    """A composed node and everything in it."""
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from nodes(key)
            yield from nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from nodes(value)
