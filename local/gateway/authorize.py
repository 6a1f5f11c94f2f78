"""The Cognito user pool authorizer.

Source: "Control access to REST APIs using Amazon Cognito user pools as an authorizer". Without
scopes on the operation an ID token is expected, with scopes an access token that has one of them.
It does not look at the audience: a token of any client of the pool passes, which is one reason
why the runtime checks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.context import CLAIMS
from local.gateway.exchange import Exchange, Refusal
from local.tokens import TokenError, Verifier

_COGNITO = "cognito_user_pools"


@dataclass(frozen=True)
class Authorizer:
    """One security scheme: the header the token comes in, the pools that may have signed it."""

    header: str
    provider_arns: tuple[str, ...]

    @classmethod
    def of(cls, definition: Any, place: str) -> "Authorizer":
        """Parse one of components.securitySchemes."""
        kind, details = "x-amazon-apigateway-authtype", "x-amazon-apigateway-authorizer"
        found = strict_schema.keys(
            definition, {"type", "in", "name", "description", kind, details}, place
        )
        strict_schema.choice(found.get("type"), {"apiKey"}, f"{place}.type")
        strict_schema.choice(found.get("in"), {"header"}, f"{place}.in")
        strict_schema.choice(found.get(kind), {_COGNITO}, f"{place}.{kind}")
        authorizer = strict_schema.keys(
            found.get(details), {"type", "providerARNs"}, f"{place}.{details}"
        )
        strict_schema.choice(authorizer.get("type"), {_COGNITO}, f"{place}.{details}.type")
        arns = strict_schema.texts(
            authorizer.get("providerARNs"), f"{place}.{details}.providerARNs"
        )
        if not arns:
            raise TemplateError(f"{place}.{details}.providerARNs: name at least one user pool.")
        return cls(strict_schema.text(found.get("name"), f"{place}.name"), arns)

    async def admit(
        self, exchange: Exchange, scopes: Sequence[str], verifiers: Mapping[str, Verifier]
    ) -> None:
        """Put the token's claims into the context, or raise Refusal(UNAUTHORIZED).

        `verifiers` has one for each pool ARN. "Bearer " before the token is optional.
        """
        token = (exchange.header(self.header) or "").removeprefix("Bearer ").strip()
        if not token:
            raise Refusal("UNAUTHORIZED")
        for arn in self.provider_arns:
            try:
                claims = await verifiers[arn].claims(token)
            except TokenError:
                continue
            granted = str(claims.get("scope", "")).split()
            if claims.get("token_use") == ("access" if scopes else "id") and (
                not scopes or any(scope in granted for scope in scopes)
            ):
                exchange.context.update(
                    {f"{CLAIMS}{name}": _text(value) for name, value in claims.items()}
                )
                return
        raise Refusal("UNAUTHORIZED")


def _text(claim: Any) -> str:
    """A claim as API Gateway shows it: always text."""
    if isinstance(claim, list):
        return ",".join(map(str, claim))
    return str(claim).lower() if isinstance(claim, bool) else str(claim)
