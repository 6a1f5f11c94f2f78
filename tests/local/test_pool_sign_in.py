"""Authorization requests, the sign-in page, browser sessions and sign-out, over real HTTP."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pool_support import (
    CALLBACK,
    CLIENT_ID,
    EMAIL,
    ORIGIN,
    PASSWORD,
    POOL_ID,
    Pool,
    answer,
    running_pool,
)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with running_pool(tmp_path) as running:
        yield running


def test_signing_in_takes_code_and_state_back_to_the_page(pool: Pool) -> None:
    redirect = pool.visit().open().submit()
    assert redirect.headers["location"].startswith(f"{CALLBACK}?code=")
    assert answer(redirect)["state"] == "state-1"
    assert redirect.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example",
        CALLBACK + "/",
        CALLBACK + "/callback",
        CALLBACK.replace("localhost", "localhost.evil.example"),
        CALLBACK + "?next=https://evil.example",
        "HTTP://LOCALHOST:3000",
        None,
    ],
)
def test_t12_a_foreign_redirect_gets_a_page_and_never_a_redirect(
    pool: Pool, redirect_uri: str | None
) -> None:
    for path in ("/oauth2/authorize", "/login"):
        parameters = pool.visit().parameters(redirect_uri=redirect_uri)
        refused = pool.http.get(path, params=parameters)
        assert refused.status_code == 400
        assert "location" not in refused.headers
        assert "CallbackURLs" in refused.text


def test_the_error_page_shows_a_foreign_address_as_text(pool: Pool) -> None:
    refused = pool.visit().authorize(redirect_uri="https://evil.example/<script>")
    assert "<script>" not in refused.text
    assert "&lt;script&gt;" in refused.text


def test_an_unknown_client_gets_a_page_and_never_a_redirect(pool: Pool) -> None:
    refused = pool.visit().authorize(client_id="another")
    assert refused.status_code == 400
    assert "location" not in refused.headers


def test_a_parameter_given_twice_gets_a_page_and_never_a_redirect(pool: Pool) -> None:
    twice = [*pool.visit().parameters().items(), ("redirect_uri", CALLBACK)]
    refused = pool.http.get("/oauth2/authorize", params=httpx.QueryParams(twice))
    assert refused.status_code == 400
    assert "location" not in refused.headers


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "id_token"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"scope": "openid api/read"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_a_client_may_not_ask_for_goes_back_to_it_as_an_error(
    pool: Pool, change: dict[str, str | None], error: str
) -> None:
    refused = pool.visit().authorize(**change)
    assert refused.headers["location"].startswith(f"{CALLBACK}?error=")
    assert answer(refused)["error"] == error
    assert answer(refused)["state"] == "state-1"


def test_a_request_without_scopes_gets_all_of_the_clients(pool: Pool) -> None:
    visit = pool.visit().open(scope=None)
    tokens = visit.redeem(visit.submit()).json()
    assert pool.claims(tokens["access_token"])["scope"] == "openid email profile"


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_user_read_the_same(pool: Pool, email: str) -> None:
    refused = pool.visit().open().submit(email=email, password="Wrong-1234")
    assert refused.status_code == 403
    assert "The email address or password is wrong." in refused.text
    assert 'role="alert"' in refused.text
    assert f'value="{email}"' in refused.text
    assert "Wrong-1234" not in refused.text


def test_a_pool_that_does_not_hide_user_existence_names_the_unknown_user(tmp_path: Path) -> None:
    client = {"PreventUserExistenceErrors": "LEGACY"}
    with running_pool(tmp_path, UserPoolClient=client) as pool:
        refused = pool.visit().open().submit(email="nobody@example.com")
    assert "There is no such user." in refused.text


@pytest.mark.parametrize(("case_sensitive", "status"), [(False, 302), (True, 403)])
def test_the_template_says_whether_the_case_of_an_address_counts(
    tmp_path: Path, case_sensitive: bool, status: int
) -> None:
    names = {"UsernameConfiguration": {"CaseSensitive": case_sensitive}}
    with running_pool(tmp_path, UserPool=names) as pool:
        assert pool.visit().open().submit(email=EMAIL.title()).status_code == status


def test_t12_guessing_locks_the_name_for_longer_and_longer(pool: Pool) -> None:
    visit = pool.visit().open()
    for _ in range(5):
        visit.submit(password="Wrong-1234")
    locked = visit.submit()
    assert locked.status_code == 403
    assert "Too many attempts" in locked.text
    pool.clock.seconds += 1
    assert visit.submit().status_code == 302


def test_a_form_that_another_site_made_up_is_refused(pool: Pool) -> None:
    visit = pool.visit().open()
    for made_up in ("made-up", "é", ""):
        assert visit.submit(_csrf=made_up).status_code == 403
    pool.http.cookies.clear()
    assert visit.submit().status_code == 403


def test_a_second_tab_does_not_spoil_the_first(pool: Pool) -> None:
    first = pool.visit().open()
    pool.visit().open()
    assert first.submit().status_code == 302


def test_a_browser_that_signed_in_is_not_asked_again_for_an_hour(pool: Pool) -> None:
    signed_in = pool.clock.seconds
    pool.sign_in()
    pool.clock.seconds += 3599
    visit = pool.visit()
    tokens = visit.redeem(visit.authorize()).json()
    assert pool.claims(tokens["id_token"])["auth_time"] == signed_in
    pool.clock.seconds += 1
    assert pool.visit().authorize().headers["location"].startswith("/login?")


def test_prompt_login_asks_again_and_prompt_none_never_asks(pool: Pool) -> None:
    stranger = answer(pool.visit().authorize(prompt="none"))
    assert (stranger["error"], stranger["state"]) == ("login_required", "state-1")
    pool.sign_in()
    assert "code" in answer(pool.visit().authorize(prompt="none"))
    assert pool.visit().authorize(prompt="login").headers["location"].startswith("/login?")


def test_a_login_hint_fills_in_the_address_as_text(pool: Pool) -> None:
    page = pool.visit().open(login_hint='ada"><b>@example.com').page
    assert 'value="ada&quot;&gt;&lt;b&gt;@example.com"' in page.text


def test_signing_out_ends_the_browsers_session(pool: Pool) -> None:
    pool.sign_in()
    out = pool.http.get("/logout", params={"client_id": CLIENT_ID, "logout_uri": CALLBACK})
    assert (out.status_code, out.headers["location"]) == (302, CALLBACK)
    assert pool.visit().authorize().headers["location"].startswith("/login?")


def test_a_session_cookie_kept_from_before_signing_out_opens_nothing(pool: Pool) -> None:
    pool.sign_in()
    kept = dict(pool.http.cookies)
    pool.http.get("/logout", params={"client_id": CLIENT_ID, "logout_uri": CALLBACK})
    pool.http.cookies.update(kept)
    assert pool.visit().authorize().headers["location"].startswith("/login?")


def test_t12_signing_out_to_a_foreign_address_gets_a_page_and_changes_nothing(pool: Pool) -> None:
    pool.sign_in()
    for foreign in ("https://evil.example", CALLBACK + "/"):
        out = pool.http.get("/logout", params={"client_id": CLIENT_ID, "logout_uri": foreign})
        assert out.status_code == 400
        assert "LogoutURLs" in out.text
    assert "code" in answer(pool.visit().authorize())


def test_signing_out_by_openid_connects_own_parameters_is_refused_as_by_cognito(pool: Pool) -> None:
    standard = {"client_id": CLIENT_ID, "post_logout_redirect_uri": CALLBACK}
    out = pool.http.get("/logout", params=standard)
    assert out.status_code == 400
    assert "LogoutURLs" in out.text


def test_signing_out_with_a_redirect_uri_asks_who_comes_next(pool: Pool) -> None:
    pool.sign_in()
    visit = pool.visit()
    out = pool.http.get("/logout", params=visit.parameters())
    assert out.headers["location"].startswith("/login?")
    visit.page = pool.http.get(out.headers["location"])
    assert visit.redeem(visit.submit()).status_code == 200


def test_the_page_needs_no_script_and_may_only_send_its_form_to_the_pages_it_serves(
    pool: Pool,
) -> None:
    page = pool.visit().open().page
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert f"form-action 'self' {CALLBACK} https://d1.cloudfront.net" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-frame-options"] == "DENY"
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_cookies_are_out_of_reach_of_scripts_and_of_other_sites(pool: Pool) -> None:
    visit = pool.visit().open()
    for answered in (visit.page, visit.submit()):
        cookie = answered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie


def test_discovery_leads_to_every_endpoint(pool: Pool) -> None:
    found = pool.http.get(f"/{POOL_ID}/.well-known/openid-configuration").json()
    assert found["issuer"] == f"{ORIGIN}/{POOL_ID}"
    assert found["jwks_uri"] == f"{ORIGIN}/{POOL_ID}/.well-known/jwks.json"
    for name, path in {
        "authorization_endpoint": "/oauth2/authorize",
        "token_endpoint": "/oauth2/token",
        "revocation_endpoint": "/oauth2/revoke",
        "userinfo_endpoint": "/oauth2/userInfo",
        "end_session_endpoint": "/logout",
    }.items():
        assert found[name] == ORIGIN + path


def test_t8_no_line_of_the_log_holds_an_address_a_password_a_code_or_a_token(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="local"):
        visit = pool.visit().open()
        visit.submit(password="Wrong-1234")
        redirect = visit.submit()
        tokens = visit.redeem(redirect).json()
        visit.redeem(redirect)
        pool.refresh(tokens["refresh_token"])
        visit.authorize(scope="everything")
    assert len(caplog.records) >= 5
    secrets = [EMAIL, PASSWORD, "Wrong-1234", answer(redirect)["code"], *map(str, tokens.values())]
    secrets.remove("Bearer")
    secrets.remove(str(tokens["expires_in"]))
    for secret in secrets:
        assert secret not in caplog.text
