"""Traces of runs, sent to an OpenTelemetry collector where SLUICE_TRACES names one."""

import logging
import re
from collections.abc import Mapping, Sequence

from sluice.settings import Settings

# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT = re.compile(r"[0-9a-f]{16}")

_log = logging.getLogger(__name__)


def configure(settings: Settings) -> None:
    """Send Strands' spans to the collector of `settings.traces`; without one, do nothing.

    Call it once in a process, in the thread that loads the agent runner: it imports the exporter
    (a tenth of a second), and nothing of it when it is off. It raises nothing, because no answer
    depends on a trace. The agent runner names the thread and the run in its agents'
    `trace_attributes`.
    """
    if not settings.traces:
        return
    try:
        from opentelemetry.trace import set_tracer_provider

        from sluice.telemetry.spans import make_provider

        set_tracer_provider(make_provider(settings.traces))
    except Exception:
        _log.exception("traces cannot be sent")


def read_parents(headers: Mapping[str, str]) -> list[str]:
    """The spans that a request may come from, the nearest first, as W3C's `traceparent`.

    AgentCore takes `traceparent` and `X-Amzn-Trace-Id` (InvokeAgentRuntime, API reference). What
    travels beside them, `tracestate` and `baggage`, is text of whoever asks, and is not read (T8).
    """
    parents = [headers["traceparent"]] if "traceparent" in headers else []
    fields = dict(
        field.strip().partition("=")[::2] for field in headers.get("x-amzn-trace-id", "").split(";")
    )
    root = _ROOT.fullmatch(fields.get("Root", ""))
    # API Gateway sends a root alone where it traces nothing itself.
    if root and _PARENT.fullmatch(parent := fields.get("Parent", "")):
        sampled = "01" if fields.get("Sampled") == "1" else "00"
        parents.append(f"00-{root[1]}{root[2]}-{parent}-{sampled}")
    return parents


def continue_from(parents: Sequence[str]) -> None:
    """Make the spans of the calling task children of the first parent that is valid, if any.

    Call it once the agent runner is there, which has imported OpenTelemetry.
    """
    from opentelemetry.context import attach
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    for parent in parents:
        context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        if get_current_span(context).get_span_context().is_valid:
            # A task has a context of its own, which ends with it.
            attach(context)
            return
