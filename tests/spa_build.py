"""Builds pages with the page's own vite."""

import re
import subprocess
from pathlib import Path

from e2e_stack import ROOT


def brand_name() -> str:
    """What the page calls itself (spa/brand.ts)."""
    named = re.search(r"""^  name: (["'`])(.+)\1,$""", (ROOT / "spa/brand.ts").read_text(), re.M)
    assert named, "spa/brand.ts has no name"
    return named[2]


def build(page: Path, folder: Path) -> None:
    """Build the page whose index.html stands in `page` into `folder`, as spa/ itself is built."""
    command = ["npx", "vite", "build", page, "--config", "vite.config.ts", "--emptyOutDir"]
    ended = subprocess.run(
        [*command, "--outDir", folder, "--logLevel", "error"],
        cwd=ROOT / "spa",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
