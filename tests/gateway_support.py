"""What the gateway's tests share: a template, a user pool that signs, a backend that shows."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from support import serve

from local.functions import Function
from local.gateway import Api, create_app
from local.template import Resource, Template

POOL_ARN = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_TEST"
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
INTEGRATION = "x-amazon-apigateway-integration"
RESPONSES = "x-amazon-apigateway-gateway-responses"
CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://site.example'"}
JSON = "application/json"

PROPERTIES: dict[str, Any] = {
    "StageName": "prod",
    "EndpointConfiguration": {"Type": "REGIONAL"},
    "AlwaysDeploy": True,
    "OpenApiVersion": "3.0.1",
    "TracingEnabled": True,
    "Tags": {"app": "sluice"},
    "Variables": {"Runtime": "runtime-1"},
    "AccessLogSetting": {
        "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:api",
        "Format": '{"id":"$context.requestId","status":"$context.status","path":"$context.path",'
        '"owner":"$context.authorizer.claims.sub","unknown":"$context.no.such.thing",'
        '"mode":"$context.integration.responseTransferMode","agent":"$context.identity.userAgent"}',
    },
    "MethodSettings": [
        {
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "ThrottlingRateLimit": "50",
            "ThrottlingBurstLimit": "100",
            "MetricsEnabled": True,
        }
    ],
    "DefinitionBody": {
        "openapi": "3.0.1",
        "info": {"title": "Sluice", "version": "1"},
        "paths": {
            "/chat": {
                "post": {
                    "operationId": "chat",
                    "summary": "One turn",
                    "security": [{"Cognito": []}],
                    "parameters": [
                        {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                        {"name": SESSION, "in": "header", "schema": {"type": "string"}},
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Turn"}}},
                    },
                    "responses": {"200": {"description": "events"}},
                    "x-amazon-apigateway-request-validator": "body",
                    INTEGRATION: {
                        "type": "http_proxy",
                        "httpMethod": "POST",
                        "uri": "BACKEND/echo/${stageVariables.Runtime}?qualifier=DEFAULT&id=1",
                        "connectionType": "INTERNET",
                        "passthroughBehavior": "when_no_match",
                        "timeoutInMillis": 900000,
                        "responseTransferMode": "STREAM",
                        "requestParameters": {
                            "integration.request.header.Authorization": (
                                "method.request.header.Authorization"
                            ),
                            f"integration.request.header.{SESSION}": (
                                f"method.request.header.{SESSION}"
                            ),
                            "integration.request.header.X-Owner": "context.authorizer.claims.sub",
                            "integration.request.header.X-Door": "'front'",
                        },
                    },
                },
                "options": {
                    "responses": {
                        "204": {
                            "description": "preflight",
                            "headers": {
                                "Access-Control-Allow-Origin": {"schema": {"type": "string"}},
                                "Access-Control-Allow-Headers": {"schema": {"type": "string"}},
                            },
                        }
                    },
                    INTEGRATION: {
                        "type": "mock",
                        "requestTemplates": {JSON: '{"statusCode": 204}'},
                        "responses": {
                            "default": {
                                "statusCode": "204",
                                "responseParameters": {
                                    "method.response.header.Access-Control-Allow-Origin": (
                                        "'https://site.example'"
                                    ),
                                    "method.response.header.Access-Control-Allow-Headers": (
                                        "'Authorization,Content-Type'"
                                    ),
                                },
                            }
                        },
                    },
                },
            }
        },
        "components": {
            "schemas": {
                "Turn": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {
                        "prompt": {"type": "string", "minLength": 1, "maxLength": 100},
                        "action": {"type": "string", "enum": ["warm", "list"]},
                        "messages": {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/Message"},
                        },
                    },
                },
                "Message": {
                    "type": "object",
                    "required": ["role"],
                    "properties": {"role": {"type": "string"}},
                },
            },
            "securitySchemes": {
                "Cognito": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {
                        "type": "cognito_user_pools",
                        "providerARNs": [POOL_ARN],
                    },
                }
            },
        },
        "x-amazon-apigateway-request-validators": {
            "body": {"validateRequestBody": True, "validateRequestParameters": False},
            "all": {"validateRequestBody": True, "validateRequestParameters": True},
        },
        RESPONSES: {
            "UNAUTHORIZED": {
                "statusCode": 401,
                "responseParameters": CORS,
                "responseTemplates": {
                    JSON: '{"message":"Sign in.","requestId":"$context.requestId"}'
                },
            },
            "BAD_REQUEST_BODY": {
                "responseParameters": CORS,
                "responseTemplates": {
                    JSON: '{"message":$context.error.messageString,'
                    '"detail":"$context.error.validationErrorString"}'
                },
            },
            "DEFAULT_4XX": {"responseParameters": CORS},
            "DEFAULT_5XX": {"responseParameters": CORS},
        },
    },
}


def template(
    edit: Callable[[dict[str, Any]], object] = lambda _: None, backend: str = "http://b"
) -> Template:
    """The template above as the local stack sees it, with one edit to its properties."""
    properties = json.loads(json.dumps(PROPERTIES).replace("BACKEND", backend))
    edit(properties)
    return Template({}, {"Api": Resource("Api", "AWS::Serverless::Api", properties)}, {})


def open_path(path: str, **integration: Any) -> Callable[[dict[str, Any]], None]:
    """An edit that adds `POST path` without an authorizer, as an http_proxy."""

    def edit(properties: dict[str, Any]) -> None:
        properties["DefinitionBody"]["paths"][path] = {
            "post": {
                "responses": {"200": {"description": "any"}},
                INTEGRATION: {"type": "http_proxy", "httpMethod": "POST", **integration},
            }
        }

    return edit


class Backend:
    """An endpoint that shows what it got, and streams under the test's control."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.asked = threading.Event()  # /silent has been asked
        self.gone = threading.Event()  # the connection of /stream or /silent was closed early
        self.sent = 0  # chunks of 64 KiB that /endless got rid of
        self.moved = threading.Event()  # set with each of them
        self._go = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def go(self) -> None:
        """Let /stream send its second piece, in this request and in later ones."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._go.set)

    def app(self) -> Starlette:
        """See the routes."""
        return Starlette(
            routes=[
                Route("/echo/{rest:path}", self._echo, methods=["GET", "POST"]),
                Route("/stream", self._stream, methods=["POST"]),
                Route("/cut", self._cut, methods=["POST"]),
                Route("/big", self._big, methods=["POST"]),
                Route("/endless", self._endless, methods=["POST"]),
                Route("/silent", self._silent, methods=["POST"]),
            ]
        )

    async def _echo(self, request: Request) -> Response:
        seen = {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": [[k.decode(), v.decode("latin-1")] for k, v in request.headers.raw],
            "body": (await request.body()).decode("latin-1"),
        }
        self.requests.append(seen)
        headers = {
            "Access-Control-Allow-Origin": "https://from.backend",
            "WWW-Authenticate": "Bearer",
            "x-amzn-RequestId": "of-the-backend",
        }
        return JSONResponse(seen, headers=headers)

    async def _stream(self, _: Request) -> Response:
        self._loop = asyncio.get_running_loop()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                yield b"first\n"
                await self._go.wait()
                yield b"second\n"
            except BaseException:
                self.gone.set()
                raise

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def _cut(self, _: Request) -> Response:
        class Cut(Response):
            async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"first\n", "more_body": True})

        return Cut()

    async def _big(self, request: Request) -> Response:
        return Response(b"x" * int(request.query_params["bytes"]))

    async def _endless(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(1024):
                yield b"x" * 65536
                self.sent += 1
                self.moved.set()

        return StreamingResponse(pieces())

    async def _silent(self, request: Request) -> Response:
        self.asked.set()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.gone.set()
        return Response()


@contextlib.contextmanager
def gateway(
    template: Template,
    issuers: dict[str, str],
    log: Callable[[str], object] = lambda _: None,
    functions: Mapping[str, Function] | None = None,
    **changes: Any,
) -> Iterator[str]:
    """Serve the gateway of a template; `changes` replace fields of the parsed Api."""
    api = replace(Api.of(template), **changes)
    app: Any = None

    async def root(scope: Any, receive: Any, send: Any) -> None:
        nonlocal app
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        async with httpx.AsyncClient(
            limits=httpx.Limits(max_connections=None), trust_env=False
        ) as http:
            app = create_app(api, issuers, http, log, functions)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    with serve(root) as url:
        yield url


def raw(url: str, request: str, body: bytes = b"") -> bytes:
    """Send bytes as they are and read until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        sock.sendall(request.replace("\n", "\r\n").encode("latin-1") + body)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer
