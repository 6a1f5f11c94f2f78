"""Gateway responses: what API Gateway answers when it does not pass a request on.

Types, default status and fallbacks: "Gateway response types for API Gateway"; header mapping and
templates: "Set up a gateway response for a REST API using OpenAPI". The 413 for a request body
over the limit cannot be customised ("Amazon API Gateway important notes").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.context import fill, is_known, names
from local.gateway.exchange import Exchange, Refusal
from local.gateway.expressions import Expression, Mapped, headers

# Type: (default status, default message). The messages are those API Gateway answers with.
TYPES: Mapping[str, tuple[int, str]] = {
    "ACCESS_DENIED": (403, "User is not authorized to access this resource"),
    "API_CONFIGURATION_ERROR": (500, "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal server error"),
    "AUTHORIZER_FAILURE": (500, "Internal server error"),
    "BAD_REQUEST_BODY": (400, "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": (400, "Bad request"),
    "DEFAULT_4XX": (400, "Bad Request"),
    "DEFAULT_5XX": (500, "Internal server error"),
    "EXPIRED_TOKEN": (403, "The security token included in the request is expired"),
    "INTEGRATION_FAILURE": (504, "Network error communicating with endpoint"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out"),
    "INVALID_API_KEY": (403, "Forbidden"),
    "INVALID_SIGNATURE": (403, "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long"),
    "RESOURCE_NOT_FOUND": (404, "Not Found"),
    "THROTTLED": (429, "Too Many Requests"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type"),
    "WAF_FILTERED": (403, "Forbidden"),
}
NOT_CUSTOMISABLE = "REQUEST_TOO_LARGE"

_HEADER = "gatewayresponse.header."
_JSON = "application/json"
_BUILT_IN = '{"message":$context.error.messageString}'


@dataclass(frozen=True)
class GatewayResponse:
    """One customised answer; None where the template leaves API Gateway's own."""

    status: int | None = None
    headers: Mapped = ()
    template: str = _BUILT_IN

    @classmethod
    def of(cls, definition: Any, place: str) -> "GatewayResponse":
        """Parse one entry of x-amazon-apigateway-gateway-responses."""
        found = strict_schema.keys(
            definition, {"statusCode", "responseParameters", "responseTemplates"}, place
        )
        status = found.get("statusCode")
        parameters = strict_schema.mapping(
            found.get("responseParameters", {}), f"{place}.responseParameters"
        )
        mapped = []
        for target, written in parameters.items():
            here = f"{place}.responseParameters.{target}"
            if not target.startswith(_HEADER) or target == _HEADER:
                raise TemplateError(f"{here}: only `{_HEADER}NAME` is known to the local gateway.")
            mapped.append((target.removeprefix(_HEADER), Expression.of(written, None, here)))
        templates = strict_schema.keys(
            found.get("responseTemplates", {}), {_JSON}, f"{place}.responseTemplates"
        )
        template = templates.get(_JSON, _BUILT_IN)
        for name in names(strict_schema.text(template, f"{place}.responseTemplates.{_JSON}")):
            if not is_known(name):
                raise TemplateError(
                    f"{place}.responseTemplates: `$context.{name}` is not a variable known here."
                )
        return cls(
            int(strict_schema.number(status, 100, 599, f"{place}.statusCode")) if status else None,
            tuple(mapped),
            template,
        )


@dataclass(frozen=True)
class GatewayResponses:
    """All customised answers of an API, by type."""

    by_type: Mapping[str, GatewayResponse]

    @classmethod
    def of(cls, definition: Any, place: str) -> "GatewayResponses":
        """Parse x-amazon-apigateway-gateway-responses."""
        found = strict_schema.keys(definition, TYPES, place)
        return cls(
            {kind: GatewayResponse.of(entry, f"{place}.{kind}") for kind, entry in found.items()}
        )

    async def send(self, refusal: Refusal, exchange: Exchange) -> None:
        """Answer the client with the response of the refusal's type, or with its fallback."""
        status, message = TYPES[refusal.kind]
        fallback = "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX"
        default = self.by_type.get(fallback, GatewayResponse())
        response = self.by_type.get(refusal.kind, default)
        if refusal.kind == NOT_CUSTOMISABLE:
            response = default = GatewayResponse()
        exchange.context["error.message"] = refusal.message or message
        exchange.context["error.responseType"] = refusal.kind
        if refusal.detail:
            exchange.context["error.validationErrorString"] = refusal.detail
        mapped = headers(response.headers, exchange)
        body = fill(response.template, exchange.context, absent="").encode()
        chosen = response.status or default.status or refusal.status or status
        await exchange.answer(chosen, mapped, body)
