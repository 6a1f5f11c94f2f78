"""Sign-in as it is at AWS: the pool's client, its domain and its branding."""

from collections.abc import Iterator
from typing import Any

from ops import aws
from ops.doctor.check import Fault, Symptom
from ops.doctor.deployed.subject import DEPLOYED, DeployedStack, code_of


def _ids(subject: DeployedStack) -> dict[str, str]:
    return {
        "UserPoolId": subject.output("UserPoolId"),
        "ClientId": subject.output("UserPoolClientId"),
    }


def _client(subject: DeployedStack) -> dict[str, Any]:
    answer = subject.client("cognito-idp").describe_user_pool_client(**_ids(subject))
    found: dict[str, Any] = answer["UserPoolClient"]
    return found


@DEPLOYED.check("oauth", "the client's OAuth settings", Symptom.SIGN_IN)
def oauth(subject: DeployedStack) -> Iterator[Fault]:
    client = _client(subject)
    on = client.get("AllowedOAuthFlowsUserPoolClient") is True
    flows, scopes = client.get("AllowedOAuthFlows") or [], client.get("AllowedOAuthScopes") or []
    if not on or "code" not in flows or "openid" not in scopes:
        yield Fault(
            f"AllowedOAuthFlowsUserPoolClient {on}, flows {flows}, scopes {scopes}",
            "true (without it Cognito ignores the other two), code, and openid among the scopes",
            f"template.yaml, UserPoolClient: AllowedOAuthFlowsUserPoolClient: true; "
            f"{subject.deploy}",
        )


@DEPLOYED.check("callback", "the client's callback and sign-out addresses", Symptom.SIGN_IN)
def callback(subject: DeployedStack) -> Iterator[Fault]:
    client, page = _client(subject), subject.output("SpaUrl")
    for name in ("CallbackURLs", "LogoutURLs"):
        if page not in (client.get(name) or []):
            yield Fault(
                f"{name}: {', '.join(client.get(name) or []) or 'none'}",
                f"{page} among them, exactly, without a slash at the end",
                f"template.yaml, UserPoolClient: {name}; {subject.deploy}",
            )


@DEPLOYED.check("rotation", "the client's refresh tokens", Symptom.SIGN_IN, "warning")
def rotation(subject: DeployedStack) -> Iterator[Fault]:
    client = _client(subject)
    flows = client.get("ExplicitAuthFlows") or []
    feature = (client.get("RefreshTokenRotation") or {}).get("Feature", "DISABLED")
    if feature != "ENABLED" or "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        yield Fault(
            f"RefreshTokenRotation {feature}, flows {flows}",
            "ENABLED, without ALLOW_REFRESH_TOKEN_AUTH, which excludes it: a page that takes a new "
            "refresh token each time is given none",
            f"template.yaml, UserPoolClient: RefreshTokenRotation; {subject.deploy}",
        )


@DEPLOYED.check("domain", "the sign-in domain", Symptom.SIGN_IN)
def domain(subject: DeployedStack) -> Iterator[Fault]:
    name = subject.resource("AWS::Cognito::UserPoolDomain")
    answer = subject.client("cognito-idp").describe_user_pool_domain(Domain=name)
    found = answer["DomainDescription"]
    status, version = found.get("Status"), found.get("ManagedLoginVersion")
    if status != "ACTIVE" or version != 2:
        yield Fault(
            f"{name} is {status or 'not there'}, managed login version {version}",
            "ACTIVE, version 2",
            f"template.yaml, UserPoolDomain: ManagedLoginVersion: 2; {subject.deploy}",
        )


@DEPLOYED.check("branding", "the branding of the sign-in page", Symptom.SIGN_IN)
def branding(subject: DeployedStack) -> Iterator[Fault]:
    try:
        subject.client("cognito-idp").describe_managed_login_branding_by_client(**_ids(subject))
    except aws.Failure as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        yield Fault(
            "the client has none",
            "one for the client: without it managed login shows an error page",
            f"template.yaml, UserPoolBranding: ClientId: !Ref UserPoolClient; {subject.deploy}",
        )
