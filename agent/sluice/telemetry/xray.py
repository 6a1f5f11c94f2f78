"""SigV4 for spans that go straight to CloudWatch: https://xray.REGION.amazonaws.com/v1/traces.

"OTLP Endpoints" in CloudWatch's user guide: each POST is signed for the service `xray`.
"""

import logging
import re
from typing import Any, override

import requests
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

SERVICE = "xray"
_ENDPOINT = re.compile(r"https://xray\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?(?:/v1/traces)?/?")

_log = logging.getLogger(__name__)


def find_region(collector: str) -> str | None:
    """The region of an endpoint of CloudWatch; None for any other collector."""
    named = _ENDPOINT.fullmatch(collector)
    return named[1] if named else None


class Signature(requests.auth.AuthBase):
    """Signs each request with the role's credentials of that moment. Without any, the request goes
    unsigned, is refused, and one line says why."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._session = Session()
        self._has_warned = False

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        credentials = self._session.get_credentials()
        if credentials is None:
            if not self._has_warned:
                _log.warning("traces cannot be sent: there are no AWS credentials to sign with")
            self._has_warned = True
            return request
        data: Any = request.body
        signed = AWSRequest(method=request.method, url=request.url, data=data)
        SigV4Auth(credentials.get_frozen_credentials(), SERVICE, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request
