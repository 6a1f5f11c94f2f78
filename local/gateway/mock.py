"""The mock integration: an answer without a backend, such as the one to a CORS preflight.

Source: "Mock integrations for REST APIs in API Gateway". Its request template names the status of
the response to choose. Templates are plain text here: VTL stops the start.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.exchange import Exchange, Refusal
from local.gateway.expressions import Declared, Expression, Mapped, headers
from local.gateway.validate import rejects_unmapped

_HEADER = "method.response.header."


@dataclass(frozen=True)
class MockResponse:
    """One answer: status, mapped headers, body."""

    status: int
    headers: Mapped
    body: str


@dataclass(frozen=True)
class Mock:
    """A parsed mock integration."""

    statuses: Mapping[str, int]  # request media type: the statusCode its request template names
    responses: Mapping[str, MockResponse]  # by statusCode as text, and "default"
    rejects_unmapped: bool  # passthroughBehavior: never

    @classmethod
    def of(
        cls,
        definition: dict[str, Any],
        declared: Declared,
        answers: Mapping[str, Set[str]],
        place: str,
    ) -> "Mock":
        """Parse one; `answers` are the operation's responses: the headers declared by status."""
        found = strict_schema.keys(
            definition,
            {
                "type",
                "passthroughBehavior",
                "requestTemplates",
                "responses",
                "responseTransferMode",
            },
            place,
        )
        if found.get("responseTransferMode", "BUFFERED") != "BUFFERED":
            raise TemplateError(
                f"{place}.responseTransferMode: a mock integration cannot stream; "
                "STREAM needs http_proxy."
            )
        here = f"{place}.requestTemplates"
        templates = strict_schema.mapping(found.get("requestTemplates"), here)
        statuses = {kind: _status(text, f"{here}.{kind}") for kind, text in templates.items()}
        here = f"{place}.responses"
        responses = {}
        for key, entry in strict_schema.mapping(found.get("responses"), here).items():
            if key != "default" and not key.isdigit():
                raise TemplateError(
                    f"{here}.{key}: only `default` and a status code are known, not a pattern."
                )
            responses[key] = _response(entry, declared, answers, f"{here}.{key}")
        return cls(statuses, responses, rejects_unmapped(found, place))

    async def answer(self, exchange: Exchange) -> None:
        """Answer the request; Refusal if nothing is mapped for its media type or status."""
        status = self.statuses.get(exchange.media_type())
        if status is None and self.rejects_unmapped:
            raise Refusal("UNSUPPORTED_MEDIA_TYPE")
        response = self.responses.get(str(status), self.responses.get("default"))
        if status is None or response is None:
            raise Refusal("API_CONFIGURATION_ERROR")
        await exchange.answer(
            response.status, headers(response.headers, exchange), response.body.encode()
        )


def _status(template: Any, place: str) -> int:
    try:
        found = strict_schema.keys(json.loads(template), {"statusCode"}, place)
    except (TypeError, ValueError) as error:
        raise TemplateError(
            f'{place}: only plain JSON such as {{"statusCode": 200}} is known, not VTL.'
        ) from error
    return int(strict_schema.number(found.get("statusCode"), 100, 599, f"{place}.statusCode"))


def _response(
    definition: Any, declared: Declared, answers: Mapping[str, Set[str]], place: str
) -> MockResponse:
    found = strict_schema.keys(
        definition, {"statusCode", "responseParameters", "responseTemplates"}, place
    )
    status = int(strict_schema.number(found.get("statusCode"), 100, 599, f"{place}.statusCode"))
    if str(status) not in answers:
        raise TemplateError(f"{place}: the operation's responses do not declare status {status}.")
    mapped = []
    parameters = strict_schema.mapping(
        found.get("responseParameters", {}), f"{place}.responseParameters"
    )
    for target, written in parameters.items():
        here = f"{place}.responseParameters.{target}"
        name = target.removeprefix(_HEADER)
        if name == target or name not in answers[str(status)]:
            raise TemplateError(
                f"{here}: it must be `{_HEADER}NAME`, of a header that the operation's "
                f"response {status} declares."
            )
        mapped.append((name, Expression.of(written, declared, here)))
    templates = strict_schema.keys(
        found.get("responseTemplates", {}), {"application/json"}, f"{place}.responseTemplates"
    )
    body = templates.get("application/json", "")
    if not isinstance(body, str) or "$" in body or "#" in body:
        raise TemplateError(f"{place}.responseTemplates: only plain text is known, not VTL.")
    return MockResponse(status, tuple(mapped), body)
