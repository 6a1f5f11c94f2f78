"""The aws_proxy integration: a Lambda function gets the request as an event and makes the answer.

Sources: "Lambda proxy integrations in API Gateway" (the event of format 1.0, the answer's form; a
malformed answer is a 502 "Internal server error"), "Quotas for configuring and running a REST API".
An answer with a key of another name counts as malformed, as in the SAM CLI's local API.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local.errors import TemplateError
from local.functions import FunctionError
from local.gateway import strict_schema
from local.gateway.context import CLAIMS
from local.gateway.exchange import Exchange, Headers, Refusal, decode, encode
from local.gateway.proxy import BUFFERED_MS, LEAST_MS

Invoke = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Runs a function with an event. Raises FunctionError."""

_ARN = re.compile(r"arn:[^:]+:apigateway:[^:]+:lambda:path/2015-03-31/functions/(.+?)/invocations")
_KEYS = {
    *("type", "httpMethod", "uri", "timeoutInMillis", "passthroughBehavior", "contentHandling"),
    *("connectionType", "credentials", "responseTransferMode"),
}
_ANSWER = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies"}


@dataclass(frozen=True)
class LambdaProxy:
    """A parsed aws_proxy integration."""

    function: str
    """Its ARN."""
    variables: Mapping[str, Any]
    """Of the stage."""
    binary: tuple[str, ...]
    """Media types whose bodies travel as base64."""
    timeout_s: float

    @classmethod
    def of(
        cls,
        definition: dict[str, Any],
        variables: Mapping[str, Any],
        binary: tuple[str, ...],
        place: str,
    ) -> "LambdaProxy":
        """Parse one. Raises TemplateError."""
        found = strict_schema.keys(definition, _KEYS, place)
        # A function is invoked with POST, whatever the method of the route.
        strict_schema.choice(found.get("httpMethod"), {"POST"}, f"{place}.httpMethod")
        mode = found.get("responseTransferMode", "BUFFERED")
        strict_schema.choice(mode, {"BUFFERED"}, f"{place}.responseTransferMode")
        match = _ARN.fullmatch(strict_schema.text(found.get("uri"), f"{place}.uri"))
        if not match:
            raise TemplateError(
                f"{place}.uri: `{found['uri']}` is not an address of a function: "
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                "${Function.Arn}/invocations"
            )
        timeout = strict_schema.number(
            found.get("timeoutInMillis", BUFFERED_MS),
            LEAST_MS,
            BUFFERED_MS,
            f"{place}.timeoutInMillis",
        )
        return cls(match[1], variables, binary, timeout / 1000)

    async def answer(
        self, exchange: Exchange, body: bytes, invoke: Invoke, log: Callable[[str], None]
    ) -> None:
        """Answer with what the function makes of the request. What goes wrong in it is a 502, and
        the log says what."""
        try:
            async with asyncio.timeout(self.timeout_s):
                result = await invoke(self._event(exchange, body))
            status, headers, answer = _read(result, bool(self.binary))
        except TimeoutError as error:
            raise Refusal("INTEGRATION_TIMEOUT") from error
        except (FunctionError, _MalformedError) as error:
            log(f"{exchange.method} {exchange.context['resourcePath']}: {error}")
            raise Refusal("DEFAULT_5XX", status=502) from error
        exchange.context["integration.status"] = exchange.context["integrationStatus"] = "200"
        await exchange.start(status, headers)
        await exchange.end(answer)

    def _event(self, exchange: Exchange, body: bytes) -> dict[str, Any]:
        """The event, in which what is empty is null."""
        headers: dict[str, list[str]] = {}
        for key, value in exchange.headers:
            headers.setdefault(_cased(decode(key)), []).append(decode(value))
        query = parse_qs(decode(exchange.query), keep_blank_values=True)
        encoded = any(_fits(exchange.media_type(), kind) for kind in self.binary)
        text = base64.b64encode(body).decode() if encoded else body.decode(errors="replace")
        context = exchange.context
        claims = {
            name.removeprefix(CLAIMS): value
            for name, value in context.items()
            if name.startswith(CLAIMS)
        }
        resource = context["resourcePath"]
        path = context["path"]
        stage = context["stage"]
        return {
            "resource": resource,
            "path": path.removeprefix(f"/{stage}") or "/",
            "httpMethod": exchange.method,
            "headers": {name: values[-1] for name, values in headers.items()} or None,
            "multiValueHeaders": headers or None,
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": dict(exchange.path_parameters) or None,
            "stageVariables": {name: str(value) for name, value in self.variables.items()} or None,
            "requestContext": {
                "accountId": self.function.split(":")[4],
                "apiId": "local",
                "resourceId": "local",
                "resourcePath": resource,
                "httpMethod": exchange.method,
                "path": path,
                "stage": stage,
                "protocol": context["protocol"],
                "requestId": context["requestId"],
                "extendedRequestId": context["extendedRequestId"],
                "requestTime": context["requestTime"],
                "requestTimeEpoch": int(context["requestTimeEpoch"]),
                "domainName": exchange.header("Host"),
                "identity": {
                    "sourceIp": context["identity.sourceIp"],
                    "userAgent": context["identity.userAgent"],
                },
                **({"authorizer": {"claims": claims}} if claims else {}),
            },
            "body": text or None,
            "isBase64Encoded": encoded and bool(body),
        }


class _MalformedError(Exception):
    """The function's result is no answer. `str()` says what is wrong with it."""


def _read(result: Any, decodes: bool) -> tuple[int, Headers, bytes]:
    """Status, headers and body of a result."""
    if not isinstance(result, dict):
        raise _MalformedError("malformed answer: it is not an object with a statusCode")
    if extra := result.keys() - _ANSWER:
        raise _MalformedError(f"malformed answer: it has the keys {sorted(map(str, extra))}")
    status = str(result.get("statusCode"))
    if not re.fullmatch("[1-5][0-9]{2}", status):
        raise _MalformedError(f"malformed answer: its statusCode is {status}")
    headers: dict[str, list[str]] = {}
    for key, several in (("headers", False), ("multiValueHeaders", True)):
        given = result.get(key) or {}
        if not isinstance(given, dict):
            raise _MalformedError(f"malformed answer: {key} is no object")
        for name, value in given.items():
            if isinstance(value, list) is not several or isinstance(value, dict):
                raise _MalformedError(f"malformed answer: {key} has no text for {name}")
            # A name in both lists counts once, with the many values.
            headers[str(name).lower()] = [_text(each) for each in (value if several else [value])]
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise _MalformedError("malformed answer: its body is not text (json.dumps makes it one)")
    content = (body or "").encode()
    if result.get("isBase64Encoded") and decodes:
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise _MalformedError("malformed answer: its body is not base64") from error
    headers.setdefault("content-type", ["application/json"])
    if status != "204":
        headers["content-length"] = [str(len(content))]
    flat = [(encode(name), encode(each)) for name, values in headers.items() for each in values]
    return int(status), flat, content


def _text(value: Any) -> str:
    """A header's value as API Gateway writes it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\r" in text or "\n" in text:
        raise _MalformedError("malformed answer: a header has a line break")
    return text


def _cased(name: str) -> str:
    """A header's name as clients write it, and as HTTP/1.1 API Gateway passes it on."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _fits(media_type: str, pattern: str) -> bool:
    return pattern in ("*/*", media_type) or (
        pattern.endswith("/*") and media_type.startswith(pattern[:-1])
    )
