"""The pool as a token issuer: discovery document, key set, ID and access tokens.

Claims are those of developerguide/amazon-cognito-user-pools-using-the-id-token.html and
-using-the-access-token.html (under docs.aws.amazon.com/cognito/latest/).
"""

import uuid
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from local.pool.config import PoolConfig
from local.pool.store import Grant, PoolStore, User


class TokenRefusedError(Exception):
    """An access token that this pool does not honour (any more)."""


@dataclass(frozen=True)
class Issuer:
    config: PoolConfig
    store: PoolStore
    origin: str  # of the login domain, such as http://localhost:3002

    @property
    def url(self) -> str:
        return f"{self.origin}/{self.config.pool_id}"

    def discovery(self) -> dict[str, Any]:
        """The document as Cognito publishes it, key for key.

        It has no code_challenge_methods_supported although PKCE works, as people who configured
        clients by discovery found out; nor has ours, so that they find out here.
        """
        return {
            "authorization_endpoint": f"{self.origin}/oauth2/authorize",
            "end_session_endpoint": f"{self.origin}/logout",
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": f"{self.origin}/oauth2/revoke",
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": f"{self.origin}/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": f"{self.origin}/oauth2/userInfo",
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.store.keys.values()]}

    def id_token(self, grant: Grant, user: User, event_id: str, nonce: str | None) -> str:
        claims = {
            **self._claims("id", grant, event_id, self.config.id_token_seconds),
            **self.attributes(user, grant.scopes),
            "aud": grant.client_id,
            "cognito:username": user.sub,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return _sign(claims, self.store.keys["id"])

    def access_token(self, grant: Grant, user: User, event_id: str) -> str:
        claims = {
            **self._claims("access", grant, event_id, self.config.access_token_seconds),
            "client_id": grant.client_id,
            "scope": " ".join(grant.scopes),
            "username": user.sub,
            "version": 2,
        }
        return _sign(claims, self.store.keys["access"])

    def attributes(self, user: User, scopes: list[str]) -> dict[str, Any]:
        """The attributes that scopes and ReadAttributes open to the client.

        `openid` alone opens all of them, beside other scopes each opens its own
        (developerguide/userinfo-endpoint.html).
        """
        if "email" not in scopes and {"phone", "profile"} & set(scopes):
            return {}
        values = {"email": user.email, "email_verified": user.email_verified}
        return {name: values[name] for name in values if name in self.config.read_attributes}

    def grant_of(self, access_token: str) -> Grant:
        """The live grant of an access token; raises TokenRefusedError."""
        try:
            token = jwt.decode(access_token, self.store.keys["access"], algorithms=["RS256"])
        except (JoseError, ValueError) as error:
            raise TokenRefusedError from error
        claims = token.claims
        grant = self.store.grant(claims["origin_jti"])
        if grant is None or claims["iss"] != self.url or self.store.now() >= claims["exp"]:
            raise TokenRefusedError
        return grant

    def _claims(self, use: str, grant: Grant, event_id: str, seconds: int) -> dict[str, Any]:
        now = int(self.store.now())
        return {
            "auth_time": grant.auth_time,
            "event_id": event_id,
            "exp": now + seconds,
            "iat": now,
            "iss": self.url,
            "jti": str(uuid.uuid4()),
            "origin_jti": grant.id,
            "sub": grant.sub,
            "token_use": use,
        }


def _sign(claims: dict[str, Any], key: RSAKey) -> str:
    # Cognito's header holds these two and no typ.
    header = {"kid": key.kid, "alg": "RS256"}
    return jwt.encode(header, claims, key, algorithms=["RS256"], default_type=None)
