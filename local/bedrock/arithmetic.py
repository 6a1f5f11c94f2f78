"""Finds arithmetic in a sentence: "what's 15% of 80" holds `15/100*80`."""

import ast
import re

MAX_EXPRESSION = 300

_NUMBER = r"\d[\d,]*(?:\.\d+)?|\.\d+"

# Words and typographic signs for operators, rewritten in this order, because the later ones are
# parts of the earlier.
_SPELLINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (rf"({_NUMBER})\s*(?:%|percent)\s+of\b", r"\1/100*"),
        (r"\bthe\s+(?=(?:square|cube)\s+root\b)", ""),
        (rf"\bsquare\s+root\s+of\s+({_NUMBER})", r"sqrt(\1)"),
        (rf"\u221a\s*({_NUMBER})", r"sqrt(\1)"),
        (r"\bsquare\s+root\s+of\s*(?=\()", "sqrt"),
        (rf"\bcube\s+root\s+of\s+({_NUMBER})", r"(\1)**(1/3)"),
        (rf"\bhalf\s+of\s+(?={_NUMBER}|\()", "1/2*"),
        (r"\b(?:raised\s+)?to\s+the\s+power\s+(?:of\s+)?", "**"),
        (r"\bsquared\b|\u00b2", "**2"),
        (r"\bcubed\b|\u00b3", "**3"),
        (r"\bdivided\s+by\b|\bover\b|\u00f7", "/"),
        (r"\bmultiplied\s+by\b|\btimes\b|[\u00d7\u00b7]|(?<=\d)\s*x\s*(?=\d)", "*"),
        (r"\bplus\b", "+"),
        (r"\bminus\b|[\u2212\u2013]", "-"),
        (r"\bmod(?:ulo)?\b", "%"),
        (r"\^", "**"),
    )
)

_RUN = re.compile(r"(?:sqrt(?=\s*\()|[\d.()+\-*/%\s])+")
_TOKEN = re.compile(r"sqrt|\*\*|\d*\.\d+|\d+|\S")


def spell_out(text: str) -> str:
    """The text with operators in words or typographic signs as Python's operators."""
    for pattern, replacement in _SPELLINGS:
        text = pattern.sub(replacement, text)
    return text


def find_expression(text: str) -> str | None:
    """The longest arithmetic expression in a sentence, in Python syntax, or None."""
    runs = sorted(_RUN.findall(spell_out(text)), key=len, reverse=True)
    return next((found for run in runs if (found := _trim(run)) is not None), None)


def _trim(run: str) -> str | None:
    """Drop tokens at the ends, such as a full stop or a list's number, until the rest parses."""
    tokens = _TOKEN.findall(run)
    if len(run) > MAX_EXPRESSION:
        return None
    for dropped in range(min(len(tokens), 12)):
        for left in range(dropped + 1):
            kept = tokens[left : len(tokens) - (dropped - left)]
            expression = " ".join(kept).replace("sqrt (", "sqrt(")
            if _is_arithmetic(expression):
                return expression.replace("( ", "(").replace(" )", ")")
    return None


def _is_arithmetic(expression: str) -> bool:
    """Whether it parses, and does something: a bare number is no arithmetic."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if any(not isinstance(call.func, ast.Name) or len(call.args) != 1 for call in calls):
        return False
    if any(isinstance(node, ast.Tuple | ast.Attribute | ast.Starred) for node in nodes):
        return False
    return bool(calls) or any(isinstance(node, ast.BinOp) for node in nodes)
