"""What an adopter has added to template.yaml, taken out of it: policies judge what is Sluice's."""

import atexit
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import yaml

from local import shipped

from .nodes import entries, nodes

_ROLE_POLICIES = ("Resources", "RuntimeRole", "Properties", "Policies")


@cache
def sluices_template() -> Path:
    """A file with the template of this checkout, additions left out; it goes with the process."""
    folder = Path(mkdtemp(prefix="sluice-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    text = without_additions((Path(__file__).parents[2] / "template.yaml").read_text())
    (folder / "template.yaml").write_text(text)
    return folder / "template.yaml"


def without_additions(text: str) -> str:
    """The template with the lines of everything that is not Sluice's left empty, so that all other
    lines keep their numbers."""
    lines = text.splitlines(keepends=True)
    for node, end in _additions(yaml.compose(text, yaml.CSafeLoader)):
        first, last = node.start_mark.line, end.line
        if lines[last : last + 1] and lines[last][: end.column].strip():
            last += 1  # it ends within a line
        # What follows it is not its own, such as the mark that it stands before.
        while last > first + 1 and (not (line := lines[last - 1].strip()) or line[0] == "#"):
            last -= 1
        for number in range(first, max(last, first + 1)):
            lines[number] = "\n"
    return "".join(lines)


def _additions(root: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Mark]]:
    """The first node of each addition, and where it ends."""
    paths = _at(root, "Resources", "Api", "Properties", "DefinitionBody", "paths")
    variables = _at(root, "Resources", "Runtime", "Properties", "EnvironmentVariables")
    for mapping, is_ours in (
        (_at(root, "Resources"), shipped.RESOURCES.__contains__),
        (_at(root, "Outputs"), shipped.OUTPUTS.__contains__),
        (paths, shipped.PATHS.__contains__),
        (variables, lambda name: name.startswith(shipped.VARIABLES)),
    ):
        if isinstance(mapping, yaml.MappingNode):
            for key, value in mapping.value:
                if not is_ours(key.value):
                    yield key, value.end_mark
    policies = _at(root, *_ROLE_POLICIES)
    for each in policies.value if isinstance(policies, yaml.SequenceNode) else ():
        named = [entries(node).get("PolicyName") for node in nodes(each)]
        names = {node.value for node in named if node}
        if names and not names & shipped.ROLE_POLICIES:
            yield each, each.end_mark


def _at(node: yaml.Node, *path: str) -> yaml.Node | None:
    for key in path:
        found = entries(node).get(key)
        if found is None:
            return None
        node = found
    return node
