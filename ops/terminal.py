"""What a terminal may be sent: no control characters, and colour only where it is wanted."""

import os
import re
import sys

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text of somebody else's making, without what would move the cursor, rename the window, type
    for the person or turn the reading direction; line ends and tabs stay."""
    return _CONTROLS.sub("", text)


def dim(text: str) -> str:
    """Text that stands back, on a terminal that shows it so."""
    return f"\x1b[2m{text}\x1b[0m" if _has_colour() else text


def _has_colour() -> bool:
    # https://no-color.org
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )
