"""The pool's two pages, sign-in and error: plain HTML, one style sheet, no script."""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from local.pool.authorize import AuthorizationRequest, origin_of
from local.pool.config import PoolConfig

FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / "page.html").read_text())
LOGIN = Template((FOLDER / "login.html").read_text())


def login_page(
    config: PoolConfig,
    asked: AuthorizationRequest,
    *,
    csrf: str,
    email: str = "",
    alert: str | None = None,
    status: int = 200,
    hint: tuple[str, str] | None = None,
) -> HTMLResponse:
    """The sign-in form. `alert` says what went wrong; `hint` is an email address and password."""
    # A screen reader reads the alert with the field that gets the focus.
    described = ' aria-invalid="true" aria-describedby="alert"' if alert else ""
    body = LOGIN.substitute(
        destination=escape(urlsplit(asked.redirect_uri).netloc or asked.redirect_uri),
        csrf=escape(csrf),
        email=escape(email),
        alert=f'<p class="alert" id="alert" role="alert">{escape(alert)}</p>' if alert else "",
        username_state=described + (" autofocus" if not email else ""),
        password_state=described + (" autofocus" if email else ""),
        hint=_hint(*hint) if hint else "",
    )
    title = "Error: Sign in" if alert else "Sign in"
    # After the form is sent the browser is redirected to the client, which Chromium counts as a
    # destination of the form: https://github.com/w3c/webappsec-csp/issues/8
    targets = sorted({origin_of(url) for url in config.callback_urls})
    return _page(config, title, body, status, form_action=" ".join(["'self'", *targets]))


def error_page(config: PoolConfig, message: str, status: int = 400) -> HTMLResponse:
    body = f'<h1>This link does not work</h1>\n<p class="lead">{escape(message)}</p>'
    return _page(config, "Error", body, status, form_action="'none'")


def _hint(email: str, password: str) -> str:
    return (
        '<section class="hint" aria-label="Demo user">\n<p>Demo user of this local stack</p>\n'
        f"<dl><dt>Email</dt><dd><code>{escape(email)}</code></dd>"
        f"<dt>Password</dt><dd><code>{escape(password)}</code></dd></dl>\n</section>"
    )


def _page(config: PoolConfig, title: str, body: str, status: int, form_action: str) -> HTMLResponse:
    return HTMLResponse(
        PAGE.substitute(title=escape(title), body=body, pool_id=escape(config.pool_id)),
        status,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                f"frame-ancestors 'none'; form-action {form_action}"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )
