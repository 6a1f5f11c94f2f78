"""The page: CloudFront in front of a private bucket, and the headers it answers with."""

from collections.abc import Iterator
from typing import Any

from .subject import ORIGINS, Subject, at, policy

_HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
_YEAR = 365 * 24 * 3600


def _distribution(subject: Subject) -> dict[str, Any]:
    return at(subject.only("AWS::CloudFront::Distribution").properties, "DistributionConfig") or {}


def _headers(subject: Subject) -> dict[str, Any]:
    return at(subject.only(_HEADERS).properties, "ResponseHeadersPolicyConfig") or {}


def _policy(subject: Subject) -> dict[str, set[str]]:
    """The Content-Security-Policy: directive -> sources."""
    entry = at(_headers(subject), "SecurityHeadersConfig", "ContentSecurityPolicy")
    directives = (at(entry, "ContentSecurityPolicy") or "").split(";")
    return {name: set(rest) for name, *rest in map(str.split, directives) if name}


@policy
def only_the_distribution_reads_the_page(subject: Subject) -> Iterator[str]:
    """Origin access control with a signature on every request; the older identity is left empty."""
    control = subject.only("AWS::CloudFront::OriginAccessControl")
    config = at(control.properties, "OriginAccessControlConfig") or {}
    for key, value in {
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }.items():
        if config.get(key) != value:
            yield f"{control.id}.{key} is {config.get(key)}, not {value}"
    for origin in _distribution(subject).get("Origins") or []:
        if not origin.get("OriginAccessControlId"):
            yield f"the origin {origin['Id']} has no OriginAccessControlId"
        if at(origin, "S3OriginConfig", "OriginAccessIdentity") != "":
            yield f"the origin {origin['Id']} has an OriginAccessIdentity"
    for each in subject.every("AWS::CloudFront::CloudFrontOriginAccessIdentity"):
        yield f"{each.id} is of the kind that origin access control replaces"


@policy
def the_page_is_read_over_https(subject: Subject) -> Iterator[str]:
    """And only read."""
    behaviour = _distribution(subject).get("DefaultCacheBehavior") or {}
    if behaviour.get("ViewerProtocolPolicy") not in ("redirect-to-https", "https-only"):
        yield "the page can be read over plain HTTP"
    if set(behaviour.get("AllowedMethods") or []) != {"GET", "HEAD"}:
        yield f"the page answers {behaviour.get('AllowedMethods')}"


@policy
def scripts_and_all_else_come_from_the_page(subject: Subject) -> Iterator[str]:
    """T7. Nothing by default, and then the page's own files only: no unsafe-inline, no data:.

    Images alone may also be blobs, which only the page's own script makes: a tool's pictures.
    """
    found = _policy(subject)
    expected = {
        "default-src": {"'none'"},
        "script-src": {"'self'"},
        "base-uri": {"'none'"},
        "form-action": {"'none'"},
        "frame-ancestors": {"'none'"},
    }
    for directive, sources in expected.items():
        if found.get(directive) != sources:
            yield f"{directive} is {found.get(directive)}, not {sources}"
    for directive, sources in found.items():
        if directive.endswith("-src") and directive != "connect-src":
            blobs = {"blob:"} if directive == "img-src" else set()
            for source in sorted(sources - {"'self'", "'none'"} - blobs):
                yield f"{directive} allows {source}"


@policy
def the_page_talks_to_the_api_and_sign_in_only(subject: Subject) -> Iterator[str]:
    """T7. What a script cannot reach, it cannot send a conversation to."""
    expected = {"'self'", ORIGINS.api, ORIGINS.login}
    found = _policy(subject).get("connect-src")
    if found != expected:
        yield f"connect-src is {found}, not {expected}"


@policy
def no_string_becomes_markup(subject: Subject) -> Iterator[str]:
    """T7. Trusted Types, and no policy that could make one of a string."""
    found = _policy(subject)
    if found.get("require-trusted-types-for") != {"'script'"}:
        yield "require-trusted-types-for 'script' is missing"
    if found.get("trusted-types") != {"'none'"}:
        yield f"trusted-types is {found.get('trusted-types')}, not 'none'"


@policy
def browsers_are_told_to_be_strict(subject: Subject) -> Iterator[str]:
    """HTTPS for a year and more, no guessing of types, no frames, no referrer, no devices."""
    headers = at(_headers(subject), "SecurityHeadersConfig") or {}
    transport = headers.get("StrictTransportSecurity") or {}
    if transport.get("AccessControlMaxAgeSec", 0) < _YEAR:
        yield "browsers forget within a year that the page wants HTTPS"
    if transport.get("IncludeSubdomains") is not True:
        yield "HSTS leaves out subdomains"
    if "ContentTypeOptions" not in headers:
        yield "browsers may guess types: there is no ContentTypeOptions"
    if at(headers, "FrameOptions", "FrameOption") != "DENY":
        yield "other sites may show the page in a frame"
    if at(headers, "ReferrerPolicy", "ReferrerPolicy") != "no-referrer":
        yield "links tell other sites where they were clicked"
    custom = at(_headers(subject), "CustomHeadersConfig", "Items") or []
    values = {each["Header"]: each["Value"] for each in custom}
    if values.get("Cross-Origin-Opener-Policy") != "same-origin":
        yield "other windows may hold on to the page: no Cross-Origin-Opener-Policy"
    for device in ("camera", "geolocation", "microphone"):
        if f"{device}=()" not in values.get("Permissions-Policy", ""):
            yield f"Permissions-Policy allows the {device}"


@policy
def every_answer_of_the_site_has_these_headers(subject: Subject) -> Iterator[str]:
    """An unattached policy does nothing; an object's own header wins without Override."""
    behaviours = [
        _distribution(subject).get("DefaultCacheBehavior") or {},
        *(_distribution(subject).get("CacheBehaviors") or []),
    ]
    name = subject.only(_HEADERS).id
    for behaviour in behaviours:
        if not behaviour.get("ResponseHeadersPolicyId"):
            yield f"a behaviour of the distribution lacks {name}"
    for key, entry in (at(_headers(subject), "SecurityHeadersConfig") or {}).items():
        if entry.get("Override") is not True:
            yield f"{key} gives way to an object's own header"
    for each in at(_headers(subject), "CustomHeadersConfig", "Items") or []:
        if each.get("Override") is not True:
            yield f"{each['Header']} gives way to an object's own header"
