"""Traces of runs, sent to an OpenTelemetry collector where SLUICE_TRACES names one."""

import logging

from sluice.settings import Settings

_log = logging.getLogger(__name__)


def configure(settings: Settings) -> None:
    """Send Strands' spans to the collector of `settings.traces`; without one, do nothing.

    Call it once in a process, in the thread that loads the engine: it imports the exporter (a tenth
    of a second), and nothing of it when it is off. It raises nothing, because no answer depends on
    a trace. The engine names the thread and the run in its agents' `trace_attributes`.
    """
    if not settings.traces:
        return
    try:
        from opentelemetry.trace import set_tracer_provider

        from sluice.telemetry.spans import make_provider

        set_tracer_provider(make_provider(settings.traces))
    except Exception:
        _log.exception("traces cannot be sent")
