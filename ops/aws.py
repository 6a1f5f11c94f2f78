"""AWS's clients, and what their failures mean, in a sentence that names the fix."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    NoRegionError,
)

Failure = (BotoCoreError, ClientError)
"""What any call of a client may raise, for `except aws.Failure`."""

UNUSABLE_WAY = (
    "A proxy or the certificates that this shell names cannot be used: set HTTPS_PROXY, ALL_PROXY "
    "and NO_PROXY to http:// addresses and hosts, SSL_CERT_FILE, AWS_CA_BUNDLE and "
    "REQUESTS_CA_BUNDLE to a file of certificates (PEM), or unset them."
)
"""SOCKS proxies, addresses that are none, files that are not there: httpx and botocore fail on them
with errors of Python's."""

_SIGN_IN = "run `aws sso login` or `aws login`, or set AWS_PROFILE"

# Names of botocore's exceptions, and error codes of AWS's answers ("Common error types" in each
# service's API reference), to what a person can do about them.
_MEANINGS = {
    "NoCredentialsError": f"There are no AWS credentials here: {_SIGN_IN}.",
    "PartialCredentialsError": "Of the AWS credentials here, a part is missing: "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together.",
    "CredentialRetrievalError": f"The AWS credentials cannot be had: {_SIGN_IN}.",
    "HTTPClientError": UNUSABLE_WAY,
    "InvalidProxiesConfigError": UNUSABLE_WAY,
    "ProxyConnectionError": "The proxy of HTTPS_PROXY (or ALL_PROXY) cannot be reached: set it to "
    "the http:// address of one that runs, or unset it.",
    "NoRegionError": "No AWS region is set: add REGION=eu-west-1, or set AWS_REGION or the "
    "profile's region.",
    **dict.fromkeys(
        (
            "ExpiredToken",
            "ExpiredTokenException",
            "LoginRefreshRequired",
            "LoginTokenLoadError",
            "RequestExpired",
            "SSOTokenLoadError",
            "TokenRetrievalError",
            "UnauthorizedSSOTokenError",
        ),
        f"The AWS sign-in has expired: {_SIGN_IN}.",
    ),
    **dict.fromkeys(
        (
            "AuthFailure",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        f"AWS does not accept these credentials: {_SIGN_IN}, and look at AWS_ACCESS_KEY_ID.",
    ),
    "RequestTimeTooSkewed": "This machine's clock is wrong by minutes: set it, and try again.",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}


def client(service: str) -> Any:
    """A boto3 client. The region is AWS_REGION's (which boto3 itself does not read), else
    AWS_DEFAULT_REGION's or the profile's. Raises one of `Failure`."""
    session = _session()
    if not session.region_name:  # boto3 would take an empty one for a region
        raise NoRegionError
    return session.client(service, config=Config(connect_timeout=10, retries={"mode": "standard"}))


def _session() -> Any:
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def explain(error: Exception) -> str:
    """One sentence for people: what went wrong, and what to do about it."""
    if not isinstance(error, ClientError):
        # The texts of botocore's own exceptions name hosts, profiles and parameters, no secrets.
        return _MEANINGS.get(type(error).__name__, f"{error}".rstrip(".") + ".")
    code: str = error.response["Error"].get("Code", "")
    message: str = error.response["Error"].get("Message", "")
    if code in _MEANINGS:
        return _MEANINGS[code]
    if code == "InvalidSignatureException":
        is_late = re.search(r"Signature (expired|not yet current)", message)
        return _MEANINGS["RequestTimeTooSkewed" if is_late else "AuthFailure"]
    if code in _DENIED:
        named = re.search(r"perform: ([\w:*-]+)(?:.*?on resource: (\S+))?", message)
        action = named[1] if named else error.operation_name
        where = f" on {named[2]}" if named and named[2] else ""
        return (
            f"These credentials may not do {action}{where}: docs/deployer-policy.json lists what "
            "is needed."
        )
    if missing := re.search(r"Stack (?:with id )?\[?(\S+?)\]? does not exist", message):
        return (
            f"There is no stack {missing[1]} in {_session().region_name}: deploy it, or fix STACK "
            "or REGION."
        )
    if code in _THROTTLED:
        return f"AWS throttled {error.operation_name}: try again in a minute."
    return f"{error.operation_name} failed with {code}: {message.rstrip('.')}."


@contextlib.contextmanager
def failures_in_words() -> Iterator[None]:
    """A failure inside ends the command with its sentence on stderr and status 1."""
    try:
        yield
    except Failure as error:
        sys.exit(explain(error))
