"""Refusals as HTTP responses, always under 200.

AgentCore turns any status of the container but 2xx into 424 and drops the body, so what a person
should read travels in-band.
"""

from starlette.responses import JSONResponse, Response

from sluice.events import encode_frame, run_error
from sluice.refusal import Refusal

HEADERS = {"Cache-Control": "no-store"}


def refuse_as_stream(refusal: Refusal) -> Response:
    """An event stream of one RUN_ERROR, for a request that would have been answered by one."""
    frame = encode_frame(1, run_error(refusal))
    return Response(frame, media_type="text/event-stream", headers=HEADERS)


def refuse_as_json(refusal: Refusal) -> Response:
    """`{"error": {"code", "message"}}`, for an action that is answered with JSON."""
    error = {"code": refusal.code, "message": refusal.message}
    return JSONResponse({"error": error}, headers=HEADERS)
