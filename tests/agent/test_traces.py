"""Traces: off unless a collector is named, and without a word of what was said (T8)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bedrock_support import behind_bedrock
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sluice.telemetry.spans import make_provider
from sluice.telemetry.traces import read_parents
from support import free_socket
from wire_support import make_token

HERE = Path(__file__).parent
AGENT = HERE.parents[1] / "agent"
CANARY = b"CANARY-7f31"
EVERYTHING = (
    "gen_ai_latest_experimental,gen_ai_tool_definitions,gen_ai_span_attributes_only,"
    "gen_ai_use_latest_invocation_tokens"
)


class Collector:
    """An OTLP/HTTP receiver: what was posted, by path."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.authorizations: list[str] = []

    @property
    def bytes(self) -> bytes:
        return b"".join(body for _, body in self.posted)

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for _, body in self.posted
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A collector and its base URL."""
    received = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posted.append((self.path, body))
            received.authorizations.append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield received, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run_agent(*arguments: str, script: str = "traced_agent.py", **environment: str) -> str:
    """The output of a script beside this file; its spans are sent before it ends."""
    ended = subprocess.run(
        [sys.executable, HERE / script, *arguments],
        env={**os.environ, "PYTHONPATH": str(AGENT), "NO_PROXY": "*", **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return ended.stdout


@pytest.mark.parametrize("conventions", ["", EVERYTHING], ids=["default", "everything"])
def test_t8_no_span_holds_what_was_said(collector: tuple[Collector, str], conventions: str) -> None:
    received, url = collector
    run_agent(url, OTEL_SEMCONV_STABILITY_OPT_IN=conventions)
    assert CANARY not in received.bytes
    assert {path for path, _ in received.posted} == {"/v1/traces"}
    spans = {span.name: span for span in received.spans}
    assert spans.keys() >= {"chat", "execute_tool look_up", "invoke_agent Strands Agents"}
    told = {
        each.key: each.value.int_value or each.value.string_value
        for each in next(span for span in received.spans if span.name == "chat").attributes
    }
    assert told["gen_ai.usage.input_tokens"] == 11
    assert (told["sluice.thread"], told["sluice.run"]) == ("t-1", "r-1")
    kinds = {
        each.value.string_value
        for span in received.spans
        for each in span.attributes
        if each.key == "error.type"
    }
    assert "ConnectionError" in kinds
    assert not any(span.events or span.links or span.status.message for span in received.spans)


def test_every_span_of_a_run_names_its_thread_and_its_run(collector: tuple[Collector, str]) -> None:
    """Of a run as the agent runner makes it: the model's calls and the tools', too."""
    received, url = collector
    run_agent(url, "t-1", "r-1", script="traced_runner.py", **behind_bedrock({}))
    kinds = {span.name.partition(" ")[0] for span in received.spans}
    assert kinds >= {"invoke_agent", "chat", "execute_tool"}
    for span in received.spans:
        told = {each.key: each.value.string_value for each in span.attributes}
        assert (told["sluice.thread"], told["sluice.run"]) == ("t-1", "r-1"), span.name
        assert (told["gen_ai.conversation.id"], told["session.id"]) == ("t-1", "t-1"), span.name
    assert CANARY not in received.bytes


TRACE, PARENT = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
W3C = f"00-{TRACE}-{PARENT}-01"
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"
OTHER = f"Root=1-{TRACE[:8]}-{TRACE[8:][::-1]};Parent={PARENT};Sampled=1"
NONE = f"00-{'0' * 32}-{'0' * 16}-00"


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": W3C},
        {"x-amzn-trace-id": XRAY},
        {"traceparent": W3C, "x-amzn-trace-id": OTHER},
        {"traceparent": NONE, "x-amzn-trace-id": XRAY},
        {"traceparent": W3C[:-1] + "0", "tracestate": "a=CANARY-7f31", "baggage": "CANARY-7f31=1"},
    ],
    ids=["w3c", "x-ray", "w3c is nearer", "w3c is invalid", "not sampled"],
)
def test_a_run_continues_the_trace_of_its_request(
    collector: tuple[Collector, str], tmp_path: Path, headers: dict[str, str]
) -> None:
    received, url = collector
    ask(url, tmp_path, headers, {})
    runs = {
        each.value.string_value: (span.trace_id.hex(), span.parent_span_id.hex())
        for span in received.spans
        for each in span.attributes
        if span.name.startswith("invoke_agent") and each.key == "sluice.thread"
    }
    assert runs["thread-0"] == (TRACE, PARENT)
    # The next request of the process belongs to no trace.
    assert runs["thread-1"][0] != TRACE
    assert runs["thread-1"][1] == ""
    told = {span.trace_id.hex() for span in received.spans}
    assert told == {trace for trace, _ in runs.values()}
    assert not any(span.trace_state for span in received.spans)
    assert CANARY not in received.bytes


def ask(collector: str, folder: Path, *requests: dict[str, str]) -> None:
    """Ask the agent's app once with each of the headers, one after the other."""
    token = {"authorization": f"Bearer {make_token()}"}
    told = json.dumps([headers | token for headers in requests])
    more = behind_bedrock({"SLUICE_CONVERSATIONS": str(folder), "SLUICE_TRACES": collector})
    run_agent(told, script="traced_requests.py", **more)


@pytest.mark.parametrize(
    ("told", "parents"),
    [
        (XRAY, [W3C]),
        (f"Self=1-2; Sampled=1; Parent={PARENT}; Root=1-{TRACE[:8]}-{TRACE[8:]}", [W3C]),
        (XRAY.replace("Sampled=1", "Sampled=0"), [W3C[:-1] + "0"]),
        (XRAY.replace(";Sampled=1", ""), [W3C[:-1] + "0"]),
        (XRAY + ";Lineage=a87bd80c:1|68fd508a:5", [W3C]),
        (f"Root=1-{TRACE[:8]}-{TRACE[8:]}", []),
        (XRAY.replace("Root=1", "Root=2"), []),
        (XRAY.replace(PARENT, PARENT[1:]), []),
        ("Root", []),
        ("", []),
    ],
)
def test_a_parent_is_read_from_x_rays_header(told: str, parents: list[str]) -> None:
    assert read_parents({"x-amzn-trace-id": told}) == parents


def test_without_the_filter_that_canary_would_be_seen(collector: tuple[Collector, str]) -> None:
    received, url = collector
    run_agent(url, "raw")
    assert CANARY in received.bytes


def test_a_collector_may_be_named_with_its_path(collector: tuple[Collector, str]) -> None:
    received, url = collector
    run_agent(f"{url}/v1/traces")
    assert {path for path, _ in received.posted} == {"/v1/traces"}


@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_what_goes_to_cloudwatch_is_signed_and_nothing_else(
    collector: tuple[Collector, str], monkeypatch: pytest.MonkeyPatch, region: str | None
) -> None:
    received, url = collector
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("sluice.telemetry.spans.find_region", lambda _: region)
    provider = make_provider(url)
    provider.get_tracer("test").start_span("chat").end()
    provider.shutdown()
    (authorization,) = received.authorizations
    assert ("/eu-west-1/xray/aws4_request" in authorization) == (region is not None)
    assert [span.name for span in received.spans] == ["chat"]


@pytest.mark.slow
def test_a_collector_that_is_away_costs_no_answer() -> None:
    with free_socket() as sock:
        port = sock.getsockname()[1]
    assert run_agent(f"http://127.0.0.1:{port}") == "ended\n"


def test_nothing_is_imported_where_traces_are_off() -> None:
    script = (
        "import sys; from sluice.settings import Settings; "
        "from sluice.telemetry.traces import configure; "
        "configure(Settings.read({'AWS_REGION': 'us-east-1', 'SLUICE_CONVERSATIONS': 'x'})); "
        "print([name for name in sys.modules if name.partition('.')[0] == 'opentelemetry'])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == "[]\n"
