"""The pool's routes: docs.aws.amazon.com/cognito/latest/developerguide/
cognito-userpools-server-contract-reference.html lists Cognito's.

The log holds ids of users and grants, never an address, a code or a token.
"""

import hmac
import logging
import uuid
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.pool import grants, pages
from local.pool.authorize import (
    AuthorizationRequest,
    RefusedRequestError,
    UntrustedRequestError,
    check_client,
    check_listed,
)
from local.pool.config import PoolConfig
from local.pool.grants import OAuthError
from local.pool.issuer import Issuer, TokenRefusedError
from local.pool.passwords import NOBODYS_HASH, password_matches
from local.pool.store import SESSION_SECONDS, PoolStore, Session

log = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
BODY_BYTES = 64 * 1024


def create_app(
    config: PoolConfig, store: PoolStore, origin: str, hint: tuple[str, str] | None = None
) -> Starlette:
    """The pool as an ASGI app.

    `origin` is the address browsers reach it under, such as http://localhost:3002; the issuer is
    that and the pool's id. `hint` is an email address and a password to show on the sign-in page.
    """
    pool = _Endpoints(Issuer(config, store, origin), hint)
    # Pages of any origin may call these, as at Cognito: none of them reads a cookie.
    cors = [
        Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
        )
    ]
    return Starlette(
        routes=[
            Mount(
                f"/{config.pool_id}/.well-known",
                routes=[
                    Route("/openid-configuration", pool.discovery),
                    Route("/jwks.json", pool.jwks),
                ],
                middleware=cors,
            ),
            Route("/oauth2/authorize", pool.authorize),
            Mount(
                "/oauth2",
                routes=[
                    Route("/token", pool.token, methods=["POST"]),
                    Route("/revoke", pool.revoke, methods=["POST"]),
                    Route("/userInfo", pool.user_info),
                ],
                middleware=cors,
            ),
            Route("/login", pool.show_login),
            Route("/login", pool.log_in, methods=["POST"]),
            Route("/logout", pool.log_out),
            Mount("/assets", StaticFiles(directory=pages.FOLDER / "assets")),
        ],
        exception_handlers={
            UntrustedRequestError: pool.on_untrusted_request,
            RefusedRequestError: pool.on_refused_request,
            OAuthError: pool.on_oauth_error,
        },
        max_body_size=BODY_BYTES,
    )


class _Endpoints:
    def __init__(self, issuer: Issuer, hint: tuple[str, str] | None) -> None:
        self.issuer = issuer
        self.config = issuer.config
        self.store = issuer.store
        self.hint = hint
        # Browsers share the cookies of localhost between its ports, and so between two stacks.
        port = urlsplit(issuer.origin).port
        self.session_cookie = f"cognito-{port}"
        self.csrf_cookie = f"XSRF-TOKEN-{port}"

    # What verifies tokens

    async def discovery(self, _: Request) -> Response:
        return JSONResponse(self.issuer.discovery())

    async def jwks(self, _: Request) -> Response:
        return JSONResponse(self.issuer.jwks())

    # What a browser visits

    async def authorize(self, request: Request) -> Response:
        """Straight back with a code where the browser is signed in, else to the sign-in page."""
        asked = AuthorizationRequest.of(request.query_params, self.config)
        session = self.store.session(request.cookies.get(self.session_cookie, ""))
        if session is not None and "login" not in asked.prompt:
            return self._answer(asked, session)
        if "none" in asked.prompt:
            raise asked.login_required()
        return _redirect(f"/login?{request.query_params}")

    async def show_login(self, request: Request) -> Response:
        asked = AuthorizationRequest.of(request.query_params, self.config)
        return self._form(request, asked, email=request.query_params.get("login_hint", ""))

    async def log_in(self, request: Request) -> Response:
        asked = AuthorizationRequest.of(request.query_params, self.config)
        form = await _read_form(request)
        email = form.get("username", "").strip()
        cookie, field = request.cookies.get(self.csrf_cookie, ""), form.get("_csrf", "")
        if not cookie or not hmac.compare_digest(cookie.encode(), field.encode()):
            return self._form(request, asked, email, "This page had gone stale. Please try again.")
        name, now = email.casefold(), self.store.now()
        if self.store.lockout.locked(name, now):
            return self._form(request, asked, email, "Too many attempts. Wait a while, try again.")
        user = self.store.user_named(email, self.config.case_sensitive)
        hashed = user.password_hash if user else NOBODYS_HASH
        fits = await run_in_threadpool(password_matches, form.get("password", ""), hashed)
        if user is None or not fits:
            self.store.lockout.failed(name, now)
            log.info("a sign-in was refused")
            if user is None and not self.config.hides_user_existence:
                return self._form(request, asked, email, "There is no such user.")
            return self._form(request, asked, email, "The email address or password is wrong.")
        self.store.lockout.succeeded(name)
        session = self.store.open_session(user.sub)
        log.info("user %s signed in", user.sub)
        response = self._answer(asked, session)
        response.set_cookie(
            self.session_cookie, session.id, max_age=SESSION_SECONDS, httponly=True, samesite="lax"
        )
        return response

    async def log_out(self, request: Request) -> Response:
        """End the browser's session, then on to logout_uri, or to the sign-in page again.

        developerguide/logout-endpoint.html. Refresh tokens live on: /oauth2/revoke ends those.
        """
        query = request.query_params
        check_client(query, self.config)
        if "redirect_uri" in query and "logout_uri" not in query:
            AuthorizationRequest.of(query, self.config)
            target = f"/login?{query}"
        else:
            target = query.get("logout_uri", "")
            check_listed(target, "LogoutURLs", self.config.logout_urls)
        self.store.close_session(request.cookies.get(self.session_cookie, ""))
        response = _redirect(target)
        response.delete_cookie(self.session_cookie, httponly=True, samesite="lax")
        return response

    # What a client calls

    async def token(self, request: Request) -> Response:
        return JSONResponse(
            grants.exchange(await _read_form(request), self.issuer), headers=NO_STORE
        )

    async def revoke(self, request: Request) -> Response:
        grants.revoke(await _read_form(request), self.issuer)
        return Response(headers=NO_STORE)

    async def user_info(self, request: Request) -> Response:
        """developerguide/userinfo-endpoint.html; email_verified is a string there, and so here."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _user_info_error(
                400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint"
            )
        try:
            grant = self.issuer.grant_of(token)
        except TokenRefusedError:
            grant = None
        user = self.store.user(grant.sub) if grant else None
        if grant is None or user is None or "openid" not in grant.scopes:
            return _user_info_error(
                401,
                "invalid_token",
                "Access token is expired, disabled, or deleted, "
                "or the user has globally signed out.",
            )
        claims: dict[str, Any] = {"sub": user.sub, "username": user.sub}
        claims |= self.issuer.attributes(user, grant.scopes)
        if "email_verified" in claims:
            claims["email_verified"] = str(claims["email_verified"]).lower()
        return JSONResponse(claims, headers=NO_STORE)

    # How what goes wrong is said

    async def on_untrusted_request(self, _: Request, error: Exception) -> Response:
        return pages.error_page(self.config, str(error))

    async def on_refused_request(self, _: Request, error: Exception) -> Response:
        refused = cast(RefusedRequestError, error)
        log.info("an authorization request was refused: %s", refused.error)
        return _redirect(refused.location)

    async def on_oauth_error(self, _: Request, error: Exception) -> Response:
        refused = cast(OAuthError, error)
        log.info("a client was refused: %s", refused.code)
        body = {"error": refused.code, "error_description": str(refused)}
        return JSONResponse(body, refused.status, headers=NO_STORE)

    def _answer(self, asked: AuthorizationRequest, session: Session) -> Response:
        return _redirect(asked.answer(self.store.issue_code(asked, session)))

    def _form(
        self, request: Request, asked: AuthorizationRequest, email: str, alert: str | None = None
    ) -> Response:
        # One token for all tabs of a browser, so that a second tab does not spoil the first.
        csrf = request.cookies.get(self.csrf_cookie) or str(uuid.uuid4())
        response = pages.login_page(
            self.config,
            asked,
            csrf=csrf,
            email=email,
            alert=alert,
            status=403 if alert else 200,
            hint=self.hint,
        )
        response.set_cookie(self.csrf_cookie, csrf, httponly=True, samesite="lax", path="/login")
        return response


async def _read_form(request: Request) -> dict[str, str]:
    """The body of a form, each name once; raises OAuthError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "Send application/x-www-form-urlencoded.")
    pairs = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("invalid_request", "A parameter was given more than once.")
    return form


def _redirect(target: str) -> Response:
    return RedirectResponse(target, 302, headers={**NO_STORE, "Referrer-Policy": "no-referrer"})


def _user_info_error(status: int, error: str, description: str) -> Response:
    return JSONResponse(
        {"error": error, "error_description": description},
        status,
        headers={
            **NO_STORE,
            "WWW-Authenticate": f'error="{error}", error_description="{description}"',
        },
    )
