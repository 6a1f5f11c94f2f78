"""InvokeAgentRuntime, as the AgentCore developer guide and API reference describe it.

It checks token, session and path; then the session's own agent process answers. What the agent
sends is passed on piece by piece, and what it answers with an error status becomes 424.
"""

import json
import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

import httpx
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from local.disconnect import until_gone
from local.physical_ids import ACCOUNT
from local.runtime.config import RuntimeConfig
from local.runtime.process import AgentFailedError, AgentProcess
from local.runtime.sessions import Sessions
from local.tokens import TokenError, Verifier

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
REQUEST_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
# InvokeAgentRuntime's own, the allowlist aside. That those of a trace reach the container is how
# tracers connect the two (https://github.com/DataDog/dd-trace-py/pull/18591).
_PASSED = frozenset(
    {"content-type", "accept", "traceparent", "tracestate", "baggage", "x-amzn-trace-id"}
)
BODY_BYTES = 100 * 1024 * 1024
"""Largest request payload ("Quotas for Amazon Bedrock AgentCore")."""
EXPIRY_SECONDS = 60
"""Tokens that expire within a minute are refused (DESIGN: measured by others)."""
_PATH = re.compile(r"/runtimes/(?P<runtime>[^/]+)/invocations/?")


class RefusalError(Exception):
    """The runtime's own answer: a status, the exception's name in the API reference, a sentence."""

    def __init__(self, status: HTTPStatus, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name, self.message = status, name, message


def create_app(
    config: RuntimeConfig,
    sessions: Sessions,
    http: httpx.AsyncClient,
    log: Callable[[str], None],
) -> ASGIApp:
    """The runtime's data plane for one runtime. `http` also reaches the agent processes."""
    verifier = Verifier(config.discovery_url, http)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = str(uuid.uuid4())
        try:
            _check_path(scope, config)
            await _check_token(scope, config, verifier)
            session_id = _session_id(scope)
            body = await _read_body(receive)
            headers = _agent_headers(scope, config, session_id, request_id)
            while True:
                try:
                    process = await sessions.acquire(session_id)
                except AgentFailedError as error:
                    log(f"runtime: {error}")
                    raise _failed_agent("did not start") from error
                try:
                    relay = _relay(http, process, headers, body, session_id, send)
                    await until_gone(receive, relay)
                except httpx.TransportError as error:
                    ended = await process.exit_report()
                    if ended and isinstance(error, httpx.ConnectError):
                        # It had ended before this request: the session's next process takes it.
                        continue
                    reason = ended or type(error).__name__
                    log(f"runtime: {process.name} did not answer: {reason}")
                    raise _failed_agent("ended before it answered") from error
                else:
                    return
                finally:
                    sessions.release(process)
        except RefusalError as refusal:
            await _send_refusal(send, refusal, request_id, config)

    return app


def _check_path(scope: Scope, config: RuntimeConfig) -> None:
    match = _PATH.fullmatch(scope["raw_path"].decode("ascii", "replace"))
    query = parse_qs(scope["query_string"].decode("ascii", "replace"))
    if not match or scope["method"] != "POST":
        raise RefusalError(HTTPStatus.NOT_FOUND, "UnknownOperationException", "No such operation.")
    runtime = unquote(match["runtime"])
    if runtime == config.id and query.get("accountId") != [ACCOUNT]:
        # With an id instead of an ARN the account has to be named in the query.
        raise RefusalError(
            HTTPStatus.BAD_REQUEST,
            "ValidationException",
            "A runtime's id needs accountId in the query.",
        )
    if runtime not in (config.id, config.arn) or query.get("qualifier", ["DEFAULT"]) != ["DEFAULT"]:
        raise RefusalError(
            HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "No such runtime or endpoint."
        )


async def _check_token(scope: Scope, config: RuntimeConfig, verifier: Verifier) -> None:
    """Everything that the template's authorizer configures must hold, not just one part of it."""
    values = Headers(scope=scope).getlist("authorization")
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("one Authorization header with a Bearer token is needed")
    try:
        claims = await verifier.claims(token.strip())
    except TokenError as error:
        raise _unauthorized(str(error)) from error
    audience = claims.get("aud")
    audiences = set(audience) if isinstance(audience, list) else {audience}
    if config.audience and not audiences & config.audience:
        raise _unauthorized("the audience is not allowed")
    if config.clients and claims.get("client_id") not in config.clients:
        raise _unauthorized("the client is not allowed")
    if config.scopes and not set(str(claims.get("scope", "")).split()) & config.scopes:
        raise _unauthorized("no scope is allowed")
    if claims["exp"] - time.time() < EXPIRY_SECONDS:
        raise _unauthorized("the token is about to expire")


def _session_id(scope: Scope) -> str:
    values = Headers(scope=scope).getlist(SESSION_HEADER)
    if not values:
        return str(uuid.uuid4())
    if len(values) > 1 or not 33 <= len(values[0]) <= 256:
        raise RefusalError(
            HTTPStatus.BAD_REQUEST,
            "ValidationException",
            f"{SESSION_HEADER} takes one value of 33 to 256 characters.",
        )
    return values[0]


async def _read_body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "ValidationException", "More than 100 MB."
            )
        more = message.get("more_body", False)
    return b"".join(parts)


def _agent_headers(
    scope: Scope, config: RuntimeConfig, session_id: str, request_id: str
) -> dict[str, str]:
    """What the container sees of a request: AgentCore's own headers and the allowlist."""
    headers = {
        name: value
        for name, value in Headers(scope=scope).items()  # lower-case names: ASGI sees to that
        if name in _PASSED or name in config.header_allowlist
    }
    return {**headers, SESSION_HEADER: session_id, REQUEST_HEADER: request_id}


async def _relay(
    http: httpx.AsyncClient,
    process: AgentProcess,
    headers: dict[str, str],
    body: bytes,
    session_id: str,
    send: Send,
) -> None:
    """Pass the agent's answer on as it comes. Raises httpx.TransportError before the first byte;
    a failure after it leaves the answer without its end, which the server turns into a cut."""
    url = f"{process.origin}/invocations"
    async with http.stream("POST", url, headers=headers, content=body, timeout=None) as answer:
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise _failed_agent(f"answered {answer.status_code}")
        await send(
            {
                "type": "http.response.start",
                "status": answer.status_code,
                "headers": [
                    (b"content-type", answer.headers.get("content-type", "").encode()),
                    (b"cache-control", b"no-cache"),
                    (SESSION_HEADER.lower().encode(), session_id.encode()),
                    # The gateway maps no header of a streamed answer: this one has to come from
                    # here, or no browser reads the stream.
                    (b"access-control-allow-origin", b"*"),
                    (b"access-control-expose-headers", SESSION_HEADER.encode()),
                ],
            }
        )
        try:
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except httpx.TransportError:
            # Told only now: the session's next request is not for a process that is ending.
            await process.exit_report()
            return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _unauthorized(reason: str) -> RefusalError:
    return RefusalError(
        HTTPStatus.UNAUTHORIZED, "AccessDeniedException", f"Authorization failed: {reason}."
    )


def _failed_agent(what: str) -> RefusalError:
    """Whatever goes wrong in the container, the caller learns only that it did."""
    return RefusalError(
        HTTPStatus.FAILED_DEPENDENCY,
        "RuntimeClientError",
        f"The agent {what}. Its log says why.",
    )


async def _send_refusal(
    send: Send, refusal: RefusalError, request_id: str, config: RuntimeConfig
) -> None:
    body = json.dumps({"message": refusal.message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", refusal.name.encode()),
        (b"x-amzn-requestid", request_id.encode()),
        (b"access-control-allow-origin", b"*"),
    ]
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        challenge = f'Bearer resource_metadata="{config.discovery_url}"'
        headers.append((b"www-authenticate", challenge.encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
