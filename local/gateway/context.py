"""The $context variables of one request, and templates that name them.

Source: "Variables for data transformations for API Gateway" and "Variables for access logging for
API Gateway"; of the variables listed there, `KNOWN` holds those that this gateway can fill.
"""

import json
import re

Context = dict[str, str]

KNOWN = frozenset(
    {
        "error.message",
        "error.messageString",
        "error.responseType",
        "error.validationErrorString",
        "extendedRequestId",
        "httpMethod",
        "identity.sourceIp",
        "identity.userAgent",
        "integration.latency",
        "integration.responseTransferMode",
        "integration.status",
        "integration.timeToAllHeaders",
        "integration.timeToFirstContent",
        "integrationLatency",
        "integrationStatus",
        "path",
        "protocol",
        "requestId",
        "requestTime",
        "requestTimeEpoch",
        "resourcePath",
        "responseLatency",
        "responseLength",
        "stage",
        "status",
    }
)
CLAIMS = "authorizer.claims."

_VARIABLE = re.compile(r"\$context\.(authorizer\.claims\.[\w:-]+|\w+(?:\.\w+)*)")


def is_known(name: str) -> bool:
    """Whether this gateway can ever fill the variable $context.`name`."""
    return name in KNOWN or name.startswith(CLAIMS)


def names(template: str) -> list[str]:
    """The names of the $context variables in a template, without the prefix."""
    return _VARIABLE.findall(template)


def fill(template: str, context: Context, absent: str) -> str:
    """The template with its $context variables filled in, or with `absent` where there is none.

    Values are escaped as in a JSON string, so that no client can forge a log line or a field;
    $context.error.messageString brings its own quotation marks.
    """

    def value(match: re.Match[str]) -> str:
        quotes = match[1] == "error.messageString"
        name = "error.message" if quotes else match[1]
        if name not in context:
            return absent
        quoted = json.dumps(context[name])
        return quoted if quotes else quoted[1:-1]

    return _VARIABLE.sub(value, template)
