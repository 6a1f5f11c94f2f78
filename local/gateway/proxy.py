"""The http_proxy integration: the request goes to the endpoint, and its answer comes back.

STREAM passes each chunk on the moment it comes; BUFFERED collects the whole answer first. Sources:
"Stream the integration response for your proxy integrations in API Gateway" (900 s in all, 5 min
or 30 s idle, 10 MB at full speed and 2 MB/s after that), "Quotas for configuring and running a
REST API" (29 s and 10 MB buffered), "Amazon API Gateway important notes" (headers dropped and
remapped). Left out: X-Forwarded-* and X-Amzn-Trace-Id, which API Gateway adds to the request.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx

from local.disconnect import until_gone
from local.errors import TemplateError
from local.gateway import strict_schema
from local.gateway.exchange import Exchange, Headers, Refusal, decode, encode
from local.gateway.expressions import Declared, Expression, Mapped, headers
from local.gateway.validate import rejects_unmapped

METHODS = {"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
BUFFERED_BYTES = 10 * 1024 * 1024
BUFFERED_MS, STREAM_MS, LEAST_MS = 29_000, 900_000, 50
FULL_SPEED_BYTES, SLOW_BYTES_PER_S = 10 * 1024 * 1024, 2 * 1024 * 1024

_KEYS = {
    "connectionType",
    "httpMethod",
    "passthroughBehavior",
    "requestParameters",
    "responseTransferMode",
    "timeoutInMillis",
    "type",
    "uri",
}
_TARGET = re.compile(r"integration\.request\.(header|querystring|path)\.([\w.$-]+)")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade"),
}
_NOT_FORWARDED = _HOP_BY_HOP | {"content-length", "expect", "host", "www-authenticate"}
_REMAPPED = {
    *("authorization", "connection", "date", "server", "user-agent", "www-authenticate"),
    "x-amzn-requestid",
}


@dataclass(frozen=True)
class HttpProxy:
    """A parsed http_proxy integration."""

    method: str  # ANY: the client's own
    uri: str  # may hold {name}, filled from `paths`
    headers: Mapped
    queries: Mapped
    paths: Mapped
    streams: bool
    timeout_s: float  # for the whole integration: headers and body
    rejects_unmapped: bool  # passthroughBehavior: never; no template maps any media type here

    @classmethod
    def of(
        cls,
        definition: dict[str, Any],
        declared: Declared,
        variables: Mapping[str, Any],
        place: str,
    ) -> "HttpProxy":
        """Parse one; the uri may name the stage's `variables` as ${stageVariables.NAME}."""
        found = strict_schema.keys(definition, _KEYS, place)
        strict_schema.choice(
            found.get("connectionType", "INTERNET"), {"INTERNET"}, f"{place}.connectionType"
        )
        mode = strict_schema.choice(
            found.get("responseTransferMode", "BUFFERED"),
            {"BUFFERED", "STREAM"},
            f"{place}.responseTransferMode",
        )
        timeout = strict_schema.number(
            found.get("timeoutInMillis", BUFFERED_MS),
            LEAST_MS,
            STREAM_MS if mode == "STREAM" else BUFFERED_MS,
            f"{place}.timeoutInMillis ({mode})",
        )
        mapped: dict[str, list[tuple[str, Expression]]] = {
            "header": [],
            "querystring": [],
            "path": [],
        }
        here = f"{place}.requestParameters"
        for target, written in strict_schema.mapping(
            found.get("requestParameters", {}), here
        ).items():
            match = _TARGET.fullmatch(target)
            if not match:
                raise TemplateError(
                    f"{here}: `{target}` is not known to the local gateway; it knows "
                    "integration.request.header|querystring|path.NAME."
                )
            mapped[match[1]].append(
                (match[2], Expression.of(written, declared, f"{here}.{target}"))
            )
        uri = strict_schema.text(found.get("uri"), f"{place}.uri")
        for name in _STAGE_VARIABLE.findall(uri):
            strict_schema.choice(name, variables, f"{place}.uri, stage variable")
        uri = _STAGE_VARIABLE.sub(lambda match: str(variables[match[1]]), uri)
        if urlsplit(uri).scheme not in {"http", "https"} or not urlsplit(uri).hostname:
            raise TemplateError(f"{place}.uri: `{uri}` is not an http or https URL.")
        for name in re.findall(r"\{(.*?)\}", uri):
            if name not in dict(mapped["path"]):
                raise TemplateError(
                    f"{place}.uri: map `{{{name}}}` by integration.request.path.{name}."
                )
        return cls(
            strict_schema.choice(found.get("httpMethod"), METHODS, f"{place}.httpMethod"),
            uri,
            tuple(mapped["header"]),
            tuple(mapped["querystring"]),
            tuple(mapped["path"]),
            mode == "STREAM",
            timeout / 1000,
            rejects_unmapped(found, place),
        )

    async def forward(
        self, exchange: Exchange, body: bytes, http: httpx.AsyncClient, idle_s: float
    ) -> None:
        """Answer the client with the endpoint's answer.

        Before the first byte a failure is a Refusal. After it the answer is left without an end,
        so that the server closes the connection and the client sees a cut transfer. A client that
        leaves closes the endpoint's connection at once.
        """
        exchange.context["integration.responseTransferMode"] = (
            "STREAMED" if self.streams else "BUFFERED"
        )
        if self.rejects_unmapped:
            raise Refusal("UNSUPPORTED_MEDIA_TYPE")
        request = self._request(exchange, body, idle_s)
        await until_gone(exchange.receive, self._relay(request, exchange, http))

    async def _relay(
        self, request: httpx.Request, exchange: Exchange, http: httpx.AsyncClient
    ) -> None:
        kind = "INTEGRATION_FAILURE"
        try:
            async with asyncio.timeout(self.timeout_s):
                began = time.monotonic()
                response = await http.send(request, stream=True, follow_redirects=False)
                try:
                    _note(exchange, began, "integration.timeToAllHeaders")
                    exchange.context["integration.status"] = str(response.status_code)
                    exchange.context["integrationStatus"] = str(response.status_code)
                    if self.streams:
                        await _stream(response, exchange, began)
                    else:
                        await _collect(response, exchange)
                finally:
                    _note(exchange, began, "integration.latency", "integrationLatency")
                    await response.aclose()
                return
        except (TimeoutError, httpx.TimeoutException):
            kind = "INTEGRATION_TIMEOUT"
        except httpx.TransportError:
            pass
        exchange.context["error.responseType"] = kind
        if not exchange.started:
            raise Refusal(kind)

    def _request(self, exchange: Exchange, body: bytes, idle_s: float) -> httpx.Request:
        """The request as the endpoint gets it.

        What is mapped replaces what the client sent under that name, also when the mapped source
        is absent. A query parameter in the template's uri wins over the client's of that name.
        """
        uri = self.uri
        for name, expression in self.paths:
            uri = uri.replace(f"{{{name}}}", quote(expression.value(exchange) or "", safe=""))
        target = urlsplit(uri)
        fixed = parse_qsl(target.query, keep_blank_values=True)
        for name, expression in self.queries:
            value = expression.value(exchange)
            fixed = [pair for pair in fixed if pair[0] != name]
            fixed += [(name, value)] if value is not None else []
        taken = {name for name, _ in fixed} | {name for name, _ in self.queries}
        asked = parse_qsl(decode(exchange.query), keep_blank_values=True)
        query = urlencode(fixed + [pair for pair in asked if pair[0] not in taken])
        dropped = _NOT_FORWARDED | {name.lower() for name, _ in self.headers}
        for value in exchange.header_values("Connection"):
            dropped |= {name.strip().lower() for name in value.split(",")}
        passed = [pair for pair in exchange.headers if decode(pair[0]).lower() not in dropped]
        # Made by hand: `http.build_request` would add headers of its own and stored cookies.
        return httpx.Request(
            exchange.method if self.method == "ANY" else self.method,
            urlunsplit(target._replace(query=query)),
            headers=passed + headers(self.headers, exchange),
            content=body,
            extensions={
                "timeout": {"connect": None, "read": idle_s, "write": idle_s, "pool": None}
            },
        )


async def _stream(response: httpx.Response, exchange: Exchange, began: float) -> None:
    await exchange.start(response.status_code, _returned(response))
    async for chunk in response.aiter_raw():
        if not exchange.length:
            _note(exchange, began, "integration.timeToFirstContent")
        await exchange.write(chunk)
        if exchange.length > FULL_SPEED_BYTES:
            await asyncio.sleep(len(chunk) / SLOW_BYTES_PER_S)
    await exchange.end()


async def _collect(response: httpx.Response, exchange: Exchange) -> None:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > BUFFERED_BYTES:
            raise Refusal("DEFAULT_5XX")
    returned = [pair for pair in _returned(response) if pair[0].lower() != b"content-length"]
    length = (b"content-length", str(len(body)).encode())
    await exchange.start(response.status_code, [*returned, length])
    await exchange.end(bytes(body))


def _returned(response: httpx.Response) -> Headers:
    """The endpoint's headers as API Gateway returns them."""
    returned: Headers = []
    for key, value in response.headers.raw:
        name = decode(key).lower()
        if name in _REMAPPED:
            returned.append((b"x-amzn-remapped-" + encode(name), value))
        elif name not in _HOP_BY_HOP:
            returned.append((key, value))
    return returned


def _note(exchange: Exchange, began: float, *variables: str) -> None:
    for variable in variables:
        exchange.context[variable] = str(int((time.monotonic() - began) * 1000))
