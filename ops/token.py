"""`make token [EMAIL=] [STACK=]`: an ID token, got the way the page gets one: code and PKCE.

Locally the demo user's, or EMAIL's, whose password is asked for or stands in SLUICE_PASSWORD. At a
deployed stack, that of whoever signs in, in the browser.
"""

import getpass
import os
import sys
from collections.abc import Mapping
from html.parser import HTMLParser

import click
import httpx

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from ops import options
from ops.browser import sign_in_by_browser
from ops.oauth import CodeFlow, SignedIn, SignInError, Tokens, open_http
from ops.outputs import is_local, read_outputs, read_parameters


class HiddenFields(HTMLParser):
    """The hidden fields of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.fields[str(found["name"])] = found.get("value") or ""


def sign_in(outputs: Mapping[str, str], email: str, password: str) -> Tokens:
    """Sign in at a local stack, by its form. Raises SignInError."""
    flow = CodeFlow.begin(outputs, outputs["SpaUrl"])
    with open_http() as browser:
        try:
            page = browser.get(flow.address(), follow_redirects=True)
            form = HiddenFields()
            form.feed(page.text)
            answer = browser.post(
                page.url, data={**form.fields, "username": email, "password": password}
            )
        except httpx.HTTPError as error:
            raise SignInError(
                f"{flow.login_url} did not answer as expected ({type(error).__name__})."
            ) from error
        target = answer.headers.get("location", "")
        if not target.startswith(flow.redirect_uri) or not flow.is_ours(target):
            raise SignInError(f"{flow.login_url} did not accept this email and password.")
        return flow.redeem(target, browser)


def sign_in_here(outputs: Mapping[str, str]) -> SignedIn:
    """Whoever runs this command, signed in at the stack that it is about. Raises SignInError."""
    email = os.environ.get("EMAIL", "")
    if not is_local():
        tokens = sign_in_by_browser(outputs, read_parameters().get("DevUrl", ""), email)
    elif email in ("", DEMO_EMAIL):
        tokens = sign_in(outputs, DEMO_EMAIL, DEMO_PASSWORD)
    else:
        tokens = sign_in(outputs, email, _password_of(email))
    return SignedIn(outputs, tokens)


def _password_of(email: str) -> str:
    if password := os.environ.get("SLUICE_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise SignInError(
            f"The password of {email} can be asked for in a terminal only: set SLUICE_PASSWORD."
        )
    return getpass.getpass(f"Password of {email}: ", stream=sys.stderr)


@click.command
@options.stack
@options.region
@options.email
def main() -> None:
    """An ID token, for curl."""
    try:
        print(sign_in_here(read_outputs()).id_token())
    except SignInError as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, EOFError):
        sys.exit("Not signed in.")
