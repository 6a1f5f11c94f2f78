"""An issuer for both doors: it publishes one key and signs what a test wants."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Issuer:
    """Signs tokens; set `url` to where `app` is served."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig", "alg": "RS256"})
        self.url = ""

    @property
    def discovery_url(self) -> str:
        """Where a door finds this issuer's keys."""
        return f"{self.url}/.well-known/openid-configuration"

    def app(self) -> Starlette:
        """Discovery and keys."""

        async def discovery(_: Request) -> Response:
            keys = f"{self.url}/.well-known/jwks.json"
            return JSONResponse({"issuer": self.url, "jwks_uri": keys})

        async def jwks(_: Request) -> Response:
            return JSONResponse({"keys": [self.key.as_dict(private=False)]})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", discovery),
                Route("/.well-known/jwks.json", jwks),
            ]
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good ID token, changed; None takes a claim away."""
        now = int(time.time())
        good = {
            "iss": self.url,
            "sub": "owner-1",
            "aud": "client-1",
            "token_use": "id",
            "email_verified": True,
            "cognito:groups": ["a", "b"],
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, key: RSAKey | None = None, kid: str = "key-1", **changes: Any) -> str:
        """A signed token."""
        return jwt.encode({"alg": "RS256", "kid": kid}, self.claims(**changes), key or self.key)


def forge(header: dict[str, str], claims: dict[str, Any], secret: bytes | None) -> str:
    """A token of parts that no library would make."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    text = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{part(mac)}"


# What neither door may let in (T3), by name. Each door adds what it alone refuses.
WRONG_TOKENS: dict[str, Callable[[Issuer], str]] = {
    "access token": lambda i: i.token(token_use="access", aud=None, client_id="client-1"),
    "other pool": lambda i: i.token(iss="https://other.example/pool"),
    "other pool's key under our key id": lambda i: i.token(RSAKey.generate_key(2048)),
    "foreign key id": lambda i: i.token(RSAKey.generate_key(2048), kid="key-2"),
    "expired": lambda i: i.token(exp=int(time.time()) - 60),
    "never expires": lambda i: i.token(exp=None),
    "not yet valid": lambda i: i.token(nbf=int(time.time()) + 600),
    "issued in the future": lambda i: i.token(iat=int(time.time()) + 600),
    "alg none": lambda i: forge({"alg": "none", "kid": "key-1"}, i.claims(), None),
    "HS256 with the public key": lambda i: forge(
        {"alg": "HS256", "kid": "key-1"}, i.claims(), i.key.as_pem(private=False)
    ),
    "no key id": lambda i: forge({"alg": "RS256"}, i.claims(), b"secret"),
    "signature cut off": lambda i: i.token().rpartition(".")[0] + ".",
    "garbage": lambda _: "garbage",
    "garbage in three parts": lambda _: "a.b.c",
    "not ASCII": lambda _: "t\u00f6ken",
}
