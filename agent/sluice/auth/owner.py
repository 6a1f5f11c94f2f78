"""Who a request belongs to: the `sub` of the ID token that AgentCore has verified."""

import base64
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.service_error import ServiceError

_MAX_SUB = 256


@dataclass(frozen=True)
class Person:
    """Who sent a request: `owner` is the token's `sub`. `token` is for MCP servers alone, and
    `claims`, what it says, for agent.py."""

    owner: str
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_person(authorization: Sequence[str]) -> Person:
    """The person whom the request's Authorization headers name, as AgentCore forwards them.

    AgentCore's JWT authorizer has already verified signature, issuer, audience and expiry; the
    agent only reads the payload. It accepts ID tokens alone, because an access token of the same
    pool names the same `sub` but was issued for another use.

    Raises:
        ServiceError: `unauthorized`, without exactly one bearer token with a usable payload.
    """
    if len(authorization) != 1:
        # Two headers may mean that another party added one: neither is believed.
        raise _unauthorized("Send exactly one Authorization header")
    scheme, _, token = authorization[0].strip().partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("The Authorization header must be 'Bearer' and an ID token")
    token = token.strip()
    claims = _payload(token)
    sub = claims.get("sub")
    if claims.get("token_use") != "id" or not isinstance(sub, str) or not 0 < len(sub) <= _MAX_SUB:
        raise _unauthorized("The token is not an ID token of the user pool")
    return Person(sub, token, claims)


def _payload(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token in its compact form: header.payload.signature."""
    parts = token.split(".")
    claims = None
    if len(parts) == 3:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        with contextlib.suppress(ValueError, RecursionError):
            claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(claims, dict):
        raise _unauthorized("The token is not a JSON Web Token")
    return claims


def _unauthorized(reason: str) -> ServiceError:
    return ServiceError("unauthorized", f"{reason}; sign in again.")
