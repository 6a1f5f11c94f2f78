"""Answers as HTTP responses, always under 200.

AgentCore turns any status of the container but 2xx into 424 and drops the body, so what a person
should read travels in-band.
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from sluice.agui.events import Event, encode_frame, run_error
from sluice.service_error import ServiceError

HEADERS = {"Cache-Control": "no-store"}
EVENT_STREAM = "text/event-stream"


def stream(chunks: AsyncIterator[bytes]) -> Response:
    """An event stream of frames."""
    return StreamingResponse(chunks, media_type=EVENT_STREAM, headers=HEADERS)


def stream_one(event_id: int, event: Event) -> Response:
    """An event stream of one event."""
    frame = encode_frame(event_id, event)
    return Response(frame, media_type=EVENT_STREAM, headers=HEADERS)


def answer_as_json(body: dict[str, Any]) -> Response:
    """What an action came to."""
    return JSONResponse(body, headers=HEADERS)


def refuse_as_stream(service_error: ServiceError) -> Response:
    """An event stream of one RUN_ERROR, for a request that would have been answered by one."""
    return stream_one(1, run_error(service_error, stored=False))


def refuse_as_json(service_error: ServiceError) -> Response:
    """`{"error": {"code", "message"}}`, for an action that is answered with JSON."""
    return answer_as_json({"error": {"code": service_error.code, "message": service_error.message}})
