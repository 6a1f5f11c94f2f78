"""Spans without content (T8).

Strands makes a span for each run, model call and tool call, and writes prompts, answers, tools'
arguments and results into its events and attributes, and exceptions' texts into its status. Its own
redaction leaves the status and the exceptions as they are (strands/telemetry/tracer.py), so that
here only what is known to be a name, a number or a time goes on.
"""

from collections.abc import Mapping, Sequence

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from sluice.telemetry.xray import Signature, find_region

# A process that is told to end does not wait for its spans, so that they should not wait either.
DELAY_MILLISECONDS = 1_000
TIMEOUT_SECONDS = 3

# Names as OpenTelemetry's conventions for generative AI have them.
ALLOWED = frozenset(
    {
        *("gen_ai.operation.name", "gen_ai.system", "gen_ai.provider.name", "gen_ai.agent.name"),
        *("gen_ai.request.model", "gen_ai.event.start_time", "gen_ai.event.end_time"),
        *("gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.status"),
        *("gen_ai.server.time_to_first_token", "gen_ai.server.request.duration"),
        *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"),
        *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
        *("event_loop.cycle_id", "event_loop.parent_cycle_id", "strands.cancellation.type"),
        *("session.id", "gen_ai.conversation.id", "sluice.thread", "sluice.run"),
    }
)


def make_provider(collector: str) -> TracerProvider:
    """A provider whose spans go to a collector's base URL, `/v1/traces` added as OTLP/HTTP has it
    ("OpenTelemetry Protocol Exporter", Endpoint URLs for OTLP/HTTP)."""
    endpoint = f"{collector.rstrip('/').removesuffix('/v1/traces')}/v1/traces"
    session = requests.Session()
    if region := find_region(collector):
        session.auth = Signature(region)
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_SECONDS, session=session)
    # Whatever the caller's trace says of sampling: nobody may hide a run, and API Gateway's X-Ray
    # samples one request in twenty.
    provider = TracerProvider(ALWAYS_ON, Resource.create({SERVICE_NAME: "sluice"}))
    provider.add_span_processor(
        BatchSpanProcessor(ContentFree(exporter), schedule_delay_millis=DELAY_MILLISECONDS)
    )
    return provider


class ContentFree(SpanExporter):
    """Hands on to another exporter what a span may tell."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([strip(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def strip(span: ReadableSpan) -> ReadableSpan:
    """A copy with its times, ids and name, the allowed attributes, and no texts of its own."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span),
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(span: ReadableSpan) -> Mapping[str, AttributeValue]:
    """What is allowed, and `error.type` from the exception that Strands recorded."""
    kept = {name: value for name, value in (span.attributes or {}).items() if name in ALLOWED}
    for event in span.events:
        if event.attributes and (kind := event.attributes.get("exception.type")):
            kept["error.type"] = kind
    return kept
