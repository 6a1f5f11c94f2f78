"""The MCP servers that SLUICE_MCP names, as docs/tools.md describes them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

type Auth = Literal["none", "person", "bearer", "iam"]

SECONDS = 30
MAX_SECONDS = 300
MAX_SERVERS = 10

_FIELDS = {"name", "url", "auth", "token", "tools", "seconds"}
# A tool's name is `name_tool`, of which models take 64 characters.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,19}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Server:
    """One MCP server over streamable HTTP; `seconds` is what connecting and each call may take.

    `auth` is how the agent shows who it is: `none`; `person`, the ID token of the person who asks;
    `bearer`, `token`; `iam`, a SigV4 signature. `tools` are the server's names of those to have,
    None for all.
    """

    name: str
    url: str
    auth: Auth = "none"
    token: str = field(default="", repr=False)
    tools: frozenset[str] | None = None
    seconds: float = SECONDS


def read_servers(text: str) -> tuple[Server, ...]:
    """Read the value of SLUICE_MCP; an empty one names no server.

    Raises:
        ValueError: A sentence that names the server and the field, and holds no value of theirs.
    """
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"SLUICE_MCP is not JSON: see {place}.") from None
    except RecursionError:
        raise ValueError("SLUICE_MCP is nested too deeply: make it a list of objects.") from None
    if not isinstance(entries, list) or len(entries) > MAX_SERVERS:
        raise ValueError(f"SLUICE_MCP must be a JSON list of at most {MAX_SERVERS} servers.")
    servers = tuple(_read(entry, place) for place, entry in enumerate(entries, 1))
    names = [server.name.lower().replace("-", "_") for server in servers]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise _wrong(index + 1, "name", "a name that no other server has")
    return servers


def _read(entry: Any, place: int) -> Server:
    if not isinstance(entry, dict):
        said = f"SLUICE_MCP, server {place}: it must be an object with name and url."
        raise ValueError(said)  # noqa: TRY004 - it is a value of the text
    for name in entry.keys() - _FIELDS:
        known = ", ".join(sorted(_FIELDS))
        # What is not a plain word may be a secret in the wrong place.
        shown = f"`{name}`" if re.fullmatch(r"[A-Za-z_]{1,20}", name) else "one of its fields"
        raise ValueError(f"SLUICE_MCP, server {place}: {shown} is not known; there are {known}.")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(place, "name", "a letter and up to 19 more letters, digits and hyphens")
    url = entry.get("url")
    if not isinstance(url, str) or not _is_safe(url):
        raise _wrong(place, "url", "an https:// URL (http:// for localhost alone)")
    auth = entry.get("auth", "none")
    if auth not in get_args(Auth.__value__):
        raise _wrong(place, "auth", f"one of {', '.join(get_args(Auth.__value__))}")
    token = entry.get("token", "")
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]*", token):
        raise _wrong(place, "token", "a string of visible ASCII characters")
    if bool(token) != (auth == "bearer"):
        raise _wrong(place, "token", "given with auth bearer, and with no other")
    return Server(name, url, auth, token, _read_tools(entry, place), _read_seconds(entry, place))


def _read_tools(entry: dict[str, Any], place: int) -> frozenset[str] | None:
    tools = entry.get("tools")
    if tools is None:
        return None
    if not isinstance(tools, list) or not tools or not all(isinstance(t, str) and t for t in tools):
        raise _wrong(place, "tools", "a list of the names of tools; leave it out to have all")
    return frozenset(tools)


def _read_seconds(entry: dict[str, Any], place: int) -> float:
    seconds = entry.get("seconds", SECONDS)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 1 <= seconds <= MAX_SECONDS:
        raise _wrong(place, "seconds", f"a number from 1 to {MAX_SECONDS}")
    return float(seconds)


def _is_safe(url: str) -> bool:
    """Whether a token may be sent there: encrypted, or to this machine alone."""
    if not re.fullmatch(r"[!-~]+", url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def _wrong(place: int, name: str, wanted: str) -> ValueError:
    return ValueError(f"SLUICE_MCP, server {place}: `{name}` must be {wanted}.")
