"""Sign-in and page, as the file describes them: who is sent where, and who may talk to whom."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ops.doctor.check import Fault, Symptom
from ops.doctor.template.subject import TEMPLATE, TemplateFile, at


@TEMPLATE.check("callback", "the client's callback and sign-out addresses", Symptom.SIGN_IN)
def callback(subject: TemplateFile) -> Iterator[Fault]:
    """Cognito compares them as text: a slash at the end is another address."""
    page = subject.output("SpaUrl")
    for name, urls in (
        ("CallbackURLs", subject.pool.callback_urls),
        ("LogoutURLs", subject.pool.logout_urls),
    ):
        if page not in urls:
            yield Fault(
                f"{name}: {', '.join(urls)}",
                f"{page} among them, exactly, without a slash at the end",
                f"UserPoolClient: {name}: [!Sub 'https://${{Site.DomainName}}']",
            )


@TEMPLATE.check("branding-order", "what the branding waits for", Symptom.DEPLOY)
def branding_order(subject: TemplateFile) -> Iterator[Fault]:
    subject.pool  # noqa: B018 - without a branding, template.sign-in says so
    waits = subject.written("AWS::Cognito::ManagedLoginBranding").get("DependsOn") or []
    domain = subject.template.only("AWS::Cognito::UserPoolDomain").id
    if domain not in ([waits] if isinstance(waits, str) else waits):
        yield Fault(
            f"no DependsOn on {domain}",
            "the domain first: Cognito refuses a branding without one",
            f"UserPoolBranding: DependsOn: {domain}",
        )


@TEMPLATE.check("connect-src", "the Content-Security-Policy of the page", Symptom.PAGE)
def connect_src(subject: TemplateFile) -> Iterator[Fault]:
    config = subject.properties("AWS::CloudFront::ResponseHeadersPolicy")
    policy = at(
        config,
        "ResponseHeadersPolicyConfig",
        "SecurityHeadersConfig",
        "ContentSecurityPolicy",
        "ContentSecurityPolicy",
    )
    missing = unreachable(policy or "", subject.output("ApiUrl"), subject.output("LoginUrl"))
    if missing:
        yield Fault(
            f"connect-src does not name {', '.join(missing)}",
            "'self', the API's origin and the sign-in's: the browser blocks any other request",
            "SiteHeaders: ContentSecurityPolicy: connect-src 'self' https://${Api}... "
            "https://${UserPoolDomain}...",
        )


def unreachable(policy: str, *addresses: str) -> list[str]:
    """The origins of `addresses` that a Content-Security-Policy keeps a page from."""
    directives = {name: rest for name, *rest in map(str.split, policy.split(";")) if name}
    sources = directives.get("connect-src", directives.get("default-src", ["*"]))
    origins = ("{0.scheme}://{0.netloc}".format(urlsplit(address)) for address in addresses)
    return [origin for origin in origins if origin not in sources and "*" not in sources]
