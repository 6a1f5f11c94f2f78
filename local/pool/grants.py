"""The second half of the code flow: codes and refresh tokens become tokens, or are revoked.

Errors are those of docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html and
revocation-endpoint.html.
"""

import hmac
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc7636.challenge import CODE_VERIFIER_PATTERN

from local.pool.issuer import Issuer
from local.pool.store import Grant

log = logging.getLogger(__name__)

Form = Mapping[str, str]


class OAuthError(Exception):
    """An error for the client, as JSON: {"error": code, "error_description": words}."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.status = status


def exchange(form: Form, issuer: Issuer) -> dict[str, Any]:
    """The token endpoint: the tokens for an authorization code or a refresh token."""
    grant_type = _parameter(form, "grant_type")
    _check_client(form, issuer, status=400)
    match grant_type:
        case "authorization_code":
            return _redeem_code(form, issuer)
        case "refresh_token":
            return _refresh(form, issuer)
        case "client_credentials":
            raise OAuthError("unauthorized_client", "The client may only use the code grant.")
        case _:
            raise OAuthError("unsupported_grant_type", "Use authorization_code or refresh_token.")


def _redeem_code(form: Form, issuer: Issuer) -> dict[str, Any]:
    store, config = issuer.store, issuer.config
    value = _parameter(form, "code")
    redirect_uri = _parameter(form, "redirect_uri")
    verifier = _parameter(form, "code_verifier")
    code = store.codes.get(value)
    if code is None or code.redeemed or store.now() >= code.expires:
        # Whoever shows a code twice may have stolen it: RFC 6749, 4.1.2 revokes what it gave.
        # What Cognito does beyond invalid_grant is not documented.
        if code and code.grant_id and (replayed := store.grant(code.grant_id)):
            log.warning("a code was shown twice: grant %s revoked", replayed.id)
            store.revoke(replayed)
        raise OAuthError("invalid_grant", "The code is unknown, used or older than five minutes.")
    code.redeemed = True  # whatever comes of it: a verifier cannot be guessed by trying
    if code.request.client_id != config.client_id or code.request.redirect_uri != redirect_uri:
        raise OAuthError("invalid_grant", "The code was issued for another client or address.")
    if not CODE_VERIFIER_PATTERN.match(verifier) or not hmac.compare_digest(
        create_s256_code_challenge(verifier), code.request.code_challenge
    ):
        raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge.")
    grant = store.open_grant(code, config.refresh_token_seconds)
    code.grant_id = grant.id
    tokens = _tokens(grant, issuer, nonce=code.request.nonce)
    return tokens | {"refresh_token": store.add_refresh_token(grant)}


def _refresh(form: Form, issuer: Issuer) -> dict[str, Any]:
    """Tokens for a refresh token; with rotation a new refresh token too.

    Rotated out, a token stays good for RetryGracePeriodSeconds, counted from its first use; after
    that it is refused. The new one lives for what remained to the old one. (developerguide/
    amazon-cognito-user-pools-using-the-refresh-token.html. That a reuse would end the whole family
    is not documented there, and does not happen here.)
    """
    store, config = issuer.store, issuer.config
    token = _parameter(form, "refresh_token")
    grant = store.grant_of(token)
    if grant is None or grant.client_id != config.client_id or store.now() >= grant.expires:
        raise OAuthError("invalid_grant", "The refresh token is unknown, expired or revoked.")
    if store.is_rotated_out(grant, token, config.retry_grace_seconds):
        log.warning("a rotated-out refresh token of grant %s was refused", grant.id)
        raise OAuthError("invalid_grant", "The refresh token was replaced by a newer one.")
    tokens = _tokens(grant, issuer, nonce=None)
    if config.rotates_refresh_tokens:
        tokens["refresh_token"] = store.rotate(grant, token)
    return tokens


def revoke(form: Form, issuer: Issuer) -> None:
    """The revocation endpoint: end a refresh token with its family and their access tokens."""
    _check_client(form, issuer, status=401)
    token = _parameter(form, "token")
    if not issuer.config.revokes_tokens:
        raise OAuthError("invalid_request", "EnableTokenRevocation is false for this client.")
    if token.count(".") == 2:
        raise OAuthError("unsupported_token_type", "Only refresh tokens can be revoked.")
    grant = issuer.store.grant_of(token)
    if grant is not None and grant.client_id == issuer.config.client_id:
        issuer.store.revoke(grant)
        log.info("grant %s revoked", grant.id)


def _tokens(grant: Grant, issuer: Issuer, nonce: str | None) -> dict[str, Any]:
    user = issuer.store.user(grant.sub)
    if user is None:
        raise OAuthError("invalid_grant", "The user is gone.")
    event_id = str(uuid.uuid4())
    tokens: dict[str, Any] = {
        "access_token": issuer.access_token(grant, user, event_id),
        "expires_in": issuer.config.access_token_seconds,
        "token_type": "Bearer",
    }
    if "openid" in grant.scopes:
        tokens["id_token"] = issuer.id_token(grant, user, event_id, nonce)
    return tokens


def _check_client(form: Form, issuer: Issuer, status: int) -> None:
    if _parameter(form, "client_id") != issuer.config.client_id:
        raise OAuthError("invalid_client", "No client of this user pool has that id.", status)


def _parameter(form: Form, name: str) -> str:
    if not form.get(name):
        raise OAuthError("invalid_request", f"{name} is missing.")
    return form[name]
