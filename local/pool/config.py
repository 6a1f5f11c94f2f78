"""What template.yaml says about the user pool, its domain and its client.

Defaults of properties that the template leaves out are CloudFormation's own
(AWS::Cognito::UserPool and AWS::Cognito::UserPoolClient in its template reference). A property
whose effect cannot be played here is refused rather than ignored: otherwise a page could work here
and fail there, or the other way round.
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from local.errors import TemplateError
from local.pool.passwords import PasswordPolicy
from local.template import Resource, Template

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

# "System reserved scopes" of docs.aws.amazon.com/cognito/latest/developerguide/
# authorization-endpoint.html. Others would need an AWS::Cognito::UserPoolResourceServer.
SCOPES = {"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"}

POOL_READ = {
    "AdminCreateUserConfig",
    "Policies",
    "UserPoolTier",
    "UsernameAttributes",
    "UsernameConfiguration",
}
# Mail and text messages, recovery and tags: nothing of it is seen between a browser and the pool.
# AutoVerifiedAttributes is about people who sign up or change their address; nobody does so here.
POOL_WITHOUT_EFFECT = {
    "AccountRecoverySetting",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "UserAttributeUpdateSettings",
    "UserPoolName",
    "UserPoolTags",
    "VerificationMessageTemplate",
}
CLIENT_READ = {
    "AccessTokenValidity",
    "AllowedOAuthFlows",
    "AllowedOAuthFlowsUserPoolClient",
    "AllowedOAuthScopes",
    "CallbackURLs",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "GenerateSecret",
    "IdTokenValidity",
    "LogoutURLs",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "RefreshTokenRotation",
    "RefreshTokenValidity",
    "SupportedIdentityProviders",
    "TokenValidityUnits",
}
# The SDK's authentication API, which the local pool does not have, and names.
CLIENT_WITHOUT_EFFECT = {"AuthSessionValidity", "ClientName", "UserPoolId", "WriteAttributes"}


@dataclass(frozen=True)
class PoolConfig:
    """The user pool, its domain and its one client, as they are played here. Times in seconds."""

    pool_id: str
    client_id: str
    case_sensitive: bool
    password_policy: PasswordPolicy
    scopes: tuple[str, ...]
    callback_urls: tuple[str, ...]
    logout_urls: tuple[str, ...]
    read_attributes: frozenset[str]
    id_token_seconds: int
    access_token_seconds: int
    refresh_token_seconds: int
    rotates_refresh_tokens: bool
    retry_grace_seconds: int
    revokes_tokens: bool
    hides_user_existence: bool

    @classmethod
    def of(cls, template: Template) -> Self:
        """Read a resolved template; raises TemplateError naming the property and the fix."""
        pool = template.only("AWS::Cognito::UserPool")
        domain = template.only("AWS::Cognito::UserPoolDomain")
        client = template.only("AWS::Cognito::UserPoolClient")
        ids = {}
        for name in ("UserPoolId", "UserPoolClientId"):
            if name not in template.outputs:
                raise TemplateError(
                    f"Outputs lacks {name}; the local user pool takes its id there."
                )
            ids[name] = template.outputs[name]

        tier = pool.properties.get("UserPoolTier", "ESSENTIALS")
        _check_pool(pool)
        _check_domain(domain, template, ids["UserPoolClientId"], tier)
        _check_client(client)

        rotation = client.properties.get("RefreshTokenRotation") or {}
        rotates = rotation.get("Feature", "DISABLED") == "ENABLED"
        _check_rotation(client, rotates, tier)
        read = client.properties.get("ReadAttributes") or ["email", "email_verified"]
        return cls(
            pool_id=ids["UserPoolId"],
            client_id=ids["UserPoolClientId"],
            case_sensitive=_flag(
                pool.properties.get("UsernameConfiguration") or {}, "CaseSensitive", default=True
            ),
            password_policy=_password_policy(pool),
            scopes=_scopes(client),
            callback_urls=_urls(client, "CallbackURLs"),
            logout_urls=_urls(client, "LogoutURLs"),
            read_attributes=frozenset(read),
            id_token_seconds=_lifetime(client, "IdToken", (1, "hours"), (300, 86400)),
            access_token_seconds=_lifetime(client, "AccessToken", (1, "hours"), (300, 86400)),
            refresh_token_seconds=_lifetime(
                client, "RefreshToken", (30, "days"), (3600, 315_360_000)
            ),
            rotates_refresh_tokens=rotates,
            retry_grace_seconds=_number(client, rotation, "RetryGracePeriodSeconds", 0, (0, 60)),
            revokes_tokens=_flag(client.properties, "EnableTokenRevocation", default=True),
            hides_user_existence=client.properties.get("PreventUserExistenceErrors") == "ENABLED",
        )


# Factors beside a password, and the template's parameter that brings them.
POOL_FACTORS = {
    "EnabledMfas": "Mfa",
    "MfaConfiguration": "Mfa",
    "WebAuthnFactorConfiguration": "Passkeys",
    "WebAuthnRelyingPartyID": "Passkeys",
    "WebAuthnUserVerification": "Passkeys",
}
# What these say when there is none, written out.
_NO_FACTORS = {"MfaConfiguration": "OFF"}
_PASSWORD_ONLY = {"AllowedFirstAuthFactors": ["PASSWORD"]}


def _check_pool(pool: Resource) -> None:
    for name in sorted(pool.properties.keys() & POOL_FACTORS.keys()):
        if pool.properties[name] == _NO_FACTORS.get(name):
            continue
        raise TemplateError(
            f"{pool.id}.{name}: the local sign-in page knows no other factor than a password. Give "
            f"`make dev` {POOL_FACTORS[name]}=off (samconfig.toml, [local.deploy.parameters])."
        )
    _refuse_unknown(pool, POOL_READ | POOL_WITHOUT_EFFECT | _NO_FACTORS.keys())
    policies = pool.properties.get("Policies") or {}
    if (
        policies.keys() - {"PasswordPolicy", "SignInPolicy"}
        or policies.get("SignInPolicy", _PASSWORD_ONLY) != _PASSWORD_ONLY
    ):
        raise TemplateError(
            f"{pool.id}.Policies may hold PasswordPolicy, and a SignInPolicy of PASSWORD alone: "
            "the local sign-in page knows no other factor."
        )
    if pool.properties.get("UsernameAttributes") != ["email"]:
        raise TemplateError(
            f"{pool.id}.UsernameAttributes must be [email]: the local sign-in page asks for an "
            "email address."
        )
    admin = pool.properties.get("AdminCreateUserConfig") or {}
    if not _flag(admin, "AllowAdminCreateUserOnly"):
        raise TemplateError(
            f"{pool.id}.AdminCreateUserConfig.AllowAdminCreateUserOnly must be true: otherwise "
            "anybody can sign up, and the local pool has no page for that."
        )


def _check_domain(domain: Resource, template: Template, client_id: str, tier: str) -> None:
    _refuse_unknown(domain, {"Domain", "ManagedLoginVersion", "UserPoolId"})
    if str(domain.properties.get("ManagedLoginVersion")) != "2":
        raise TemplateError(
            f"{domain.id}.ManagedLoginVersion must be 2: the local pool plays managed login, not "
            "the older hosted UI."
        )
    if tier == "LITE":
        raise TemplateError("UserPoolTier LITE has no managed login; ESSENTIALS or PLUS has.")
    if not any(
        resource.type == "AWS::Cognito::ManagedLoginBranding"
        and resource.properties.get("ClientId") == client_id
        for resource in template.resources.values()
    ):
        raise TemplateError(
            f"{domain.id}.ManagedLoginVersion 2 needs an AWS::Cognito::ManagedLoginBranding with "
            "the client's ClientId: without it Cognito shows no sign-in page."
        )


def _check_client(client: Resource) -> None:
    _refuse_unknown(client, CLIENT_READ | CLIENT_WITHOUT_EFFECT)
    if _flag(client.properties, "GenerateSecret"):
        raise TemplateError(
            f"{client.id}.GenerateSecret must be false: a page in a browser cannot keep a secret."
        )
    if not _flag(client.properties, "AllowedOAuthFlowsUserPoolClient"):
        raise TemplateError(
            f"{client.id}.AllowedOAuthFlowsUserPoolClient must be true: without it Cognito ignores "
            "AllowedOAuthFlows and AllowedOAuthScopes and refuses every sign-in."
        )
    if client.properties.get("AllowedOAuthFlows") != ["code"]:
        raise TemplateError(
            f"{client.id}.AllowedOAuthFlows must be [code]: the implicit grant puts tokens into "
            "the browser's history, and client credentials sign nobody in."
        )
    if client.properties.get("SupportedIdentityProviders") != ["COGNITO"]:
        raise TemplateError(
            f"{client.id}.SupportedIdentityProviders must be [COGNITO]: the local pool has no "
            "other identity provider."
        )


def _check_rotation(client: Resource, rotates: bool, tier: str) -> None:
    if not rotates:
        return
    if tier == "LITE":
        raise TemplateError("UserPoolTier LITE has no refresh-token rotation; ESSENTIALS has.")
    # The list that Cognito takes when the property is left out holds it too (API reference,
    # CreateUserPoolClient, ExplicitAuthFlows).
    flows = client.properties.get("ExplicitAuthFlows") or ["ALLOW_REFRESH_TOKEN_AUTH"]
    if "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        raise TemplateError(
            f"{client.id}.ExplicitAuthFlows must be given and leave out ALLOW_REFRESH_TOKEN_AUTH: "
            "Cognito refuses it beside RefreshTokenRotation."
        )


def _password_policy(pool: Resource) -> PasswordPolicy:
    policy = (pool.properties.get("Policies") or {}).get("PasswordPolicy")
    # Without a policy Cognito asks for everything; with one, for what it names.
    everything = policy is None
    policy = policy or {}
    return PasswordPolicy(
        minimum_length=_number(pool, policy, "MinimumLength", 8, (6, 99)),
        uppercase=_flag(policy, "RequireUppercase", default=everything),
        lowercase=_flag(policy, "RequireLowercase", default=everything),
        numbers=_flag(policy, "RequireNumbers", default=everything),
        symbols=_flag(policy, "RequireSymbols", default=everything),
    )


def _scopes(client: Resource) -> tuple[str, ...]:
    scopes = client.properties.get("AllowedOAuthScopes") or []
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or "openid" not in scopes:
        raise TemplateError(
            f"{client.id}.AllowedOAuthScopes must hold openid, without which there is no ID token, "
            f"and only scopes that every pool has{f', not {unknown}' if unknown else ''}."
        )
    return tuple(scopes)


def _urls(client: Resource, name: str) -> tuple[str, ...]:
    urls = client.properties.get(name) or []
    if not urls:
        raise TemplateError(f"{client.id}.{name} must hold at least one address.")
    for url in urls:
        parts = urlsplit(url)
        if not parts.scheme or "#" in url:
            raise TemplateError(f"{client.id}.{name}: {url} must be absolute, without a fragment.")
        if parts.scheme == "http" and parts.hostname != "localhost":
            raise TemplateError(f"{client.id}.{name}: {url} must be https, or http://localhost.")
    return tuple(dict.fromkeys(urls))


def _lifetime(
    client: Resource, token: str, default: tuple[int, str], limits: tuple[int, int]
) -> int:
    """Seconds that a kind of token lives; limits are the API reference's, in seconds."""
    count, unit = default
    name = f"{token}Validity"
    unit = (client.properties.get("TokenValidityUnits") or {}).get(token, unit)
    if unit not in SECONDS:
        raise TemplateError(
            f"{client.id}.TokenValidityUnits.{token} must be one of {', '.join(SECONDS)}."
        )
    seconds = SECONDS[unit] * _number(client, client.properties, name, count, (1, limits[1]))
    if not limits[0] <= seconds <= limits[1]:
        raise TemplateError(
            f"{client.id}.{name} comes to {seconds} s with its TokenValidityUnits; Cognito takes "
            f"{limits[0]} to {limits[1]} s."
        )
    return seconds


def _number(
    resource: Resource, properties: dict[str, Any], name: str, default: int, limits: tuple[int, int]
) -> int:
    """A whole number of `resource`; CloudFormation takes its digits as text as well."""
    value = str(properties.get(name, default))
    if not value.isdecimal() or not limits[0] <= int(value) <= limits[1]:
        raise TemplateError(
            f"{resource.id}: {name} must be a whole number from {limits[0]} to {limits[1]}."
        )
    return int(value)


def _flag(properties: dict[str, Any], name: str, default: bool = False) -> bool:
    """A boolean property; CloudFormation takes the words "true" and "false" as well."""
    return str(properties.get(name, default)).lower() == "true"


def _refuse_unknown(resource: Resource, known: set[str]) -> None:
    for name in resource.properties:
        if name not in known:
            raise TemplateError(
                f"{resource.id}.{name} is not played by the local user pool. Take it out of the "
                "template, or teach local/pool/config.py what it does."
            )
