"""The tests find a browser by themselves, and pass over one that does not start."""

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Chromium, choose, remember
from playwright.sync_api import Playwright, sync_playwright

from tests import browser_setup
from tests.browser import Chromium as SetUpChromium
from tests.browser import installed
from tests.browser_setup import debians, find, npms, playwrights_own, why_not

STUB = "#!/bin/sh\necho 'requires the chromium snap to be installed' >&2\nexit 10\n"
NO_LIBRARY = "#!/bin/sh\necho 'error while loading shared libraries: libnss3.so' >&2\nexit 127\n"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder of the PATH: a machine without any browser."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("sh", "env", "ln", "true"):
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return folder


def write_program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def paths(found: Iterator[SetUpChromium]) -> list[str]:
    return [chromium.path for chromium in found]


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome-stable"])
def test_a_browser_on_the_path_is_found_by_each_of_its_names(programs: Path, name: str) -> None:
    assert paths(installed()) == []
    program = write_program(programs / name, STUB)
    assert paths(installed()) == [program]
    assert choose(programs / "no stamp").path == program


def test_on_macos_applications_are_found(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setenv("HOME", str(programs))
    inside = "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    program = write_program(programs / inside, STUB)
    assert paths(installed()) == [program]


def test_what_was_found_is_remembered_while_it_is_there(programs: Path, tmp_path: Path) -> None:
    stamp = tmp_path / "build" / "browser.stamp"
    found = Chromium(write_program(programs / "found", STUB), {"LD_LIBRARY_PATH": "/lib"})
    remember(found, stamp)
    assert choose(stamp) == found
    (programs / "found").unlink()
    with pytest.raises(AssertionError, match=r"make \.build/browser\.stamp"):
        choose(stamp)


def test_chromium_of_the_environment_wins(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(Chromium(write_program(programs / "chromium", STUB)), tmp_path / "stamp")
    monkeypatch.setenv("CHROMIUM", "/opt/mine")
    assert choose(tmp_path / "stamp").path == "/opt/mine"


def test_one_that_shows_a_page_is_taken(playwright: Playwright) -> None:
    assert why_not(playwright, SetUpChromium(choose().path, choose().environment)) is None


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (STUB, "requires the chromium snap"),
        (NO_LIBRARY, "libnss3.so"),
        ("no program at all", "does not start"),
    ],
)
def test_one_that_does_not_start_is_passed_over_with_its_reason(
    programs: Path, playwright: Playwright, script: str, reason: str, capsys
) -> None:
    stub = SetUpChromium(write_program(programs / "chromium", script))
    good = SetUpChromium(choose().path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(browser_setup, "why_not", lambda p, c: None if c is good else why_not(p, c))
        assert find(playwright, (lambda _: iter([stub]), lambda _: iter([good]))) is good
    assert reason in capsys.readouterr().err


def test_the_ways_are_tried_in_order_and_only_as_far_as_needed(
    playwright: Playwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser_setup.WAYS[1:] == (playwrights_own, debians, npms)
    tried: list[str] = []

    def way(name: str) -> browser_setup.Way:
        def offer(_: Playwright) -> Iterator[SetUpChromium]:
            tried.append(name)
            yield SetUpChromium(name)

        return offer

    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(
        browser_setup, "why_not", lambda _, c: None if c.path == "second" else "broken"
    )
    assert find(playwright, (way("first"), way("second"), way("third"))).path == "second"
    assert tried == ["first", "second"]


def test_without_any_a_sentence_says_what_to_type(
    programs: Path, playwright: Playwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(programs / "apt-get", STUB)
    with pytest.raises(SystemExit, match=r"sudo apt-get install chromium.*CHROMIUM"):
        find(playwright, ())
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(SystemExit, match="brew install --cask chromium"):
        find(playwright, ())


def test_a_wish_that_does_not_start_is_not_passed_over(
    programs: Path, playwright: Playwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", write_program(programs / "mine", STUB))
    with pytest.raises(SystemExit, match=r"CHROMIUM is .*mine, which does not start"):
        find(playwright, ())


# Each way, with stand-ins for the programs that it runs.

RECORD = '#!/bin/sh\necho "$0 $@" >> {log}\n'


def install_of(programs: Path, then: str = "") -> str:
    """An apt-get that keeps what it is asked, and does `then` when it is to install."""
    said = RECORD.format(log=programs / "log")
    return f'{said}case "$*" in *install*) {then or ":"};; esac\n'


@pytest.mark.parametrize("sudo", [None, "exit 1", 'shift; exec "$@"'])
def test_debians_is_installed_only_where_nobody_is_asked(
    programs: Path, playwright: Playwright, monkeypatch: pytest.MonkeyPatch, sudo: str | None
) -> None:
    """For somebody who is not root: without sudo, with one that asks, with one that does not."""
    monkeypatch.setattr(browser_setup.os, "geteuid", lambda: 1000)
    then = f"ln -s {programs}/sh {programs}/chromium"
    write_program(programs / "apt-get", install_of(programs, then))
    if sudo:
        write_program(programs / "sudo", f"#!/bin/sh\n{sudo}\n")
    found = paths(debians(playwright))
    if sudo is None or sudo == "exit 1":
        assert found == []
        assert not (programs / "log").exists()
    else:
        assert found == [str(programs / "chromium")]
        assert "install -y --no-install-recommends chromium" in (programs / "log").read_text()


def test_an_apt_get_that_fails_is_told_and_passed_over(
    programs: Path, playwright: Playwright, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(browser_setup.os, "geteuid", lambda: 0)
    then = "echo 'E: Package chromium has no installation candidate' >&2; exit 100"
    write_program(programs / "apt-get", install_of(programs, then))
    assert paths(debians(playwright)) == []
    assert "E: Package chromium has no installation candidate" in capsys.readouterr().err


def test_npms_is_unpacked_once_and_tried_with_the_machines_libraries_first(
    programs: Path, playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    unpacked = tmp_path / "build" / "chromium"
    monkeypatch.setattr(browser_setup, "UNPACKED", unpacked)
    write_program(programs / "npm", RECORD.format(log=programs / "log"))
    write_program(
        programs / "node", RECORD.format(log=programs / "log") + ': > "$TMPDIR/chromium"\n'
    )
    for _ in range(2):
        first, second = npms(playwright)
    assert (programs / "log").read_text().count("npm ci") == 1
    assert first.path == second.path == str(unpacked / "chromium")
    assert "LD_LIBRARY_PATH" not in first.environment
    assert second.environment["LD_LIBRARY_PATH"] == str(unpacked / "al2023" / "lib")


@pytest.mark.parametrize("machine", [("Darwin", "x86_64"), ("Linux", "aarch64")])
def test_npms_is_for_linux_on_x86_64_alone(
    machine: tuple[str, str],
    programs: Path,
    playwright: Playwright,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_program(programs / "npm", RECORD.format(log=programs / "log"))
    monkeypatch.setattr(platform, "system", lambda: machine[0])
    monkeypatch.setattr(platform, "machine", lambda: machine[1])
    assert paths(npms(playwright)) == []
    assert not (programs / "log").exists()


def test_a_download_that_is_refused_is_told_and_passed_over(
    playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    refusing = write_program(tmp_path / "python", "#!/bin/sh\necho 'Error: refused'\nexit 1\n")
    monkeypatch.setattr(sys, "executable", refusing)

    class Chromiums:
        executable_path = str(tmp_path / "nowhere")

    class Absent:
        chromium = Chromiums()

    assert paths(playwrights_own(Absent())) == []
    assert "Error: refused" in capsys.readouterr().err


def test_the_package_that_carries_one_is_locked_by_its_hash() -> None:
    lock = json.loads((browser_setup.PACKAGE / "package-lock.json").read_text())["packages"]
    assert all("integrity" in entry for name, entry in lock.items() if name)
