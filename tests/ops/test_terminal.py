"""What a terminal is sent."""

import io
import sys

import pytest

from ops.terminal import dim, printable


def test_a_text_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b]0;title\x07b\x1b[2Jc\rd\x9be\u202ef") == "a]0;titleb[2Jcdef"


def test_lines_tabs_and_letters_stay() -> None:
    text = "One\n\tzwei, drei: Größe, 数, 🙂"
    assert printable(text) == text


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("output", "environment", "coloured"),
    [
        (Screen(), {"TERM": "xterm"}, True),
        (Screen(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Screen(), {"TERM": "dumb"}, False),
        (Screen(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_only_a_terminal_that_wants_colour_gets_it(
    output: io.StringIO,
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", output)
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dim("quiet") == ("\x1b[2mquiet\x1b[0m" if coloured else "quiet")
