"""What Lighthouse says of the page: measured by Node in bench/lighthouse, judged here.

The page is served as it is deployed (bench/page_site.py), but over HTTP/1.1 without TLS, which
Lighthouse holds to be slower: TLS costs one round trip, and a connection for each file costs more.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.page_rows import row
from bench.page_site import serve
from bench.table import Row
from tests.browser import ARGUMENTS, choose
from tests.e2e_stack import ROOT

NODE_FOLDER = ROOT / "bench" / "lighthouse"
REPORTS = ROOT / ".build" / "lighthouse"

SCORES: Mapping[str, int | None] = {
    "performance": 98,
    "accessibility": 100,
    "best-practices": 100,
    "seo": None,
}
"""Each category of 100, with the least that it is to reach."""

LIMITS: Mapping[str, Mapping[str, float]] = {
    "mobile": {"fcp": 1800, "lcp": 2500, "tbt": 200, "tti": 1600, "cls": 0.1},
    "desktop": {"fcp": 934, "lcp": 1200, "tbt": 150, "tti": 1600, "cls": 0.1},
}
"""Milliseconds; CLS has no unit. TTI's is this project's own, the others are where Lighthouse 12
turns green (`p10` in its core/audits/metrics)."""

NAMES = {
    "fcp": "first contentful paint",
    "lcp": "largest contentful paint",
    "tbt": "total blocking time",
    "tti": "time to interactive",
    "cls": "cumulative layout shift",
}


@dataclass(frozen=True)
class Load:
    """One load of the page: a view ("signed out", "chat") under a preset ("mobile", "desktop")."""

    view: str
    preset: str
    scores: dict[str, float]  # of 100
    figures: dict[str, float]  # the keys of NAMES; ms, CLS without a unit
    benchmark: float  # Lighthouse's index of how fast the machine was just then
    faults: list[str]  # audits that are not perfect


def measure(dist: Path, runs: int) -> list[Load]:
    """Load a built page so many times in each view and preset. Reports stay in .build/lighthouse.

    Raises CalledProcessError when Lighthouse cannot measure it; its words are then on stderr.
    """
    chromium = choose()
    REPORTS.mkdir(parents=True, exist_ok=True)
    with serve(dist) as site:
        asked = {
            **{"url": site.url, "runs": runs, "folder": str(REPORTS)},
            **{"executablePath": chromium.path, "args": ARGUMENTS},
        }
        measured = subprocess.run(
            ["node", "run.mjs", json.dumps(asked)],
            cwd=NODE_FOLDER,
            env={**os.environ, **chromium.environment},
            check=True,
            stdout=subprocess.PIPE,
        )
    return [Load(**load) for load in json.loads(measured.stdout)]


def rows(loads: Sequence[Load]) -> list[Row]:
    """The table: each score and figure is the median of its runs."""
    made: list[Row] = []
    for view, preset in dict.fromkeys((load.view, load.preset) for load in loads):
        runs = [load for load in loads if (load.view, load.preset) == (view, preset)]
        made.append(Row(f"Lighthouse, {view}, {preset}", _times(len(runs))))
        for category, least in SCORES.items():
            score = median(load.scores[category] for load in runs)
            target = "" if least is None else f"at least {least}"
            met = None if least is None else score >= least
            made.append(Row(f"  {category}", f"{score:.0f}", target=target, met=met))
        for name, limit in LIMITS[preset].items():
            figure = median(load.figures[name] for load in runs)
            value = f"{figure:.3f}" if name == "cls" else f"{figure:,.0f} ms"
            made.append(row(f"  {NAMES[name]}", value, limit, figure))
    return made


def _times(runs: int) -> str:
    return "one run" if runs == 1 else f"median of {runs}"
