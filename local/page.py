"""Builds the page, so that what the local site serves is what would be published."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

SOURCES = (
    *("src", "index.html", "vite.config.ts", "contrast.ts", "package-lock.json"),
    *("brand.ts", "brand.css", "brand.svg"),
)


class PageError(Exception):
    """The page cannot be built. `str()` holds the build's own words."""


class PageBuild:
    """`npm run build` in spa/, one at a time."""

    def __init__(self, folder: Path, log: Callable[[str], None]) -> None:
        self.dist = folder / "dist"
        self._folder = folder
        self._log = log
        self._lock = asyncio.Lock()

    async def ensure(self) -> None:
        """Build unless the last build is newer than everything it was made of. Raises PageError."""
        built = self.dist / "index.html"
        if not built.exists() or built.stat().st_mtime < self._newest():
            await self.rebuild()

    async def rebuild(self) -> None:
        """Build now. Raises PageError; the last page stays until a build succeeds."""
        if not (self._folder / "node_modules").is_dir():
            raise PageError("spa/node_modules is missing: `make dev` installs it.")
        async with self._lock:
            began = time.monotonic()
            try:
                process = await asyncio.create_subprocess_exec(
                    *("npm", "run", "--silent", "build"),
                    cwd=self._folder,
                    env={**os.environ, "NO_COLOR": "1"},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
            except FileNotFoundError as error:
                raise PageError("There is no npm here: `make dev` brings its own.") from error
            output, _ = await process.communicate()
            if process.returncode:
                raise PageError(output.decode(errors="replace").strip())
        # Of what a build says when it succeeds, this alone is for people.
        for line in output.decode(errors="replace").splitlines():
            if "contrast" in line:
                self._log(f"page: {line.strip()}")
        self._log(f"page: built in {time.monotonic() - began:.1f} s")

    async def finished(self) -> None:
        """Return once no build is under way."""
        async with self._lock:
            return

    def _newest(self) -> float:
        roots = [self._folder / name for name in SOURCES]
        files = [file for root in roots for file in [root, *root.rglob("*")] if file.is_file()]
        return max(file.stat().st_mtime for file in files)
