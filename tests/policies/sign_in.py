"""Sign-in: the user pool, its domain with managed login, and the page's client."""

import re
from collections.abc import Iterator
from typing import Any

from .subject import ORIGINS, Subject, at, listed, policy


def _pool(subject: Subject) -> dict[str, Any]:
    return subject.only("AWS::Cognito::UserPool").properties


def _client(subject: Subject) -> dict[str, Any]:
    return subject.only("AWS::Cognito::UserPoolClient").properties


def _differences(node: dict[str, Any], expected: dict[str, Any], place: str) -> Iterator[str]:
    for key, value in expected.items():
        if node.get(key) != value:
            yield f"{place}.{key} is {node.get(key)}, not {value}"


@policy
def nobody_signs_up(subject: Subject) -> Iterator[str]:
    """People are invited (`make create-user`)."""
    if at(_pool(subject), "AdminCreateUserConfig", "AllowAdminCreateUserOnly") is not True:
        yield "anybody can sign up: AllowAdminCreateUserOnly is not true"


@policy
def people_sign_in_with_a_verified_email(subject: Subject) -> Iterator[str]:
    """In any spelling of it, and recover their account by it."""
    expected = {
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]
        },
    }
    yield from _differences(_pool(subject), expected, "UserPool")


@policy
def passwords_are_long_and_mixed(subject: Subject) -> Iterator[str]:
    """T12. At least 8 characters, upper and lower case, and a digit."""
    found = at(_pool(subject), "Policies", "PasswordPolicy") or {}
    if found.get("MinimumLength", 0) < 8:
        yield f"a password may have {found.get('MinimumLength', 0)} characters"
    expected = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers"), True)
    yield from _differences(found, expected, "PasswordPolicy")


@policy
def managed_login_has_its_tier_and_version(subject: Subject) -> Iterator[str]:
    """Version 2 of the sign-in pages, which the Lite tier does not have."""
    domain = subject.only("AWS::Cognito::UserPoolDomain").properties
    yield from _differences(_pool(subject), {"UserPoolTier": "ESSENTIALS"}, "UserPool")
    yield from _differences(domain, {"ManagedLoginVersion": 2}, "UserPoolDomain")


@policy
def the_sign_in_page_has_a_branding(subject: Subject) -> Iterator[str]:
    """One for the client, and made after the domain; without it people see an error page."""
    client = subject.only("AWS::Cognito::UserPoolClient").attributes["ClientId"]
    domain = subject.only("AWS::Cognito::UserPoolDomain").id
    brandings = subject.every("AWS::Cognito::ManagedLoginBranding")
    if not any(each.properties.get("ClientId") == client for each in brandings):
        yield "the client has no ManagedLoginBranding"
    for each in brandings:
        if domain not in listed(subject.document["Resources"][each.id].get("DependsOn")):
            yield f"{each.id} may be made before the domain"


@policy
def only_the_code_grant_is_open(subject: Subject) -> Iterator[str]:
    """T12. The implicit grant puts tokens into addresses, where histories and logs keep them."""
    expected = {"AllowedOAuthFlows": ["code"], "AllowedOAuthFlowsUserPoolClient": True}
    yield from _differences(_client(subject), expected, "UserPoolClient")


@policy
def tokens_say_who_and_no_more(subject: Subject) -> Iterator[str]:
    """The scope aws.cognito.signin.user.admin would let a page change the account."""
    scopes = _client(subject).get("AllowedOAuthScopes")
    if scopes != ["openid", "email", "profile"]:
        yield f"the client's scopes are {scopes}, not openid, email and profile"


@policy
def people_come_from_this_pool_and_the_given_provider(subject: Subject) -> Iterator[str]:
    """T12. And the provider's secret is read by CloudFormation, so that nobody has to hold it."""
    parameters = subject.template.parameters
    providers = ["COGNITO"]
    expected = []
    if parameters["OidcIssuer"]:
        providers.append(parameters["OidcName"])
        expected = [
            {
                "oidc_issuer": parameters["OidcIssuer"],
                "client_id": parameters["OidcClientId"],
                "client_secret": f"(the text of {parameters['OidcSecretArn']})",
                "authorize_scopes": "openid email profile",
                "attributes_request_method": "GET",
            }
        ]
    found = subject.every("AWS::Cognito::UserPoolIdentityProvider")
    if [each.properties.get("ProviderDetails") for each in found] != expected:
        yield f"the identity providers are not {expected}"
    for each in found:
        if at(each.properties, "AttributeMapping", "email_verified") != "email_verified":
            yield f"{each.id} does not say whether an address is verified"
    redirect = f"{subject.template.outputs['LoginUrl']}/oauth2/idpresponse" if expected else None
    said = subject.template.outputs.get("OidcRedirectUrl")
    if said != redirect:
        yield f"the provider's redirect is said to be {said}, not {redirect}"
    if _client(subject).get("SupportedIdentityProviders") != providers:
        yield f"people may sign in by {_client(subject).get('SupportedIdentityProviders')}"


@policy
def a_second_factor_is_asked_for_as_the_parameter_says(subject: Subject) -> Iterator[str]:
    """T12. By an app: a text message can be had by who has the number."""
    is_required = subject.template.parameters["Mfa"] == "required"
    expected = {
        # Written out when it is off: what an update leaves out may stay as it was.
        "MfaConfiguration": "ON" if is_required else "OFF",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"] if is_required else None,
    }
    yield from _differences(_pool(subject), expected, "UserPool")


@policy
def passkeys_belong_to_the_sign_in_page(subject: Subject) -> Iterator[str]:
    """T12. Bound to its host (what WebAuthnRelyingPartyID defaults to), used after a finger, a face
    or a PIN, and added by a link that people are given; or not there at all."""
    expected: dict[str, Any] = dict.fromkeys(("WebAuthnRelyingPartyID", "WebAuthnUserVerification"))
    factors, flows, link = ["PASSWORD"], {"ALLOW_USER_SRP_AUTH"}, None
    if subject.template.parameters["Passkeys"] == "on":
        expected["WebAuthnUserVerification"] = "required"
        factors, flows = ["PASSWORD", "WEB_AUTHN"], {"ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"}
        outputs = subject.template.outputs
        link = (
            f"{outputs['LoginUrl']}/passkeys/add?client_id={outputs['UserPoolClientId']}"
            f"&redirect_uri={outputs['SpaUrl']}"
        )
    yield from _differences(_pool(subject), expected, "UserPool")
    found = at(_pool(subject), "Policies", "SignInPolicy", "AllowedFirstAuthFactors")
    if found != factors:
        yield f"people may begin with {found}, not {factors}"
    if subject.template.outputs.get("PasskeyUrl") != link:
        yield f"a passkey is added at {subject.template.outputs.get('PasskeyUrl')}, not at {link}"
    given = set(_client(subject).get("ExplicitAuthFlows") or [])
    if ("ALLOW_USER_AUTH" in given) != ("ALLOW_USER_AUTH" in flows):
        yield f"the client's flows are {sorted(given)}, not {sorted(flows)}"


@policy
def the_client_has_no_secret(subject: Subject) -> Iterator[str]:
    """A page cannot keep one."""
    if _client(subject).get("GenerateSecret") is not False:
        yield "GenerateSecret is not false"


@policy
def no_flow_takes_a_password(subject: Subject) -> Iterator[str]:
    """T12. A page that may send passwords is a page that passwords can be tried through."""
    for flow in _client(subject).get("ExplicitAuthFlows") or []:
        if "PASSWORD" in flow or "NO_SRP" in flow or "CUSTOM" in flow:
            yield f"{flow} signs people in outside the sign-in page"


@policy
def refresh_tokens_rotate(subject: Subject) -> Iterator[str]:
    """T12. Cognito refuses rotation beside ALLOW_REFRESH_TOKEN_AUTH, which is in the default."""
    rotation = _client(subject).get("RefreshTokenRotation") or {}
    if rotation.get("Feature") != "ENABLED":
        yield "a refresh token stays good after use: RefreshTokenRotation is not ENABLED"
    flows = _client(subject).get("ExplicitAuthFlows") or ["ALLOW_REFRESH_TOKEN_AUTH"]
    if "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        yield "ExplicitAuthFlows holds ALLOW_REFRESH_TOKEN_AUTH, or does when it is left out"


@policy
def tokens_live_no_longer_than_said(subject: Subject) -> Iterator[str]:
    """Access and ID tokens 60 minutes, refresh tokens 30 days; the defaults have other units."""
    expected = {
        "AccessTokenValidity": 60,
        "IdTokenValidity": 60,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {
            "AccessToken": "minutes",
            "IdToken": "minutes",
            "RefreshToken": "days",
        },
    }
    yield from _differences(_client(subject), expected, "UserPoolClient")


@policy
def signing_out_revokes_tokens(subject: Subject) -> Iterator[str]:
    """T12. Without it a copied refresh token works on after sign-out."""
    yield from _differences(_client(subject), {"EnableTokenRevocation": True}, "UserPoolClient")


@policy
def the_sign_in_page_tells_nobody_who_has_an_account(subject: Subject) -> Iterator[str]:
    """T12. LEGACY answers "user does not exist"."""
    expected = {"PreventUserExistenceErrors": "ENABLED"}
    yield from _differences(_client(subject), expected, "UserPoolClient")


@policy
def sign_in_returns_to_this_page_only(subject: Subject) -> Iterator[str]:
    """T12. The page and, if there is one, the page under development; exact, in both lists."""
    pages = {ORIGINS.site, subject.template.parameters["DevUrl"]} - {""}
    for key in ("CallbackURLs", "LogoutURLs"):
        found = set(_client(subject).get(key) or [])
        for url in sorted(found - pages):
            yield f"{key} holds {url}"
        for url in sorted(pages - found):
            yield f"{key} lacks {url}"


@policy
def a_development_page_is_on_this_machine(subject: Subject) -> Iterator[str]:
    """T12. DevUrl may be nothing that someone else could serve, and nothing but an exact origin."""
    pattern = at(subject.document, "Parameters", "DevUrl", "AllowedPattern") or ""
    for url in ("http://example.com", "https://*.example.com", "http://localhost:3000/*"):
        if re.search(pattern, url):
            yield f"DevUrl may be {url}"
