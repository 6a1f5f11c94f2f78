"""Plays CloudFront in front of the site's bucket: files, and the template's headers."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from local.errors import TemplateError
from local.template import Template

# SecurityHeadersConfig of a response headers policy: key -> (header, how its value is made), after
# "Understand response headers policies" in the CloudFront developer guide.
_SECURITY_HEADERS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "ContentSecurityPolicy": (
        "Content-Security-Policy",
        lambda entry: str(entry["ContentSecurityPolicy"]),
    ),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", lambda entry: str(entry["FrameOption"])),
    "ReferrerPolicy": ("Referrer-Policy", lambda entry: str(entry["ReferrerPolicy"])),
    "StrictTransportSecurity": (
        "Strict-Transport-Security",
        lambda entry: (
            f"max-age={entry['AccessControlMaxAgeSec']}"
            + ("; includeSubDomains" if entry.get("IncludeSubdomains") else "")
            + ("; preload" if entry.get("Preload") else "")
        ),
    ),
}


def page_config(outputs: Mapping[str, str]) -> dict[str, str]:
    """What the page reads at /config.json, here and deployed."""
    return {
        "issuer": outputs["Issuer"],
        "clientId": outputs["UserPoolClientId"],
        "apiUrl": outputs["ApiUrl"],
        "loginUrl": outputs["LoginUrl"],
    }


def create_app(template: Template, folder: Path, built: Callable[[], Awaitable[None]]) -> ASGIApp:
    """Serve the page that was built into `folder`. `built` returns once no build is under way, so
    that a reload during one shows the new page. Raises TemplateError for headers unknown here."""
    distribution = template.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    bucket = _Bucket(
        folder,
        distribution["DefaultRootObject"],
        _headers(template),
        json.dumps(page_config(template.outputs)),
        built,
    )
    return Starlette(routes=[Mount("/", bucket)])


class _Bucket(StaticFiles):
    def __init__(
        self,
        folder: Path,
        root_object: str,
        headers: Mapping[str, str],
        config: str,
        built: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._root_object = root_object
        self._headers = headers
        self._config = config
        self._built = built

    async def get_response(self, path: str, scope: Scope) -> Response:
        await self._built()
        if path == "config.json":
            response = Response(self._config, media_type="application/json")
        else:
            try:
                response = await super().get_response(
                    self._root_object if path == "." else path, scope
                )
            except HTTPException:
                # A private bucket that may not be listed answers 403, not 404, to what it has not.
                response = Response("Access Denied", 403, media_type="text/plain")
        immutable = path.startswith("assets/") and response.status_code < 300
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if immutable else "no-cache"
        )
        response.headers.update(self._headers)
        return response


def _headers(template: Template) -> dict[str, str]:
    policy = template.only("AWS::CloudFront::ResponseHeadersPolicy")
    config = policy.properties["ResponseHeadersPolicyConfig"]
    headers = {}
    for key, entry in config.get("SecurityHeadersConfig", {}).items():
        if key not in _SECURITY_HEADERS:
            raise TemplateError(
                f"{policy.id}.SecurityHeadersConfig.{key}: the local site does not know it."
            )
        name, value = _SECURITY_HEADERS[key]
        headers[name] = value(entry)
    for item in config.get("CustomHeadersConfig", {}).get("Items", []):
        headers[item["Header"]] = item["Value"]
    return headers
