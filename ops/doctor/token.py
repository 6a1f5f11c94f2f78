"""One ID token: why a door would refuse it. No part of it is ever printed but its claims' gist."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ops.doctor.check import CannotLookError, Fault, Group, Symptom
from ops.oauth import decode_part

EARLY_SECONDS = 60
"""AgentCore refuses a token that expires within a minute (local/runtime/app.py plays it)."""
SKEW_SECONDS = 60
"""A clock that is further off than this breaks sign-ins and signatures sooner or later."""
SET_CLOCK = "sudo timedatectl set-ntp true (in WSL: sudo hwclock -s)"


@dataclass(frozen=True)
class Token:
    """A token, the stack that it is for, and the moment at which it is judged."""

    text: str
    outputs: Mapping[str, str]
    http: httpx.Client
    now: float

    @cached_property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims, not yet believed. Raises ValueError."""
        header, claims, _ = self.text.split(".")
        return decode_part(header), decode_part(claims)

    @property
    def claims(self) -> dict[str, Any]:
        """The claims. Raises CannotLookError if the token has none."""
        try:
            return self.parts[1]
        except ValueError as error:
            raise CannotLookError("It is no token; token.form says so.") from error

    def seconds(self, *claims: str) -> list[float]:
        """Those of the claims that are times, in seconds from now."""
        found = (self.claims.get(claim) for claim in claims)
        return [value - self.now for value in found if isinstance(value, int | float)]


def _explain(error: Exception) -> str:
    if isinstance(error, httpx.HTTPError):
        return f"The issuer did not answer ({type(error).__name__})."
    return f"The token is not of the expected form ({type(error).__name__})."


TOKEN: Group[Token] = Group("token", _explain)

_FRESH = "make -s token [STACK=...], or reload the page and sign in"


def token_of(text: str) -> str:
    """The token in what a person pasted: `Authorization: Bearer ...`, or the token alone."""
    return text.strip().removeprefix("Authorization:").strip().removeprefix("Bearer ").strip()


@TOKEN.check("form", "three parts, JSON, signed by RS256", Symptom.REFUSED)
def form(token: Token) -> Iterator[Fault]:
    try:
        algorithm = token.parts[0].get("alg")
    except ValueError:
        yield Fault(
            f"{len(token.text)} characters that are no JSON Web Token",
            "three parts with dots between them, without quotation marks or line breaks",
            f"Copy it whole: {_FRESH}",
        )
        return
    if algorithm != "RS256":
        yield Fault(f"signed by {algorithm!r:.20}", "RS256, which is what Cognito does", _FRESH)


@TOKEN.check("kind", "token_use", Symptom.REFUSED)
def kind(token: Token) -> Iterator[Fault]:
    found = token.claims.get("token_use")
    if found != "id":
        yield Fault(
            "an access token" if found == "access" else "a token without a token_use of Cognito's",
            "an ID token: it has the audience that the runtime asks for, and an access token has "
            "none",
            f"Send id_token, not access_token: {_FRESH}",
        )


@TOKEN.check("issuer", "iss", Symptom.REFUSED)
def issuer(token: Token) -> Iterator[Fault]:
    if token.claims.get("iss") != token.outputs["Issuer"]:
        yield Fault(
            f"{token.claims.get('iss')!s:.200}",
            f"{token.outputs['Issuer']}: a token of another stack's pool opens nothing here",
            _FRESH,
        )


@TOKEN.check("audience", "aud", Symptom.REFUSED)
def audience(token: Token) -> Iterator[Fault]:
    if token.claims.get("token_use") != "id":
        raise CannotLookError("Only an ID token has an audience.")
    if token.claims.get("iss") != token.outputs["Issuer"]:
        raise CannotLookError("It is of another pool, whose clients are others.")
    if token.claims.get("aud") != token.outputs["UserPoolClientId"]:
        yield Fault(
            f"{token.claims.get('aud')!s:.200}",
            f"{token.outputs['UserPoolClientId']}, the page's client",
            f"Sign in through this stack's page, not another client of the pool: {_FRESH}",
        )


@TOKEN.check("expiry", "exp", Symptom.REFUSED)
def expiry(token: Token) -> Iterator[Fault]:
    left = token.seconds("exp")
    if not left or left[0] < EARLY_SECONDS:
        told = f"expired {-left[0]:.0f} s ago" if left and left[0] <= 0 else ""
        yield Fault(
            told or (f"expires in {left[0]:.0f} s" if left else "never expires"),
            f"at least {EARLY_SECONDS} s left: AgentCore refuses a token in its last minute",
            _FRESH,
        )


@TOKEN.check("clock", "iat and nbf", Symptom.REFUSED)
def clock(token: Token) -> Iterator[Fault]:
    """A token made in the future was not: one of the two clocks is wrong."""
    ahead = max(token.seconds("iat", "nbf"), default=0)
    if ahead > SKEW_SECONDS:
        yield Fault(
            f"made, or good, {ahead:.0f} s in the future, by this machine's clock",
            f"the same time here and there, within {SKEW_SECONDS} s",
            SET_CLOCK,
        )


@TOKEN.check("signature", "the signature, by the issuer's published keys", Symptom.REFUSED)
def signature(token: Token) -> Iterator[Fault]:
    if token.claims.get("iss") != token.outputs["Issuer"] or token.parts[0].get("alg") != "RS256":
        raise CannotLookError("It is not of this stack's issuer, so its keys do not matter.")
    address = f"{token.outputs['Issuer']}/.well-known/jwks.json"
    keys = KeySet.import_key_set(token.http.get(address).raise_for_status().json())
    try:
        jwt.decode(token.text, keys, algorithms=["RS256"])
    except (JoseError, ValueError) as error:
        yield Fault(
            f"not by a key that the issuer publishes ({type(error).__name__})",
            "a signature by one of the issuer's keys: the token was changed, cut off, or made "
            "before `make dev` was given new keys",
            _FRESH,
        )


def judge(text: str, outputs: Mapping[str, str], http: httpx.Client) -> Token:
    """The token in a text, judged now."""
    return Token(token_of(text), outputs, http, time.time())
