"""What tests of the user pool need: a small template, a clock, and the page's part in OAuth."""

import html
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from support import serve

from local.pool import PoolConfig, PoolStore, create_app, passwords
from local.template import Resource, Template

POOL_ID = "us-east-1_abc123DEF"
CLIENT_ID = "1example23456789"
ORIGIN = "http://localhost:3002"
CALLBACK = "http://localhost:3000"
EMAIL, PASSWORD = "ada@example.com", "Analytical-1"


def template(**changes: dict[str, Any]) -> Template:
    """The sign-in part of template.yaml, resolved; `changes` are properties by logical id.

    A property changed to None is left out, and so is a resource.
    """
    properties: dict[str, dict[str, Any]] = {
        "UserPool": {
            "UserPoolTier": "ESSENTIALS",
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email"],
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 8,
                    "RequireUppercase": True,
                    "RequireLowercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": False,
                }
            },
        },
        "UserPoolDomain": {"UserPoolId": POOL_ID, "Domain": "sluice-1", "ManagedLoginVersion": 2},
        "ManagedLoginBranding": {"UserPoolId": POOL_ID, "ClientId": CLIENT_ID},
        "UserPoolClient": {
            "UserPoolId": POOL_ID,
            "GenerateSecret": False,
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email", "profile"],
            "SupportedIdentityProviders": ["COGNITO"],
            "CallbackURLs": ["https://d1.cloudfront.net", CALLBACK],
            "LogoutURLs": ["https://d1.cloudfront.net", CALLBACK],
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
            "TokenValidityUnits": {
                "AccessToken": "minutes",
                "IdToken": "minutes",
                "RefreshToken": "days",
            },
            "AccessTokenValidity": 45,
            "IdTokenValidity": 60,
            "RefreshTokenValidity": 30,
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
            "EnableTokenRevocation": True,
            "PreventUserExistenceErrors": "ENABLED",
        },
    }
    resources = {}
    for name, values in properties.items():
        change = changes.get(name, {})
        if change is not None:
            kept = {k: v for k, v in {**values, **change}.items() if v is not None}
            resources[name] = Resource(name, f"AWS::Cognito::{name}", kept)
    return Template({}, resources, {"UserPoolId": POOL_ID, "UserPoolClientId": CLIENT_ID})


@dataclass
class Clock:
    """Seconds since the epoch, turned by hand."""

    seconds: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Pool:
    """A running pool, and a browser that visits it; `http` keeps the browser's cookies."""

    base: str
    clock: Clock
    store: PoolStore
    http: httpx.Client

    def visit(self) -> "Visit":
        return Visit(self)

    def sign_in(self) -> dict[str, Any]:
        """Tokens for the test's user, by the whole way through the sign-in page."""
        visit = self.visit().open(prompt="login")
        return visit.redeem(visit.submit()).json()

    def refresh(self, token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": token}
        return self.http.post("/oauth2/token", data=form)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token, its signature judged by the published keys alone."""
        keys = KeySet.import_key_set(self.http.get(f"/{POOL_ID}/.well-known/jwks.json").json())
        return jwt.decode(token, keys, algorithms=["RS256"]).claims


@dataclass
class Visit:
    """One authorization request and what becomes of it."""

    pool: Pool
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    page: httpx.Response = field(init=False)

    def parameters(self, **changes: str | None) -> dict[str, str]:
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "scope": "openid email profile",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": create_s256_code_challenge(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    def authorize(self, **changes: str | None) -> httpx.Response:
        """The answer to the request itself, redirects not followed."""
        return self.pool.http.get("/oauth2/authorize", params=self.parameters(**changes))

    def open(self, **changes: str | None) -> Self:
        """Follow the redirect to the sign-in page."""
        self.page = self.pool.http.get(self.authorize(**changes).headers["location"])
        assert self.page.status_code == 200
        return self

    def submit(
        self, email: str = EMAIL, password: str = PASSWORD, **changes: str
    ) -> httpx.Response:
        """Send the page's form, as a browser would."""
        found = re.search(r'name="_csrf" value="([^"]+)"', self.page.text)
        assert found
        form = {"_csrf": html.unescape(found[1]), "username": email, "password": password}
        return self.pool.http.post(self.page.url, data=form | changes)

    def redeem(self, redirect: httpx.Response, **changes: str | None) -> httpx.Response:
        """Exchange the code that a redirect carries."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "code": answer(redirect)["code"],
            "code_verifier": self.verifier,
            **changes,
        }
        kept = {name: value for name, value in form.items() if value is not None}
        return self.pool.http.post("/oauth2/token", data=kept)


def answer(redirect: httpx.Response) -> dict[str, str]:
    """The parameters that a redirect takes to the page."""
    assert redirect.status_code == 302, redirect.text
    return {k: v[0] for k, v in parse_qs(urlsplit(redirect.headers["location"]).query).items()}


@cache
def new_store() -> tuple[dict[str, str], dict[str, RSAKey]]:
    """Files with keys and the test's user by name, and the keys as they are used, made once: that
    takes longer than most tests. The password's hash is a cheap one, as it is asked for in all."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2)
        store = PoolStore(Path(folder))
        store.ensure_user(EMAIL, PASSWORD)
        return {file.name: file.read_text() for file in Path(folder).iterdir()}, store.keys


@contextmanager
def running_pool(
    folder: Path, clock: Clock | None = None, **changes: dict[str, Any]
) -> Iterator[Pool]:
    """A pool over real HTTP, with the test's user unless the folder is one of an older pool's.

    `changes` as in template().
    """
    clock = clock or Clock()
    files, keys = new_store()
    is_new = not (folder / "keys.json").exists()
    if is_new:
        for name, text in files.items():
            (folder / name).write_text(text)
    store = PoolStore(folder, clock)
    if is_new:
        store.keys = keys
    app = create_app(PoolConfig.of(template(**changes)), store, ORIGIN)
    with serve(app) as base, httpx.Client(base_url=base) as http:
        yield Pool(base, clock, store, http)
