"""The Chromium that tests drive: CHROMIUM's, else the one that `make` found (browser_setup.py)."""

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Playwright

STAMP = Path(__file__).resolve().parent.parent / ".build" / "browser.stamp"

NAMES = (
    *("chromium", "chromium-browser", "chromium-headless-shell"),
    *("google-chrome", "google-chrome-stable", "chrome", "google-chrome-beta"),
)
APPLICATIONS = ("Chromium", "Google Chrome", "Google Chrome for Testing")

ARGUMENTS = (
    # Without it Chromium asks Google's hosts for this and that; tests stay on this machine.
    "--disable-background-networking",
    # The page speaks the browser's language, which would be the shell's; a headless shell takes
    # en-US@posix from LANG=C.UTF-8, whatever --lang says.
    *("--lang=en-US", "--accept-lang=en-US,en"),
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # root has no sandbox to offer
)


@dataclass(frozen=True)
class Chromium:
    """A browser: its path, and the environment variables that it needs beside the shell's."""

    path: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def launch(
        self, playwright: Playwright, seconds: float = 30, keeps_pages: bool = False
    ) -> Browser:
        """Start it, headless. `keeps_pages` for Back and Forward, as people's browsers do and
        Playwright's do not. Raises playwright.sync_api.Error if it does not start in time."""
        return playwright.chromium.launch(
            executable_path=self.path,
            args=list(ARGUMENTS),
            env={**os.environ, **self.environment},
            timeout=seconds * 1000,
            ignore_default_args=["--disable-back-forward-cache"] if keeps_pages else None,
        )


def launch(playwright: Playwright, keeps_pages: bool = False) -> Browser:
    """A headless browser."""
    return choose().launch(playwright, keeps_pages=keeps_pages)


def choose(stamp: Path = STAMP) -> Chromium:
    """The browser of this machine, which is not started to see whether it can be."""
    if wanted := os.environ.get("CHROMIUM"):
        return Chromium(wanted)
    if stamp.exists() and (text := stamp.read_text()):
        chromium = Chromium(**json.loads(text))
        if Path(chromium.path).exists():
            return chromium
    if chromium := next(installed(), None):
        return chromium
    raise AssertionError("there is no browser to test in: `make .build/browser.stamp` finds one")


def remember(chromium: Chromium, stamp: Path = STAMP) -> None:
    """Let `choose` return a browser from now on."""
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(json.dumps(asdict(chromium)))


def installed() -> Iterator[Chromium]:
    """The browsers that are on the PATH, or where macOS keeps applications."""
    found = [shutil.which(name) for name in NAMES]
    if platform.system() == "Darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            for name in APPLICATIONS:
                program = folder / f"{name}.app" / "Contents" / "MacOS" / name
                found.append(str(program) if program.exists() else None)
    return (Chromium(path) for path in dict.fromkeys(found) if path)
