"""Parameter mapping expressions: where the value of a mapped header or parameter comes from.

Source: "Parameter mapping source reference for REST APIs in API Gateway". An expression is one
source; API Gateway cannot join two. Stage variables and body paths are not known here.
"""

import re
from collections.abc import Set
from dataclasses import dataclass

from local.errors import TemplateError
from local.gateway.context import is_known
from local.gateway.exchange import Exchange, Headers, encode

# (in, name) of each parameter that an operation declares, such as ("header", "Authorization").
Declared = Set[tuple[str, str]]

_LITERAL = re.compile(r"'([^'\r\n]*)'")
_REQUEST = re.compile(r"method\.request\.(header|querystring|path)\.([\w.$-]+)")
_IN = {"header": "header", "querystring": "query", "path": "path"}


@dataclass(frozen=True)
class Expression:
    """A source: a literal, a parameter of the request, or a $context variable."""

    kind: str  # literal, header, querystring, path or context
    name: str  # the literal's text, or the parameter's or variable's name

    @classmethod
    def of(cls, written: object, declared: Declared | None, place: str) -> "Expression":
        """Parse one; with `declared` given, only a declared parameter can be mapped, as in AWS."""
        source = written if isinstance(written, str) else ""
        if match := _LITERAL.fullmatch(source):
            return cls("literal", match[1])
        if match := _REQUEST.fullmatch(source):
            if declared is not None and (_IN[match[1]], match[2]) not in declared:
                raise TemplateError(
                    f"{place}: the operation does not declare the parameter of `{source}`."
                )
            return cls(match[1], match[2])
        if source.startswith("context.") and is_known(source.removeprefix("context.")):
            return cls("context", source.removeprefix("context."))
        raise TemplateError(
            f"{place}: the expression `{written}` is not known to the local gateway; "
            "it knows 'literal' in single quotes, method.request.header|querystring|path.NAME "
            "and context.NAME."
        )

    def value(self, exchange: Exchange) -> str | None:
        """What it stands for in this request, or None if the request has no such thing."""
        match self.kind:
            case "literal":
                return self.name
            case "header":
                return exchange.header(self.name)
            case "querystring":
                return exchange.query_parameter(self.name)
            case "path":
                return exchange.path_parameters.get(self.name)
            case _:
                return exchange.context.get(self.name)


Mapped = tuple[tuple[str, Expression], ...]  # (name of the header or parameter, its source)


def headers(mapped: Mapped, exchange: Exchange) -> Headers:
    """The mapped headers of this request, without those whose source is absent."""
    values = ((name, expression.value(exchange)) for name, expression in mapped)
    return [(encode(name), encode(value)) for name, value in values if value is not None]
