"""The first half of the code flow: what a client asks for when it sends a browser here.

Parameters and answers are those of docs.aws.amazon.com/cognito/latest/developerguide/
authorization-endpoint.html, with two decisions of the local pool's own, both on the strict side:

- PKCE is required (Cognito leaves it to the client): a page that forgot it would sign in with
  Cognito, but unprotected; here it does not sign in at all.
- An unknown scope is refused with invalid_scope. The page says both that and that it is ignored.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636.challenge import CODE_CHALLENGE_PATTERN
from starlette.datastructures import QueryParams

from local.pool.config import PoolConfig


class UntrustedRequestError(Exception):
    """The request names no known client and address: a page says so, and nobody is redirected."""


class RefusedRequestError(Exception):
    """The client asked for what it cannot have; `location` takes the error back to it."""

    def __init__(self, redirect_uri: str, state: str | None, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.location = location(
            redirect_uri, error=error, error_description=description, state=state
        )


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that may be answered with a code once somebody has signed in."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    state: str | None
    nonce: str | None
    prompt: frozenset[str]

    @classmethod
    def of(cls, query: QueryParams, config: PoolConfig) -> Self:
        """Raises UntrustedRequestError or RefusedRequestError."""
        twice = [
            name for name, count in Counter(k for k, _ in query.multi_items()).items() if count > 1
        ]
        if twice:
            raise UntrustedRequestError(f"The parameter {twice[0]} was given more than once.")
        check_client(query, config)
        redirect_uri = query.get("redirect_uri", "")
        check_listed(redirect_uri, "CallbackURLs", config.callback_urls)
        state = query.get("state")

        def refused(error: str, description: str) -> RefusedRequestError:
            return RefusedRequestError(redirect_uri, state, error, description)

        match query.get("response_type"):
            case "code":
                pass
            case "token":
                raise refused("unauthorized_client", "The client has no implicit grant.")
            case _:
                raise refused("invalid_request", "response_type must be code.")
        scopes = tuple(query.get("scope", "").split()) or config.scopes
        if not set(scopes) <= set(config.scopes):
            raise refused("invalid_scope", "The client has no such scope.")
        if "openid" not in scopes and set(scopes) & {"email", "phone", "profile"}:
            raise refused("invalid_scope", "email, phone and profile need openid.")
        challenge = query.get("code_challenge", "")
        if not CODE_CHALLENGE_PATTERN.match(challenge):
            raise refused("invalid_request", "code_challenge is missing or malformed.")
        if query.get("code_challenge_method") != "S256":
            raise refused("invalid_request", "code_challenge_method must be S256.")
        return cls(
            client_id=config.client_id,
            redirect_uri=redirect_uri,
            scopes=scopes,
            code_challenge=challenge,
            state=state,
            nonce=query.get("nonce"),
            prompt=frozenset(query.get("prompt", "").split()),
        )

    def login_required(self) -> RefusedRequestError:
        """The answer to prompt=none when nobody is signed in."""
        return RefusedRequestError(
            self.redirect_uri, self.state, "login_required", "Nobody is signed in."
        )

    def answer(self, code: str) -> str:
        """The address that takes the code to the client."""
        return location(self.redirect_uri, code=code, state=self.state)


def check_client(query: QueryParams, config: PoolConfig) -> None:
    """Raises UntrustedRequestError unless the query names the pool's client."""
    if query.get("client_id") != config.client_id:
        raise UntrustedRequestError("No client of this user pool has the client_id of the request.")


def check_listed(url: str, name: str, urls: tuple[str, ...]) -> None:
    """Raises UntrustedRequestError unless an address is one of the client's, letter by letter."""
    if url not in urls:
        raise UntrustedRequestError(
            f"The address {url or '(none)'} is not in the client's {name} in template.yaml, which "
            f"hold {', '.join(urls)}. They are compared letter by letter."
        )


def origin_of(url: str) -> str:
    """What a content security policy calls an address: scheme and host, or a bare scheme."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def location(uri: str, **parameters: str | None) -> str:
    return str(add_params_to_uri(uri, [(k, v) for k, v in parameters.items() if v is not None]))
