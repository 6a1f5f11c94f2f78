"""The agent as AgentCore sees it: POST /invocations and GET /ping.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
says what both answer; bedrock-agentcore's own app judges this one in tests. It is not used itself,
because importing it takes longer than all of this (docs/decisions, 10).
"""

import time
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sluice.agui.body import BODY, BodyGuard
from sluice.runs.run import HEARTBEAT_SECONDS
from sluice.serving.service import Service
from sluice.settings import Settings
from sluice.telemetry import traces


def create_app(settings: Settings, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> Starlette:
    """The ASGI app; `sluice.server` serves it, and tests serve it in their own way.

    `app.state.service` is the service behind it.
    """
    service = Service(settings, heartbeat_seconds)
    # A snapshot would keep this time, and its sessions would begin in the past.
    started_at = int(time.time()) if settings.platform == "V1" else None

    async def invoke(request: Request) -> Response:
        parents = traces.read_parents(request.headers) if settings.traces else []
        authorization = request.headers.getlist("authorization")
        return await service.answer(request.scope[BODY], authorization, parents)

    async def ping(_request: Request) -> Response:
        if not service.ready:
            return JSONResponse({"status": "Starting"}, 503)
        # HealthyBusy keeps a session alive that nobody is connected to. The time is that of the
        # last change of status: one that moved with every question would keep it for ever.
        busy, changed_at = service.status
        told: dict[str, Any] = {"status": "HealthyBusy" if busy else "Healthy"}
        if (since := started_at if changed_at is None else changed_at) is not None:
            told["time_of_last_update"] = since
        return JSONResponse(told)

    app = Starlette(
        routes=[Route("/invocations", invoke, methods=["POST"]), Route("/ping", ping)],
        middleware=[Middleware(BodyGuard)],
        lifespan=service.lifespan,
    )
    # A redirect would name an address that only AgentCore can reach.
    app.router.redirect_slashes = False
    app.state.service = service
    return app
