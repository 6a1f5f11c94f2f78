"""What `python -m local` takes; make passes PORT on."""

import sys

import pytest

from local.__main__ import parse_arguments


@pytest.mark.parametrize("port", ["", "x", "-1", "70000", "65532", "3000 4000", "\u0663"])
def test_a_port_that_is_none_gets_a_sentence(port: str, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["local", "--port", port])
    with pytest.raises(SystemExit):
        parse_arguments()
    said = capsys.readouterr().err
    assert "is no port: give a number from 0 to 65531" in said or "expected one argument" in said


def test_a_port_with_room_for_the_services_behind_it_is_taken(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["local", "--port", "65531"])
    assert parse_arguments().port == 65531
