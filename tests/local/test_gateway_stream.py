"""STREAM and BUFFERED, timeouts, cuts, slow and vanished clients, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gateway_support import Backend, gateway, open_path, template
from support import serve


@pytest.fixture
def backend() -> Iterator[tuple[Backend, str]]:
    backend = Backend()
    with serve(backend.app()) as url:
        yield backend, url


def serving(uri: str, mode: str = "STREAM", timeout: int = 20_000, **api: Any) -> Any:
    """A gateway whose POST /prod/x goes to `uri` without an authorizer."""
    edit = open_path("/x", uri=uri, responseTransferMode=mode, timeoutInMillis=timeout)
    return gateway(template(edit), {POOL: "http://b"}, **api)


POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_TEST"


def test_a_stream_delivers_the_first_piece_before_the_second_exists(
    backend: tuple[Backend, str],
) -> None:
    with (
        serving(f"{backend[1]}/stream") as url,
        httpx.stream("POST", f"{url}/prod/x") as answer,
    ):
        pieces = answer.iter_raw()
        assert next(pieces) == b"first\n"
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        backend[0].go()
        assert b"".join(pieces) == b"second\n"


def test_a_buffered_answer_comes_whole_or_not_at_all(backend: tuple[Backend, str]) -> None:
    """The backend waits for ever between its pieces: nothing comes, then the timeout."""
    with serving(f"{backend[1]}/stream", "BUFFERED", timeout=300) as url:
        answer = httpx.post(f"{url}/prod/x")
        assert (answer.status_code, answer.json()["message"]) == (504, "Endpoint request timed out")
        assert answer.headers["Access-Control-Allow-Origin"] == "https://site.example"
        backend[0].go()
        answer = httpx.post(f"{url}/prod/x")
        assert (answer.status_code, answer.content) == (200, b"first\nsecond\n")
        assert answer.headers["Content-Length"] == "13"


def test_a_buffered_answer_over_10_mb_is_a_500_and_a_streamed_one_passes(
    backend: tuple[Backend, str],
) -> None:
    size = 10 * 1024 * 1024 + 65_536
    uri = f"{backend[1]}/big?bytes={size}"
    with serving(uri, "BUFFERED") as url:
        answer = httpx.post(f"{url}/prod/x")
        assert (answer.status_code, answer.json()["message"]) == (500, "Internal server error")
    with serving(uri) as url:
        assert len(httpx.post(f"{url}/prod/x", timeout=20).content) == size


def test_beyond_10_mb_a_stream_slows_to_2_mb_a_second(backend: tuple[Backend, str]) -> None:
    with serving(f"{backend[1]}/big?bytes={11 * 1024 * 1024}") as url:
        began = time.monotonic()
        httpx.post(f"{url}/prod/x", timeout=20)
        assert time.monotonic() - began > 0.5


@pytest.mark.parametrize(
    "path", ["/cut", "/stream"], ids=["the backend breaks off", "the backend falls silent"]
)
def test_a_failure_after_the_first_byte_is_a_cut_body_f5(
    path: str, backend: tuple[Backend, str]
) -> None:
    with (
        serving(f"{backend[1]}{path}", idle_s=0.3) as url,
        httpx.stream("POST", f"{url}/prod/x") as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        assert next(pieces) == b"first\n"
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            next(pieces)


def test_a_stream_ends_with_its_integration_timeout_though_it_is_not_idle_f5(
    backend: tuple[Backend, str],
) -> None:
    with (
        serving(f"{backend[1]}/stream", timeout=400) as url,
        httpx.stream("POST", f"{url}/prod/x") as answer,
        pytest.raises(httpx.RemoteProtocolError, match="without sending complete"),
    ):
        answer.read()
    assert backend[0].gone.wait(5)


@pytest.mark.parametrize(
    ("timeout", "idle_s"), [(300, 60.0), (20_000, 0.3)], ids=["timeoutInMillis", "idle"]
)
def test_an_endpoint_that_never_answers_is_a_504(
    timeout: int, idle_s: float, backend: tuple[Backend, str]
) -> None:
    with serving(f"{backend[1]}/silent", timeout=timeout, idle_s=idle_s) as url:
        answer = httpx.post(f"{url}/prod/x")
        assert (answer.status_code, answer.json()["message"]) == (504, "Endpoint request timed out")
        assert backend[0].gone.wait(5)


@pytest.mark.parametrize("path", ["/stream", "/silent"], ids=["during the answer", "before it"])
def test_a_client_that_leaves_closes_the_endpoints_connection_at_once(
    path: str, backend: tuple[Backend, str]
) -> None:
    with serving(f"{backend[1]}{path}") as url:
        sock = post(url)
        if path == "/stream":
            assert b"200 OK" in sock.recv(65536)
        else:
            assert backend[0].asked.wait(5)
        sock.close()
        assert backend[0].gone.wait(5)


def test_a_slow_reader_holds_the_backend_back_f3(backend: tuple[Backend, str]) -> None:
    """64 MB are on offer; with nobody reading, only what the sockets hold leaves the backend."""
    with serving(f"{backend[1]}/endless") as url:
        sock = post(url)
        assert b"200 OK" in sock.recv(100)
        while backend[0].moved.wait(1):  # until it stands still for a second
            backend[0].moved.clear()
        assert 0 < backend[0].sent * 65_536 < 16 * 1024 * 1024
        sock.close()


def post(url: str) -> socket.socket:
    """A POST over a bare socket with a small receive buffer."""
    parts = urlsplit(url)
    sock = socket.socket()
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.connect((parts.hostname, parts.port))
    sock.sendall(b"POST /prod/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    return sock
