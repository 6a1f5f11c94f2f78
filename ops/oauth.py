"""The authorization code flow with PKCE, for a sign-in that begins in a terminal, and the renewal
of what it gave.

Endpoints and answers: "Authorize endpoint" and "The token issuer endpoint" in the Amazon Cognito
developer guide; the local pool answers the same.
"""

import base64
import hashlib
import json
import re
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from ops.outputs import is_local

Tokens = dict[str, str]
"""The token endpoint's answer: id_token, access_token, refresh_token, expires_in, token_type."""

_EARLY_SECONDS = 120
"""AgentCore refuses a token in its last minute; the minute before is for a slow first answer."""


class SignInError(Exception):
    """The sign-in did not give a token. `str()` says at which step, and holds no secret."""


@dataclass(frozen=True)
class CodeFlow:
    """One sign-in: where it begins, and what its end is checked with."""

    login_url: str
    client_id: str
    redirect_uri: str
    verifier: str
    state: str

    @classmethod
    def begin(cls, outputs: Mapping[str, str], redirect_uri: str) -> Self:
        """A sign-in at a stack, which ends at `redirect_uri`, one of its callback addresses."""
        return cls(
            outputs["LoginUrl"],
            outputs["UserPoolClientId"],
            redirect_uri,
            verifier=secrets.token_urlsafe(48),
            state=secrets.token_urlsafe(16),
        )

    def address(self, email: str = "") -> str:
        """Where a browser begins; `email` fills the form's first field."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid email profile",
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"login_hint": email} if email else {}),
        }
        return f"{self.login_url}/oauth2/authorize?{urlencode(query)}"

    def is_ours(self, returned: str) -> bool:
        """Whether an address that a browser was sent to ends this sign-in, and no other."""
        state = parse_qs(urlsplit(returned).query).get("state", [""])[0]
        return secrets.compare_digest(state.encode(), self.state.encode())

    def redeem(self, returned: str, http: httpx.Client) -> Tokens:
        """The tokens for the code in an address that `is_ours`. Raises SignInError."""
        query = parse_qs(urlsplit(returned).query)
        if "code" not in query:
            error = query.get("error", [""])[0]
            named = error if re.fullmatch(r"[a-z_]{1,40}", error) else "no code"
            raise SignInError(f"{self.login_url} sent the browser back without a code ({named}).")
        return _ask_for_tokens(
            http,
            self.login_url,
            {
                "grant_type": "authorization_code",
                "client_id": self.client_id,
                "redirect_uri": self.redirect_uri,
                "code": query["code"][0],
                "code_verifier": self.verifier,
            },
        )


class SignedIn:
    """A person who signed in at a stack, with tokens that are renewed before they expire."""

    def __init__(self, outputs: Mapping[str, str], tokens: Tokens) -> None:
        self._outputs = outputs
        self._take(tokens)

    @property
    def access_token(self) -> str:
        return self._tokens["access_token"]

    def id_token(self) -> str:
        """An ID token that is good for another two minutes. Raises SignInError."""
        if time.time() > self._renew_at:
            self.renew()
        return self._tokens["id_token"]

    def renew(self) -> None:
        """Exchange the refresh token. Raises SignInError."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._outputs["UserPoolClientId"],
            "refresh_token": self._tokens["refresh_token"],
        }
        with open_http() as http:
            # The pool rotates refresh tokens; one that does not sends none, and the old one stays.
            self._take(self._tokens | _ask_for_tokens(http, self._outputs["LoginUrl"], form))

    def _take(self, tokens: Tokens) -> None:
        self._tokens = tokens
        claims = decode_part(tokens["id_token"].split(".")[1])
        # The token's length by its own account, counted from now: this clock may be wrong.
        self._renew_at = time.time() + claims["exp"] - claims["iat"] - _EARLY_SECONDS


def decode_part(part: str) -> dict[str, Any]:
    """A token's header or claims, unverified. Raises ValueError for what is neither."""
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the caller's one kind of failure
    return found


def open_http() -> httpx.Client:
    """An HTTP client for a stack. A proxy of this shell is on the way to AWS, and not to here.

    Ends the command with a sentence when the shell's proxies or certificates cannot be used.
    """
    try:
        return httpx.Client(trust_env=not is_local(), timeout=httpx.Timeout(60, connect=10))
    except (ImportError, OSError, ValueError, httpx.InvalidURL):
        # Here, because boto3 takes a moment to import.
        from ops import aws

        sys.exit(aws.UNUSABLE_WAY)


def _ask_for_tokens(http: httpx.Client, login_url: str, form: Mapping[str, str]) -> Tokens:
    try:
        answer = http.post(f"{login_url}/oauth2/token", data=dict(form))
        if answer.status_code == httpx.codes.OK:
            tokens: Tokens = answer.json()
            return tokens
        raise SignInError(f"{login_url} gave no tokens ({answer.json()['error']}): sign in again.")
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise SignInError(
            f"{login_url} did not answer as expected ({type(error).__name__})."
        ) from error
