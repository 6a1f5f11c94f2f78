"""Names of tools as every provider takes them: 1 to 64 letters, digits, hyphens and underscores."""

import hashlib
import re
from collections.abc import Iterable

MAX_NAME = 64
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


def usable_name(name: str, taken: Iterable[str] = ()) -> str:
    """The name, with `_` for what providers refuse.

    Where that is too long, is one of those taken, or has lost a letter of the name, it ends with a
    hash of the name, so that the same tool has the same name in every session. Strands takes `a-b`
    and `a_b` for one name.
    """
    clean = _OTHER.sub("_", name)
    same = {each.replace("-", "_") for each in taken}
    lost = any(letter.isalnum() and not letter.isascii() for letter in name)
    if 0 < len(clean) <= MAX_NAME and clean.replace("-", "_") not in same and not lost:
        return clean
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{clean[: MAX_NAME - len(mark) - 1]}_{mark}"
