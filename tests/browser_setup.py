"""`python -m tests.browser_setup`: find a Chromium for the tests, or install one; make runs it.

In this order: CHROMIUM's, one that is installed, Playwright's own, Debian's by apt-get where that
asks nobody, and the one that npm's @sparticuz/chromium carries. One that does not start (because
libraries are missing, or because it is a script that only says how to install a snap) is passed
over.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

from tests.browser import Chromium, installed, remember

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tests" / "chromium"
UNPACKED = ROOT / ".build" / "chromium"

type Way = Callable[[Playwright], Iterator[Chromium]]
"""Yields browsers to try, and may install one first."""


def find(playwright: Playwright, ways: tuple[Way, ...]) -> Chromium:
    """The first browser that starts. Exits with a sentence if CHROMIUM's does not, or none does."""
    if wanted := os.environ.get("CHROMIUM"):
        if reason := why_not(playwright, Chromium(wanted)):
            sys.exit(f"CHROMIUM is {wanted}, which does not start: {reason}")
        return Chromium(wanted)
    for way in ways:
        for chromium in way(playwright):
            reason = why_not(playwright, chromium)
            if reason is None:
                return chromium
            _say(f"{chromium.path} does not start: {reason}")
    sys.exit(
        f"There is no Chromium for the tests, and none could be installed. {_advice()}, or set "
        "CHROMIUM to the path of one, and try again."
    )


def why_not(playwright: Playwright, chromium: Chromium) -> str | None:
    """Why a browser shows no page, in a line; None if it does."""
    try:
        browser = chromium.launch(playwright, seconds=20)
        try:
            browser.new_page().set_content("<p>It works.</p>")
        finally:
            browser.close()
    except Error as error:
        return _reason(error.message)
    return None


def playwrights_own(playwright: Playwright) -> Iterator[Chromium]:
    """The browser that Playwright downloads, unless it is there already."""
    chromium = Chromium(playwright.chromium.executable_path)
    if not Path(chromium.path).exists():
        _say("Fetching Playwright's Chromium")
        if not _run(sys.executable, "-m", "playwright", "install", "chromium"):
            return
    yield chromium


def debians(_: Playwright) -> Iterator[Chromium]:
    """Debian's package, installed as root, or by a sudo that asks for no password."""
    if not shutil.which("apt-get"):
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not (shutil.which("sudo") and _run(*sudo, "true", quiet=True)):
        _say("apt-get is left alone: it would need a password")
        return
    _say("Installing Debian's Chromium with apt-get")
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    # The lists may be old, or a mirror may fail: what is known may be enough.
    _run(*apt, "update")
    if _run(*apt, "install", "-y", "--no-install-recommends", "chromium"):
        yield from installed()


def npms(_: Playwright) -> Iterator[Chromium]:
    """The browser that npm's @sparticuz/chromium carries, for Linux on x86-64."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64") or not shutil.which("npm"):
        return
    program = UNPACKED / "chromium"
    if not program.exists():
        _say("Installing the Chromium of npm's @sparticuz/chromium into .build/chromium")
        install = ["npm", "ci", "--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund"]
        if not _run(*install, folder=PACKAGE):
            return
        UNPACKED.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as scratch:
            whole = Path(scratch, "whole")
            whole.mkdir()
            if not _run("node", "unpack.mjs", folder=PACKAGE, TMPDIR=str(whole)):
                return
            shutil.rmtree(UNPACKED, ignore_errors=True)
            whole.rename(UNPACKED)
    has_fonts = Path("/etc/fonts/fonts.conf").exists()
    fonts = {} if has_fonts else {"FONTCONFIG_FILE": str(UNPACKED / "fonts.conf")}
    yield Chromium(str(program), fonts)
    # Without the machine's own NSS and expat.
    yield Chromium(str(program), {**fonts, "LD_LIBRARY_PATH": str(UNPACKED / "al2023" / "lib")})


WAYS: tuple[Way, ...] = (lambda _: installed(), playwrights_own, debians, npms)


def _run(*command: str, folder: Path = ROOT, quiet: bool = False, **environment: str) -> bool:
    """Run a program; whether it succeeded. If not, the reason it gives is told, in a line."""
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode and not quiet:
        _say(f"That failed: {_reason(ran.stdout)}")
    return ran.returncode == 0


def _reason(output: str) -> str:
    """The line of a failed program's output that tells most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # What a browser itself says stands behind [err] in Playwright's words.
    for mark in ("error while loading", "[err] ", "rror: ", "E: ", "npm error "):
        if line := next((line for line in lines if mark in line), None):
            return line.rpartition("[err] ")[2]
    return lines[-1] if lines else "it says nothing"


def _advice() -> str:
    if platform.system() == "Darwin":
        return "Type `brew install --cask chromium`"
    if shutil.which("apt-get"):
        return "Type `sudo apt-get install chromium`, or Google's Chrome for Ubuntu"
    return "Install Chromium or Google Chrome"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    with sync_playwright() as playwright:
        chromium = find(playwright, WAYS)
    remember(chromium)
    _say(f"The tests' browser is {chromium.path}")


if __name__ == "__main__":
    main()
