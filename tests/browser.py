"""The Chromium that tests drive: this machine's own, else Playwright's.

As a program, it makes sure that there is one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ARGUMENTS = (
    # Without it Chromium asks Google's hosts for this and that; tests stay on this machine.
    "--disable-background-networking",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # root has no sandbox to offer
)


def executable(playwright: Playwright) -> str | None:
    """The browser's path, or None: CHROMIUM, or one on the PATH, or Playwright's own."""
    own = playwright.chromium.executable_path
    found = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES)]
    return next((path for path in found if path), own if Path(own).exists() else None)


def launch(playwright: Playwright) -> Browser:
    """A headless browser."""
    return playwright.chromium.launch(executable_path=executable(playwright), args=list(ARGUMENTS))


def main() -> None:
    """Fetch Playwright's Chromium if this machine has none."""
    with sync_playwright() as playwright:
        if executable(playwright):
            return
    print("Fetching Chromium for the tests", flush=True)
    fetched = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], check=False
    )
    if fetched.returncode:
        sys.exit(
            "Chromium could not be fetched. Install one (`apt-get install chromium`, or set "
            "CHROMIUM to its path) and try again."
        )


if __name__ == "__main__":
    main()
