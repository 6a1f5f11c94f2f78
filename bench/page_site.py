"""The page as it is deployed, with a sign-in that asks nothing and a model that writes to order.

Served with the template's own headers, so that what is measured runs under the deployed policy.
"""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.answers import deltas, markdown
from local import site
from local.parameters import read_parameters
from local.physical_ids import Origins
from local.template import Template, load
from tests.e2e_stack import ROOT
from tests.support import serve as serve_app

PLAIN = ROOT / "bench" / "subjects" / "plain.js"
CHUNK = 4 * 1024
"""Bytes to a write when the answer comes as fast as it is read: some 40 deltas."""
AWAY = 0.05
"""Seconds before the API answers what is no prompt, as from a region nearby. An answer within the
page's first frame would make Lighthouse take it for something that the first paint waited for."""


class Site:
    """What `serve` gives: where the page is, and when the last answer's last byte left."""

    def __init__(self) -> None:
        self.url = ""
        self.chat = ""
        self.last_byte = 0.0  # time.time()
        self.app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@contextlib.contextmanager
def serve(dist: Path) -> Iterator[Site]:
    """Serve a built page on a free loopback port, in a thread, for as long as the block runs.

    A prompt such as "50000 200" is answered with 50,000 characters at 200 deltas a second;
    a rate of 0 means all at once.
    """
    served = Site()
    with serve_app(served) as address:
        # The template knows no other name for this machine.
        url = served.url = address.replace("127.0.0.1", "localhost")
        origins = Origins(url, f"{url}/api", url, f"{url}/runtime", dist)
        parameters = {**read_parameters(ROOT / "samconfig.toml"), "DevUrl": url}
        served.app = _app(served, load(ROOT / "template.yaml", parameters, origins), dist)
        yield served


def _app(served: Site, template: Template, dist: Path) -> Starlette:
    issuer, client = template.outputs["Issuer"], template.outputs["UserPoolClientId"]
    served.chat = template.outputs["ApiUrl"] + "/chat"
    chat = served.chat.removeprefix(served.url)
    nonces: dict[str, str] = {}

    async def built() -> None:
        return

    async def authorize(request: Request) -> Response:
        asked = request.query_params
        code = str(len(nonces))
        nonces[code] = asked["nonce"]
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}/?{query}")

    async def token(request: Request) -> Response:
        form = await request.form()
        now = int(time.time())
        claims = {
            **{"iss": issuer, "aud": client, "sub": "bench", "email": "bench@example.com"},
            **{"nonce": nonces[str(form["code"])], "iat": now, "exp": now + 3600},
        }
        return JSONResponse(
            {
                "id_token": ".".join(_part(part) for part in ({"alg": "none"}, claims, {})),
                **{"access_token": "a", "refresh_token": "r", "token_type": "Bearer"},
                "expires_in": 3600,
            }
        )

    async def answer(request: Request) -> Response:
        body = await request.json()
        action = body.get("action")
        if action is None:
            text = body["messages"][-1]["content"]
            size, rate = (int(word) for word in text.split())
            events = _stream(served, body, size, rate)
            return StreamingResponse(events, media_type="text/event-stream")
        await asyncio.sleep(AWAY)
        if action == "warm":
            limits = {"prompt": 32000}
            return JSONResponse({"status": "warm", "model": "bench", "tools": [], "limits": limits})
        if action == "list":
            return JSONResponse({"threads": []})
        return JSONResponse({"error": {"code": "not_found", "message": "There is none."}})

    async def plain(_request: Request) -> Response:
        page = (
            '<!doctype html><meta charset="utf-8"><script type="module" src="/plain.js"></script>'
        )
        return Response(page, media_type="text/html")

    async def plain_script(_request: Request) -> Response:
        return Response(PLAIN.read_text(), media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/oauth2/authorize", authorize),
            Route("/oauth2/token", token, methods=["POST"]),
            Route(chat, answer, methods=["POST"]),
            Route("/plain", plain),
            Route("/plain.js", plain_script),
            Mount("/", _compressed(site.create_app(template, dist, built))),
        ]
    )


def _compressed(files: ASGIApp) -> ASGIApp:
    """What CloudFront's `Compress` does: objects of 1,000 bytes and more leave it compressed.

    With gzip, in which this page's budget is reckoned; CloudFront gives browsers Brotli, which is
    a little smaller. After "Serve compressed files" in the CloudFront developer guide.
    """
    return GZipMiddleware(files, minimum_size=1000)


async def _stream(served: Site, body: dict[str, str], size: int, rate: int) -> AsyncIterator[bytes]:
    run = {"threadId": body["threadId"], "runId": body["runId"]}
    message = {"messageId": "m"}
    events = [
        {"type": "RUN_STARTED", **run},
        {"type": "TEXT_MESSAGE_START", **message, "role": "assistant"},
        *(
            {"type": "TEXT_MESSAGE_CONTENT", **message, "delta": delta}
            for delta in deltas(markdown(size))
        ),
        {"type": "TEXT_MESSAGE_END", **message},
        {"type": "RUN_FINISHED", **run},
    ]
    frames = [
        f"id: {number}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
        for number, event in enumerate(events, 1)
    ]
    if rate:
        began = time.perf_counter()
        for number, frame in enumerate(frames):
            # By the clock and not by the sum of sleeps, which are each a little long.
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            yield frame
    else:
        whole = b"".join(frames)
        for at in range(0, len(whole), CHUNK):
            yield whole[at : at + CHUNK]
            await asyncio.sleep(0)
    served.last_byte = time.time()


def _part(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
