"""What a tool of Sluice's own may do in a run beside giving a result."""

from collections.abc import Callable
from dataclasses import dataclass

from sluice.agui.events import Event


@dataclass(frozen=True)
class Services:
    """Those of one run; any thread may use them."""

    thread_id: str
    note_source: Callable[[str, str, str], int]
    """Numbers a source by its title, text and address. Raises ValueError where there are enough."""
    give_file: Callable[[str, str, bytes], None]
    """Gives the person a file with a call's result: the call's id, the file's name, its bytes."""
    send: Callable[[Event], None]
    """Tells the person something."""
