"""Codes, tokens, rotation, revocation and userInfo, over real HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pool_support import (
    CALLBACK,
    CLIENT_ID,
    EMAIL,
    ORIGIN,
    PASSWORD,
    POOL_ID,
    Clock,
    Pool,
    answer,
    running_pool,
)

from local.pool import PoolStore

PREFLIGHT = {
    "Origin": CALLBACK,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with running_pool(tmp_path) as running:
        yield running


def user_info(pool: Pool, token: str) -> Any:
    bearer = f"Bearer {token}".encode("latin-1")
    return pool.http.get("/oauth2/userInfo", headers={"Authorization": bearer})


def revoke(pool: Pool, token: str, client_id: str = CLIENT_ID) -> Any:
    return pool.http.post("/oauth2/revoke", data={"token": token, "client_id": client_id})


def test_the_id_token_has_cognitos_claims(pool: Pool) -> None:
    claims = pool.claims(pool.sign_in()["id_token"])
    now = int(pool.clock.seconds)
    sub = claims["sub"]
    for name in ("event_id", "jti", "origin_jti"):
        assert len(claims.pop(name)) == 36
    assert claims == {
        "aud": CLIENT_ID,
        "auth_time": now,
        "cognito:username": sub,
        "email": EMAIL,
        "email_verified": True,
        "exp": now + 3600,
        "iat": now,
        "iss": f"{ORIGIN}/{POOL_ID}",
        "nonce": "nonce-1",
        "sub": sub,
        "token_use": "id",
    }


def test_the_access_token_has_cognitos_claims_and_no_audience(pool: Pool) -> None:
    tokens = pool.sign_in()
    claims = pool.claims(tokens["access_token"])
    now = int(pool.clock.seconds)
    sub = claims["sub"]
    for name in ("event_id", "jti", "origin_jti"):
        assert len(claims.pop(name)) == 36
    assert claims == {
        "auth_time": now,
        "client_id": CLIENT_ID,
        "exp": now + 45 * 60,
        "iat": now,
        "iss": f"{ORIGIN}/{POOL_ID}",
        "scope": "openid email profile",
        "sub": sub,
        "token_use": "access",
        "username": sub,
        "version": 2,
    }
    assert tokens["expires_in"] == 45 * 60
    assert tokens["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("scope", "readable", "has_email"),
    [
        ("openid", None, True),
        ("openid profile", None, False),
        ("openid email", None, True),
        ("openid email", ["name"], False),
    ],
)
def test_scopes_and_read_attributes_open_the_address_to_the_client(
    tmp_path: Path, scope: str, readable: list[str] | None, has_email: bool
) -> None:
    with running_pool(tmp_path, UserPoolClient={"ReadAttributes": readable}) as pool:
        visit = pool.visit().open(scope=scope)
        tokens = visit.redeem(visit.submit()).json()
        assert ("email" in pool.claims(tokens["id_token"])) is has_email
        assert ("email" in user_info(pool, tokens["access_token"]).json()) is has_email


def test_id_and_access_tokens_are_signed_with_the_two_published_keys(pool: Pool) -> None:
    keys = pool.http.get(f"/{POOL_ID}/.well-known/jwks.json").json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    for key in keys:
        assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}
        assert RSAKey.import_key(key).public_key.key_size == 2048


def test_t12_a_replayed_code_is_refused_and_ends_what_it_gave(pool: Pool) -> None:
    visit = pool.visit().open()
    redirect = visit.submit()
    tokens = visit.redeem(redirect).json()
    replayed = visit.redeem(redirect)
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    assert pool.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert user_info(pool, tokens["access_token"]).status_code == 401


def test_t12_a_wrong_verifier_is_refused_and_uses_the_code_up(pool: Pool) -> None:
    visit = pool.visit().open()
    redirect = visit.submit()
    wrong = visit.redeem(redirect, code_verifier="w" * 43)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert visit.redeem(redirect).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code": "made-up"}, "invalid_grant"),
        ({"redirect_uri": "https://d1.cloudfront.net"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code": None}, "invalid_request"),
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
)
def test_the_token_endpoint_refuses_with_cognitos_errors(
    pool: Pool, change: dict[str, str | None], error: str
) -> None:
    visit = pool.visit().open()
    refused = visit.redeem(visit.submit(), **change)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert refused.headers["cache-control"] == "no-store"


def test_a_code_is_good_for_five_minutes(pool: Pool) -> None:
    visit = pool.visit().open()
    redirect = visit.submit()
    pool.clock.seconds += 300
    assert visit.redeem(redirect).json()["error"] == "invalid_grant"


def test_the_token_endpoint_takes_forms_only(pool: Pool) -> None:
    body = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": "any"}
    assert pool.http.post("/oauth2/token", json=body).json()["error"] == "invalid_request"
    twice = "grant_type=refresh_token&grant_type=refresh_token"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = pool.http.post("/oauth2/token", content=twice, headers=kind)
    assert refused.json()["error"] == "invalid_request"
    assert pool.http.post("/oauth2/token", content=b"a" * 70_000, headers=kind).status_code == 413


def test_pages_of_any_origin_may_call_the_token_endpoint(pool: Pool) -> None:
    for path in ("/oauth2/token", "/oauth2/revoke"):
        preflight = pool.http.options(path, headers=PREFLIGHT)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "POST" in preflight.headers["access-control-allow-methods"]
        refused = pool.http.post(path, data={}, headers={"Origin": CALLBACK})
        assert refused.headers["access-control-allow-origin"] == "*"
    keys = pool.http.get(f"/{POOL_ID}/.well-known/jwks.json", headers={"Origin": CALLBACK})
    assert keys.headers["access-control-allow-origin"] == "*"
    page = pool.http.get("/login", headers={"Origin": CALLBACK})
    assert "access-control-allow-origin" not in page.headers


def test_refreshing_gives_new_tokens_of_the_same_sign_in(pool: Pool) -> None:
    first = pool.sign_in()
    pool.clock.seconds += 60
    answered = pool.refresh(first["refresh_token"])
    assert answered.headers["cache-control"] == "no-store"
    second = answered.json()
    assert second["refresh_token"] != first["refresh_token"]
    before, after = pool.claims(first["id_token"]), pool.claims(second["id_token"])
    for same in ("sub", "origin_jti", "auth_time", "aud"):
        assert after[same] == before[same]
    assert after["iat"] == before["iat"] + 60
    assert after["jti"] != before["jti"]
    assert "nonce" not in after


def test_t12_a_reused_refresh_token_is_refused_once_its_grace_is_over(pool: Pool) -> None:
    first = pool.sign_in()["refresh_token"]
    second = pool.refresh(first).json()["refresh_token"]
    pool.clock.seconds += 29
    assert pool.refresh(first).status_code == 200
    pool.clock.seconds += 1  # the grace runs from the first use, not from the last
    reused = pool.refresh(first)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert pool.refresh(second).status_code == 200


def test_without_a_grace_period_a_refresh_token_is_good_once(tmp_path: Path) -> None:
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED"}}
    with running_pool(tmp_path, UserPoolClient=rotation) as pool:
        token = pool.sign_in()["refresh_token"]
        assert pool.refresh(token).status_code == 200
        assert pool.refresh(token).json()["error"] == "invalid_grant"


def test_without_rotation_the_refresh_token_stays(tmp_path: Path) -> None:
    with running_pool(tmp_path, UserPoolClient={"RefreshTokenRotation": None}) as pool:
        token = pool.sign_in()["refresh_token"]
        assert "refresh_token" not in pool.refresh(token).json()
        assert pool.refresh(token).status_code == 200


def test_two_tabs_that_refresh_at_once_both_go_on(pool: Pool) -> None:
    token = pool.sign_in()["refresh_token"]
    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(pool.refresh, [token] * 8))
    assert {answered.status_code for answered in answers} == {200}
    successors = {answered.json()["refresh_token"] for answered in answers}
    assert len(successors) == 8
    assert all(pool.refresh(successor).status_code == 200 for successor in successors)


def test_rotation_does_not_lengthen_a_sign_in(pool: Pool) -> None:
    token = pool.sign_in()["refresh_token"]
    pool.clock.seconds += 30 * 86400 - 1
    token = pool.refresh(token).json()["refresh_token"]
    pool.clock.seconds += 1
    assert pool.refresh(token).json()["error"] == "invalid_grant"


def test_revoking_ends_the_whole_family_and_its_access_tokens(pool: Pool) -> None:
    first = pool.sign_in()
    second = pool.refresh(first["refresh_token"]).json()
    other = pool.sign_in()
    revoked = revoke(pool, second["refresh_token"])
    assert (revoked.status_code, revoked.content) == (200, b"")
    for ended in (first, second):
        assert pool.refresh(ended["refresh_token"]).json()["error"] == "invalid_grant"
        assert user_info(pool, ended["access_token"]).status_code == 401
    assert pool.refresh(other["refresh_token"]).status_code == 200


def test_revoking_answers_as_cognito_documents(pool: Pool) -> None:
    tokens = pool.sign_in()
    assert revoke(pool, "made-up").status_code == 200
    assert revoke(pool, "").json()["error"] == "invalid_request"
    assert revoke(pool, tokens["access_token"]).json()["error"] == "unsupported_token_type"
    foreign = revoke(pool, tokens["refresh_token"], client_id="another")
    assert (foreign.status_code, foreign.json()["error"]) == (401, "invalid_client")
    assert pool.refresh(tokens["refresh_token"]).status_code == 200


def test_a_client_without_revocation_cannot_revoke(tmp_path: Path) -> None:
    with running_pool(tmp_path, UserPoolClient={"EnableTokenRevocation": False}) as pool:
        token = pool.sign_in()["refresh_token"]
        assert revoke(pool, token).json()["error"] == "invalid_request"
        assert pool.refresh(token).status_code == 200


def test_user_info_answers_an_access_token_and_nothing_else(pool: Pool) -> None:
    tokens = pool.sign_in()
    sub = pool.claims(tokens["id_token"])["sub"]
    assert user_info(pool, tokens["access_token"]).json() == {
        "sub": sub,
        "username": sub,
        "email": EMAIL,
        "email_verified": "true",
    }
    assert pool.http.get("/oauth2/userInfo").status_code == 400
    for refused in (tokens["id_token"], tokens["refresh_token"], "made.up.token", "é"):
        answered = user_info(pool, refused)
        assert answered.status_code == 401
        assert 'error="invalid_token"' in answered.headers["www-authenticate"]
    pool.clock.seconds += 45 * 60
    assert user_info(pool, tokens["access_token"]).status_code == 401


def test_a_restart_keeps_tokens_verifiable_and_refreshable(tmp_path: Path) -> None:
    clock = Clock()
    with running_pool(tmp_path, clock) as before:
        first = before.sign_in()
        second = before.refresh(first["refresh_token"]).json()
    with running_pool(tmp_path, clock) as after:
        assert after.claims(first["id_token"])["email"] == EMAIL
        assert user_info(after, first["access_token"]).status_code == 200
        assert after.refresh(second["refresh_token"]).status_code == 200
        clock.seconds += 30
        assert after.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"


def test_no_file_of_the_pool_holds_a_refresh_token(pool: Pool) -> None:
    token = pool.sign_in()["refresh_token"]
    assert all(token not in file.read_text() for file in pool.store.folder.iterdir())


def test_the_tokens_of_another_pool_are_refused(pool: Pool, tmp_path: Path) -> None:
    PoolStore(tmp_path / "another").ensure_user(EMAIL, PASSWORD)  # with keys of its own
    with running_pool(tmp_path / "another") as another:
        foreign = another.sign_in()
    with pytest.raises((JoseError, ValueError)):
        pool.claims(foreign["id_token"])
    assert user_info(pool, foreign["access_token"]).status_code == 401
    assert pool.refresh(foreign["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_edited_template_takes_effect_for_codes_and_tokens_already_out(tmp_path: Path) -> None:
    clock = Clock()
    with running_pool(tmp_path, clock) as before:
        token = before.sign_in()["refresh_token"]
    with running_pool(tmp_path, clock, UserPoolClient={"AccessTokenValidity": 5}) as after:
        assert after.refresh(token).json()["expires_in"] == 300


def test_a_code_answers_only_the_request_that_asked_for_it(pool: Pool) -> None:
    pool.sign_in()
    mine, other = pool.visit(), pool.visit()
    redirect = mine.authorize()
    assert answer(redirect)["code"] != answer(other.authorize())["code"]
    assert other.redeem(redirect).json()["error"] == "invalid_grant"
