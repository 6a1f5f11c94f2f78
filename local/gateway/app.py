"""The gateway as an ASGI app: one request's way through limits, authorizer, validator, integration.

Limits that no template can change: "Amazon API Gateway quotas" (10 MB of request body, 10,240
bytes of request line and header values). The status for too large headers is not documented; 431
is what clients report.
"""

import time
from collections.abc import Callable, Mapping

import httpx
from starlette.types import Receive, Scope, Send

from local.errors import TemplateError
from local.functions import Function
from local.gateway.absent import Absent
from local.gateway.api import Api
from local.gateway.context import fill
from local.gateway.exchange import ClientGoneError, Exchange, Refusal, decode
from local.gateway.lambda_proxy import LambdaProxy
from local.gateway.mock import Mock
from local.gateway.operation import Operation
from local.gateway.proxy import HttpProxy
from local.gateway.throttle import Bucket
from local.gateway.validate import validate_body, validate_parameters
from local.tokens import Verifier

BODY_BYTES = 10 * 1024 * 1024
HEADER_BYTES = 10_240


def create_app(
    api: Api,
    issuers: Mapping[str, str],
    http: httpx.AsyncClient,
    log: Callable[[str], None] = print,
    functions: Mapping[str, Function] | None = None,
) -> "Gateway":
    """The ASGI app of a parsed API.

    `issuers` maps a user pool's ARN to its OpenID discovery URL. `http` is shared by all requests:
    give it `httpx.Limits(max_connections=None)`, so that long streams do not use it up, and
    `trust_env=False`, so that no proxy of this machine comes in between. `log` gets one access
    log line for each request. `functions` are the template's by their ARN. TemplateError if an
    authorizer's pool is not among `issuers`.
    """
    verifiers = {arn: Verifier(url, http) for arn, url in issuers.items()}
    for operation in api.operations:
        for arn in operation.authorizer.provider_arns if operation.authorizer else ():
            if arn not in verifiers:
                raise TemplateError(
                    f"{operation.method} {operation.path}: the authorizer's user pool {arn} is not "
                    "one of this template's."
                )
    return Gateway(api, verifiers, http, log, functions or {})


class Gateway:
    """See `create_app`."""

    def __init__(
        self,
        api: Api,
        verifiers: Mapping[str, Verifier],
        http: httpx.AsyncClient,
        log: Callable[[str], None],
        functions: Mapping[str, Function],
    ) -> None:
        """Throttling starts with full buckets."""
        self._api = api
        self._verifiers = verifiers
        self._http = http
        self._log = log
        self._functions = functions
        self._buckets = {(o.method, o.path): Bucket(o.throttle) for o in api.operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        exchange.context["stage"] = self._api.stage
        try:
            await self._serve(exchange)
        except Refusal as refusal:
            await self._api.responses.send(refusal, exchange)
        except ClientGoneError:
            pass
        finally:
            if self._api.access_log:
                exchange.context["responseLatency"] = str(exchange.elapsed_ms())
                exchange.context["responseLength"] = str(exchange.length)
                self._log(fill(self._api.access_log, exchange.context, absent="-"))

    async def _serve(self, exchange: Exchange) -> None:
        if not _well_framed(exchange):
            await exchange.answer(400, [(b"connection", b"close")], b'{"message":"Bad Request"}')
            return
        if _header_bytes(exchange) > HEADER_BYTES:
            await exchange.answer(431, [], b'{"message":"Request Header Fields Too Large"}')
            return
        found = self._api.find(exchange.method, decode(exchange.raw_path))
        if found is None:
            raise Refusal("MISSING_AUTHENTICATION_TOKEN")
        operation, exchange.path_parameters = found
        exchange.context["resourcePath"] = operation.path
        if isinstance(operation.integration, Absent):
            raise operation.integration.refuse()
        if not self._buckets[operation.method, operation.path].take(time.monotonic()):
            raise Refusal("THROTTLED")
        _refuse_duplicates(operation, exchange)
        if operation.authorizer:
            await operation.authorizer.admit(exchange, operation.scopes, self._verifiers)
        if operation.validator.parameters:
            validate_parameters(operation.required, exchange)
        body = await exchange.body(BODY_BYTES)
        if operation.validator.body:
            validate_body(operation.models, exchange, body)
        match operation.integration:
            case Mock() as mock:
                await mock.answer(exchange)
            case LambdaProxy() as proxy:
                await self._invoke(proxy, exchange, body)
            case HttpProxy() as integration:
                await integration.forward(exchange, body, self._http, self._api.idle_s)

    async def _invoke(self, proxy: LambdaProxy, exchange: Exchange, body: bytes) -> None:
        function = self._functions.get(proxy.function)
        reason = function.absence if function else f"the template has no function {proxy.function}"
        if function is None or reason:
            raise Absent(reason).refuse()
        await proxy.answer(
            exchange, body, lambda event: function.invoke(event, self._log), self._log
        )


def _well_framed(exchange: Exchange) -> bool:
    """A body with two lengths means different things to two servers: request smuggling."""
    return not (exchange.header("Content-Length") and exchange.header("Transfer-Encoding"))


def _header_bytes(exchange: Exchange) -> int:
    """Of the request line and the header values, which is what the quota counts."""
    line = len(exchange.method) + len(exchange.raw_path) + len(exchange.query)
    return line + sum(len(value) for _, value in exchange.headers)


def _refuse_duplicates(operation: Operation, exchange: Exchange) -> None:
    """API Gateway does not support duplicated headers ("Known issues"): which one counts is open.

    So a header that the operation declares or authorizes by must not come twice.
    """
    names = {name for kind, name in operation.declared if kind == "header"}
    if operation.authorizer:
        names.add(operation.authorizer.header)
    for name in sorted(names):
        if len(exchange.header_values(name)) > 1:
            message = f"Duplicated request header: [{name}]"
            raise Refusal("BAD_REQUEST_PARAMETERS", message, message)
