"""SigV4 for MCP servers of Bedrock AgentCore: gateways, and runtimes that speak MCP."""

import re
from collections.abc import Generator

import httpx2
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

# `signingName` of the service in botocore's model, and what AgentCore's guide signs gateways with.
SERVICE = "bedrock-agentcore"
# gateway-id.gateway.bedrock-agentcore.us-east-1.amazonaws.com; a runtime's begins with the service.
_REGION = re.compile(rf"(?:^|\.){SERVICE}\.([a-z0-9-]+)\.")
_HEADERS = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


class Signature(httpx2.Auth):
    """Signs each request with the process's own credentials, for the region in the server's name,
    else for the process's own.

    Raises:
        ValueError: There are no credentials, or there is no region.
    """

    requires_request_body = True

    def __init__(self, url: str) -> None:
        session = Session()
        named = _REGION.search(httpx2.URL(url).host)
        self._region = named[1] if named else session.get_config_variable("region")
        self._credentials = session.get_credentials()
        if self._credentials is None or not self._region:
            raise ValueError("no credentials or no region to sign with")

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
        # Frozen anew for each request: a role's credentials last for hours.
        credentials = self._credentials.get_frozen_credentials()
        # Without the other headers: proxies on the way change some, such as Connection.
        signed = AWSRequest(method=request.method, url=str(request.url), data=request.content)
        SigV4Auth(credentials, SERVICE, self._region).add_auth(signed)
        for name in _HEADERS:
            if name in signed.headers:
                request.headers[name] = signed.headers[name]
        yield request
