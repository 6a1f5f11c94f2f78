"""How large the agent's environment may be.

AgentCore's platform V1 takes 4 KB of all variables together, V2 takes 1.5 KB where the agent is
deployed as code. Whether names count is not documented; they are counted here.
"""

from collections.abc import Mapping

LIMITS = {"V1": 4096, "V2": 1536}
"""Bytes of all variables together, by the platform's version."""

LONGEST_BUCKET = 63

FIX = "shorten McpServers or TracesEndpoint, or set PlatformVersion to V1, which takes 4 KB"


def size(variables: Mapping[str, str]) -> int:
    """Bytes of the names and the values."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())


def limit(variables: Mapping[str, str]) -> int:
    """Bytes that the platform takes which the variables name."""
    return LIMITS[variables.get("SLUICE_PLATFORM", "V1")]


def excess(variables: Mapping[str, str]) -> str | None:
    """What is too much in the environment of a resolved template, the largest two variables named;
    None if it fits. The conversations' bucket has a name that nobody knows before it is made."""
    whole = {**variables, "SLUICE_CONVERSATIONS": "s3://" + "x" * LONGEST_BUCKET}
    if size(whole) <= limit(whole):
        return None
    sizes = {name: size({name: value}) for name, value in whole.items()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:2]
    named = " and ".join(f"{name} {sizes[name]:,}" for name in largest)
    return f"{size(whole):,} bytes, of which {named}"
