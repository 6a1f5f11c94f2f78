"""The local stack of Amazon API Gateway (REST): it serves what the template's OpenAPI body says.

Nothing about routes, headers, limits or timeouts is decided here; what the template does not say
is a documented property of API Gateway and names the page it comes from.
"""

from local.gateway.api import Api
from local.gateway.app import create_app

__all__ = ["Api", "create_app"]
