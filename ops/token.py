"""`make token`: an ID token, got the way the page gets one: authorization code with PKCE."""

import base64
import hashlib
import secrets
import sys
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx

from local.stack import DEMO_EMAIL, DEMO_PASSWORD
from ops.outputs import read_outputs


class SignInError(Exception):
    """The sign-in did not give a token. `str()` says at which step, and holds no secret."""


class _HiddenFields(HTMLParser):
    """The hidden fields of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.fields[str(found["name"])] = found.get("value") or ""


def sign_in(outputs: dict[str, str], email: str, password: str) -> dict[str, str]:
    """Sign in at `LoginUrl` and return the token endpoint's answer: id_token, access_token,
    refresh_token, expires_in (seconds) and token_type. Raises SignInError."""
    login, redirect = outputs["LoginUrl"], outputs["SpaUrl"]
    client_id = outputs["UserPoolClientId"]
    verifier = secrets.token_urlsafe(48)
    challenge = hashlib.sha256(verifier.encode()).digest()
    state = secrets.token_urlsafe(16)
    try:
        with httpx.Client(follow_redirects=True, trust_env=False) as browser:
            page = browser.get(
                f"{login}/oauth2/authorize",
                params={
                    "client_id": client_id,
                    "redirect_uri": redirect,
                    "response_type": "code",
                    "scope": "openid email profile",
                    "state": state,
                    "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
                    "code_challenge_method": "S256",
                },
            )
            form = _HiddenFields()
            form.feed(page.text)
            answer = browser.post(
                page.url,
                data={**form.fields, "username": email, "password": password},
                follow_redirects=False,
            )
            target = answer.headers.get("location", "")
            returned = parse_qs(urlsplit(target).query)
            if not target.startswith(redirect) or returned.get("state") != [state]:
                raise SignInError(f"{login} did not accept this email and password.")
            tokens = browser.post(
                f"{login}/oauth2/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": client_id,
                    "redirect_uri": redirect,
                    "code": returned["code"][0],
                    "code_verifier": verifier,
                },
            )
            granted: dict[str, str] = tokens.raise_for_status().json()
            return granted
    except httpx.HTTPError as error:
        raise SignInError(
            f"{login} did not answer as expected ({type(error).__name__})."
        ) from error


if __name__ == "__main__":
    try:
        print(sign_in(read_outputs(), DEMO_EMAIL, DEMO_PASSWORD)["id_token"])
    except SignInError as failure:
        sys.exit(str(failure))
