"""What the pool reads from the template, and what it refuses to guess."""

from typing import Any

import pytest
from pool_support import CALLBACK, CLIENT_ID, POOL_ID, template

from local.errors import TemplateError
from local.pool import PoolConfig


def test_lifetimes_scopes_and_addresses_come_from_the_template() -> None:
    config = PoolConfig.of(template())
    assert (config.pool_id, config.client_id) == (POOL_ID, CLIENT_ID)
    assert config.access_token_seconds == 45 * 60
    assert config.id_token_seconds == 60 * 60
    assert config.refresh_token_seconds == 30 * 24 * 60 * 60
    assert config.retry_grace_seconds == 30
    assert config.scopes == ("openid", "email", "profile")
    assert config.callback_urls == ("https://d1.cloudfront.net", CALLBACK)


def test_a_property_left_out_takes_cloudformations_default() -> None:
    left_out = dict.fromkeys(
        [
            "AccessTokenValidity",
            "IdTokenValidity",
            "RefreshTokenValidity",
            "TokenValidityUnits",
            "RefreshTokenRotation",
            "EnableTokenRevocation",
            "PreventUserExistenceErrors",
        ]
    )
    pool = {"UsernameConfiguration": None, "Policies": None}
    config = PoolConfig.of(template(UserPoolClient=left_out, UserPool=pool))
    assert config.access_token_seconds == config.id_token_seconds == 3600
    assert config.refresh_token_seconds == 30 * 86400
    assert config.revokes_tokens
    assert config.case_sensitive
    assert config.password_policy.symbols
    assert not config.rotates_refresh_tokens
    assert not config.hides_user_existence


def test_numbers_and_booleans_may_be_the_text_of_a_parameter() -> None:
    client = {"AccessTokenValidity": "30", "AllowedOAuthFlowsUserPoolClient": "true"}
    assert PoolConfig.of(template(UserPoolClient=client)).access_token_seconds == 1800


@pytest.mark.parametrize(
    ("resource", "change", "named"),
    [
        ("UserPool", {"UsernameAttributes": ["phone_number"]}, "UsernameAttributes"),
        ("UserPool", {"AdminCreateUserConfig": None}, "AllowAdminCreateUserOnly"),
        ("UserPool", {"Policies": {"SignInPolicy": {}}}, "Policies"),
        ("UserPool", {"UserPoolTier": "LITE"}, "UserPoolTier"),
        ("UserPool", {"MfaConfiguration": "ON"}, "MfaConfiguration"),
        ("UserPool", {"LambdaConfig": {"PreSignUp": "arn"}}, "LambdaConfig"),
        ("UserPoolDomain", {"ManagedLoginVersion": None}, "ManagedLoginVersion"),
        ("UserPoolDomain", {"CustomDomainConfig": {}}, "CustomDomainConfig"),
        ("ManagedLoginBranding", {"ClientId": "another"}, "ManagedLoginBranding"),
        ("UserPoolClient", {"GenerateSecret": True}, "GenerateSecret"),
        (
            "UserPoolClient",
            {"AllowedOAuthFlowsUserPoolClient": None},
            "AllowedOAuthFlowsUserPoolClient",
        ),
        ("UserPoolClient", {"AllowedOAuthFlows": ["code", "implicit"]}, "AllowedOAuthFlows"),
        ("UserPoolClient", {"AllowedOAuthScopes": ["email"]}, "openid"),
        ("UserPoolClient", {"AllowedOAuthScopes": ["openid", "api/read"]}, "api/read"),
        ("UserPoolClient", {"SupportedIdentityProviders": None}, "SupportedIdentityProviders"),
        ("UserPoolClient", {"CallbackURLs": []}, "CallbackURLs"),
        ("UserPoolClient", {"CallbackURLs": ["http://example.com"]}, "https"),
        ("UserPoolClient", {"LogoutURLs": ["/signed-out"]}, "LogoutURLs"),
        ("UserPoolClient", {"AccessTokenValidity": 4}, "AccessTokenValidity"),
        ("UserPoolClient", {"RefreshTokenValidity": 4000}, "RefreshTokenValidity"),
        ("UserPoolClient", {"IdTokenValidity": "an hour"}, "IdTokenValidity"),
        ("UserPoolClient", {"TokenValidityUnits": {"IdToken": "weeks"}}, "TokenValidityUnits"),
        (
            "UserPoolClient",
            {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 61}},
            "RetryGracePeriodSeconds",
        ),
        ("UserPoolClient", {"ExplicitAuthFlows": None}, "ALLOW_REFRESH_TOKEN_AUTH"),
        ("UserPoolClient", {"DefaultRedirectURI": CALLBACK}, "DefaultRedirectURI"),
    ],
)
def test_a_template_the_pool_cannot_play_is_refused_by_name(
    resource: str, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(TemplateError, match=named):
        PoolConfig.of(template(**{resource: change}))


def test_a_template_without_the_pools_outputs_is_refused_by_name() -> None:
    whole = template()
    del whole.outputs["UserPoolClientId"]
    with pytest.raises(TemplateError, match="UserPoolClientId"):
        PoolConfig.of(whole)
