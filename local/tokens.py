"""Checks a token against its issuer's published keys, as both doors do, each on its own."""

import asyncio
import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

REFETCH_SECONDS = 5.0
"""A token with an unknown key id makes the keys be fetched again, but not more often than this."""


class TokenError(Exception):
    """The token is refused. `str()` says why in a few words and holds no part of the token."""


class Verifier:
    """Verifies RS256 tokens of one issuer, found through its discovery document."""

    def __init__(self, discovery_url: str, http: httpx.AsyncClient) -> None:
        self._discovery_url = discovery_url
        self._http = http
        self._issuer = ""
        self._keys = KeySet([])
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()  # tokens that come together wait for one fetch

    async def claims(self, token: str) -> dict[str, Any]:
        """The token's claims, after checking signature, `iss`, `exp`, `nbf` and `iat`.

        Audience and `token_use` are for the caller to judge. Raises TokenError.
        """
        try:
            decoded = self._decode(token)
        except InvalidKeyIdError:
            await self._fetch_keys()  # the first token of all, or the issuer has a new key
            try:
                decoded = self._decode(token)
            except InvalidKeyIdError as error:
                raise TokenError("the issuer has no such key") from error
        try:
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self._issuer},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(decoded.claims)
        except JoseError as error:
            raise TokenError(error.error) from error
        return dict(decoded.claims)

    def _decode(self, token: str) -> jwt.Token:
        try:
            # RS256 alone: neither `none` nor an HMAC keyed with the public key is ever tried.
            return jwt.decode(token, self._keys, algorithms=["RS256"])
        except InvalidKeyIdError:
            raise
        except (JoseError, ValueError) as error:
            raise TokenError("the token is malformed or its signature is wrong") from error

    async def _fetch_keys(self) -> None:
        async with self._fetching:
            if time.monotonic() - self._fetched_at < REFETCH_SECONDS:
                return
            try:
                discovery = (await self._http.get(self._discovery_url)).raise_for_status().json()
                keys = (await self._http.get(discovery["jwks_uri"])).raise_for_status().json()
                self._issuer, self._keys = discovery["issuer"], KeySet.import_key_set(keys)
            except (httpx.HTTPError, KeyError, ValueError) as error:
                raise TokenError("the issuer's keys cannot be fetched") from error
            self._fetched_at = time.monotonic()
