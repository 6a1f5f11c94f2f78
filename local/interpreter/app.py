"""The three operations of a code interpreter, as an ASGI app beside the local Bedrock.

https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeCodeInterpreter.html

It is no sandbox: a session is a child process with limits of time, memory and file size, a folder
of its own and none of this process's environment, and it can read what you can read. Only what the
offline model is asked to run runs here (local/model.py).
"""

import asyncio
import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from local.bedrock import event_stream
from local.bedrock.app import Response, check_signature, parse_body, read_body
from local.bedrock.errors import BedrockError, invalid
from local.interpreter.session import Session

PREFIX = "/code-interpreters/"
MAX_SESSIONS = 20

_SESSION = "x-amzn-code-interpreter-session-id"


class Interpreter:
    """The service; `close` ends what runs."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._sessions: dict[str, Session] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, response = Headers(scope=scope), Response(send)
        interpreter, _, path = scope["path"].removeprefix(PREFIX).partition("/")
        try:
            check_signature(headers.get("authorization", ""), "bedrock-agentcore")
            body = await read_body(receive)
            request = parse_body(body) if body else {}
            match f"{scope['method']} {path}":
                case "PUT sessions/start":
                    told = self._start()
                case "PUT sessions/stop":
                    told = self._stop(QueryParams(scope["query_string"]).get("sessionId", ""))
                case "POST tools/invoke":
                    await self._invoke(headers.get(_SESSION, ""), request, response)
                    return
                case operation:
                    raise _not_played(operation)
            await response.finish({**told, "codeInterpreterIdentifier": interpreter})
        except BedrockError as error:
            self._log(f"code interpreter: {error.name}")
            await response.fail(error)

    def close(self) -> None:
        for session in self._sessions.values():
            session.end()
        self._sessions.clear()

    def _start(self) -> dict[str, Any]:
        if not self._sessions:
            self._log("code interpreter: Python runs on this machine, within limits but no sandbox")
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions))).end()
        id_ = secrets.token_hex(13)
        self._sessions[id_] = Session()
        return {"sessionId": id_, "createdAt": _now()}

    def _stop(self, id_: str) -> dict[str, Any]:
        self._session(id_).end()
        del self._sessions[id_]
        return {"sessionId": id_, "lastUpdatedAt": _now()}

    def _session(self, id_: str) -> Session:
        session = self._sessions.get(id_)
        if session is not None and session.has_ended:
            del self._sessions[id_]
            session = None
        if session is None:
            raise BedrockError("ResourceNotFoundException", "There is no such session.")
        return session

    async def _invoke(self, id_: str, request: dict[str, Any], response: Response) -> None:
        session = self._session(id_)
        arguments = request.get("arguments") or {}
        match request.get("name"):
            case "executeCode" if arguments.get("language", "python") == "python":
                result = await asyncio.to_thread(session.run, str(arguments.get("code", "")))
                text = result["stdout"] + result["stderr"]
                told = {
                    "content": [{"type": "text", "text": text}],
                    "structuredContent": {**result, "executionTime": 0.0},
                    "isError": result["exitCode"] != 0,
                }
            case "readFiles":
                paths = arguments.get("paths") or []
                told = {"content": [_resource(session, str(path)) for path in paths]}
            case name:
                raise _not_played(f"{name} of that form")
        await response.start(event_stream.MEDIA_TYPE)
        await response.end(event_stream.event("result", told))


def _resource(session: Session, path: str) -> dict[str, Any]:
    data = session.read(path)
    if data is None:
        return {"type": "text", "text": f"{path} is not there."}
    blob = base64.b64encode(data).decode()
    resource = {"type": "blob", "uri": f"file:///{quote(path)}", "blob": blob}
    return {"type": "resource", "resource": resource}


def _not_played(what: str) -> BedrockError:
    return invalid(f"The local code interpreter does not play {what}.")


def _now() -> str:
    return datetime.now(UTC).isoformat()
