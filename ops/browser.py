"""Sign-in at a deployed stack, in the browser of the person who asks.

The code comes back to this machine, as RFC 8252 ("OAuth 2.0 for Native Apps", 7.3) describes it:
the page's client has one registered address here, DevUrl, and a listener waits on its port for that
one request. No password passes through this program.
"""

import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ops.oauth import CodeFlow, SignInError, Tokens, open_http

WAIT_SECONDS = 300

_PAGE = (
    b"<!doctype html><meta charset=utf-8><title>Sluice</title>"
    b"<p>You can close this page: the terminal says how the sign-in went."
)


def sign_in_by_browser(outputs: Mapping[str, str], dev_url: str, email: str = "") -> Tokens:
    """The tokens of whoever signs in, in the browser, within five minutes.

    `dev_url` is the stack's DevUrl, such as http://localhost:3000. Everything for people goes to
    stderr. Raises SignInError.
    """
    flow = CodeFlow.begin(outputs, dev_url)
    with _listen(dev_url, flow) as listener:
        address = flow.address(email)
        print(f"Sign in, in a browser on this machine:\n\n  {address}\n", file=sys.stderr)
        # A process of its own, because browsers write what they like to the standard output.
        subprocess.Popen(  # noqa: S603 - our own interpreter, and an address without a shell
            [sys.executable, "-m", "webbrowser", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        returned = listener.wait()
    with open_http() as http:
        return flow.redeem(returned, http)


class _Listener(ThreadingHTTPServer):
    """Waits for the one request that ends a sign-in, and answers any other with 404. In threads,
    because browsers open connections ahead of time, and ask nothing on them."""

    def __init__(self, port: int, flow: CodeFlow) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.flow = flow
        self.returned = ""
        self.has_returned = threading.Event()

    def wait(self) -> str:
        """The address that the browser was sent to. Raises SignInError after five minutes."""
        serving = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        serving.start()
        try:
            if not self.has_returned.wait(WAIT_SECONDS):
                raise SignInError(f"Nobody signed in within {WAIT_SECONDS // 60} minutes.")
        finally:
            self.shutdown()
        return self.returned

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks off is not the one we wait for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        ours = urlsplit(self.path).path == "/" and self.server.flow.is_ours(self.path)
        self.send_response(200 if ours else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")  # the address holds the code
        self.end_headers()
        if ours:
            self.wfile.write(_PAGE)
            self.server.returned = self.path
            self.server.has_returned.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing: the address holds the code."""


def _listen(dev_url: str, flow: CodeFlow) -> _Listener:
    port = urlsplit(dev_url).port
    if port is None:
        raise SignInError(
            "This stack has no DevUrl, so a terminal cannot receive the sign-in: deploy it with "
            "DevUrl=http://localhost:3000, or use the page."
        )
    try:
        return _Listener(port, flow)
    except OSError as error:
        raise SignInError(
            f"Port {port} of the stack's DevUrl cannot be had ({error.strerror}): stop what uses "
            "it (`make dev`?), and try again."
        ) from error
