"""`make bench-spa`: what drawing an answer costs the page, beside appending it as plain text.

Builds the page, serves it under the deployed policy, and lets answers of 50, 100 and 200 kB stream
into it in Chromium, in deltas of 5 characters. Prints a table, and writes it and every figure to
.build/bench-spa.json. Nothing fails here when a target is missed: the table says so.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.page_site import Site, serve
from bench.page_trace import script_seconds
from bench.table import Row
from tests.browser import launch
from tests.e2e_stack import ROOT

SIZES = (50_000, 100_000, 200_000)
RATE = 200
WATCH = (ROOT / "bench" / "subjects" / "watch.js").read_text()


@dataclass(frozen=True)
class Cost:
    """What one answer took of the page: seconds of its main thread, and what a person noticed."""

    script: float  # functions: the counter ScriptDuration, as in other projects' figures
    all_script: float  # and microtasks, in which a stream is read
    main: float  # all tasks: script, style, layout, paint
    layout: float
    long_tasks: int  # over 50 ms
    longest_ms: float
    long_total_ms: float
    dropped: int  # frames that came late by a frame or more
    typing_ms: float  # the slowest key, to its paint; 0 when nothing was typed
    painted_ms: float  # from the last byte's leaving to the finished answer on the page


def build(folder: Path) -> None:
    """The page into a folder."""
    subprocess.run(
        ["npx", "vite", "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
        cwd=ROOT / "spa",
        check=True,
    )


def weight(dist: Path) -> int:
    """Bytes, compressed, of what is fetched before the first paint."""
    page = (dist / "index.html").read_text()
    names = re.findall(r'(?:src|href)="/([^"]+)"', page)
    return sum(len(gzip.compress((dist / name).read_bytes(), 9)) for name in ["index.html", *names])


class Meter:
    """Reads a page's costs: Chromium's own counters, its trace, and what watch.js counts."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._browser = browser
        self._page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")

    def start(self) -> None:
        self._cdp.send("HeapProfiler.collectGarbage")
        self._page.evaluate("watched.start()")
        self._browser.start_tracing(page=self._page, categories=["devtools.timeline", "v8.execute"])
        self._before = self._read()

    def stop(self, last_byte: float = 0.0) -> Cost:
        after = self._read()
        all_script = script_seconds(self._browser.stop_tracing())
        seen = self._page.evaluate("watched.stop()")
        script, main, layout = (
            after[name] - self._before[name]
            for name in ("ScriptDuration", "TaskDuration", "LayoutDuration")
        )
        return Cost(
            **{"script": script, "all_script": all_script, "main": main, "layout": layout},
            long_tasks=len(seen["tasks"]),
            longest_ms=max(seen["tasks"], default=0.0),
            long_total_ms=sum(seen["tasks"]),
            dropped=seen["dropped"],
            typing_ms=seen["typing"],
            painted_ms=max(0.0, seen["finished"] - last_byte * 1000) if last_byte else 0.0,
        )

    def _read(self) -> dict[str, float]:
        return {
            entry["name"]: entry["value"]
            for entry in self._cdp.send("Performance.getMetrics")["metrics"]
        }


def stream(
    browser: Browser, site: Site, size: int, rate: int, slowed: int = 1, types: bool = False
) -> Cost:
    """One answer in the page, from the click on Send to half a second after its end."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    page.goto(site.url)
    page.get_by_role("button", name="Sign in").click()
    message = page.get_by_role("textbox", name="Message")
    message.fill(f"{size} {rate}")
    page.wait_for_load_state("networkidle")
    meter = Meter(browser, page)
    if slowed > 1:
        cdp = page.context.new_cdp_session(page)
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    meter.start()
    with _finished(page):
        message.press("Enter")
        for key in "typing while it streams " * 3 if types else "":
            page.wait_for_timeout(90)
            page.keyboard.press(key if key != " " else "Space")
    # Colours and formulas come in idle time, and count.
    page.wait_for_timeout(500)
    cost = meter.stop(site.last_byte)
    page.context.close()
    return cost


def _finished(page: Page) -> AbstractContextManager[object]:
    """Waits for the end of an answer without looking into the page, which would cost it time."""
    return page.expect_console_message(lambda said: said.text == "finished", timeout=600_000)


def plain(browser: Browser, site: Site, size: int, rate: int) -> Cost:
    """The same answer, appended as plain text."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    page.goto(f"{site.url}/plain")
    meter = Meter(browser, page)
    meter.start()
    with _finished(page):
        page.evaluate("([url, size, rate]) => void start(url, size, rate)", [site.chat, size, rate])
    page.wait_for_timeout(500)
    cost = meter.stop(site.last_byte)
    page.context.close()
    return cost


def measure(dist: Path, quick: bool) -> dict[str, Cost]:
    """Every run, by name."""
    costs: dict[str, Cost] = {}

    def note(name: str, cost: Cost) -> None:
        print(f"  {name}: {cost}", file=sys.stderr)
        costs[name] = cost

    with serve(dist) as site, sync_playwright() as playwright:
        browser = launch(playwright)
        note("warm-up", stream(browser, site, 5_000, 0))
        for length in SIZES:
            for turn in range(1 if quick else 3):
                note(f"plain {length} {turn}", plain(browser, site, length, 0))
                note(f"page {length} {turn}", stream(browser, site, length, 0))
        for length in (10_000,) if quick else (SIZES[0], SIZES[-1]):
            note(f"paced {length}", stream(browser, site, length, RATE, types=True))
        length = 10_000 if quick else SIZES[0]
        note(f"beside {length}", plain(browser, site, length, RATE))
        if not quick:
            note("slowed 50000", stream(browser, site, SIZES[0], RATE, slowed=4))
        browser.close()
    return costs


def rows(costs: dict[str, Cost], weighs: int) -> list[Row]:
    """The table."""
    made = [_row("weight before the first paint", f"{weighs:,} bytes", 60_000, weighs)]
    least = {
        (kind, size): min(
            cost.main for name, cost in costs.items() if name.startswith(f"{kind} {size} ")
        )
        for kind in ("plain", "page")
        for size in SIZES
    }
    for length in SIZES:
        page_s, plain_s = least["page", length], least["plain", length]
        made.append(
            Row(
                f"{length // 1000} kB at full speed, main thread",
                f"{page_s:.2f} s",
                f"plain text {plain_s:.2f} s",
                page_s / plain_s,
                "at most 2 times",
                page_s <= 2 * plain_s,
            )
        )
    growth = least["page", SIZES[-1]] / least["page", SIZES[0]]
    made.append(_row("200 kB against 50 kB", f"{growth:.1f} times", 4.5, growth))
    for name, cost in costs.items():
        kind, size, *_ = (*name.split(), "0")
        if kind not in ("paced", "slowed"):
            continue
        what = f"{int(size) // 1000} kB at {RATE} deltas/s" + (
            ", slowed 4 times" if kind == "slowed" else ""
        )
        script = 2.5 if size == "50000" and kind == "paced" else None
        made.append(_row(f"{what}: script", f"{cost.script:.2f} s", script, cost.script))
        beside = costs.get(f"beside {size}") if kind == "paced" else None
        for part, of_page, of_plain in (
            ("  with microtasks", cost.all_script, beside and beside.all_script),
            ("  main thread", cost.main, beside and beside.main),
        ):
            value = f"{of_page:.2f} s"
            if of_plain:
                made.append(Row(part, value, f"plain text {of_plain:.2f} s", of_page / of_plain))
            else:
                made.append(_row(part, value))
        if kind == "slowed":
            made.append(_row("  long tasks", f"{cost.long_tasks}", 20, cost.long_tasks))
        else:
            made.append(_row("  longest task", f"{cost.longest_ms:.0f} ms", 100, cost.longest_ms))
            made.append(_row("  long tasks", f"{cost.long_tasks} ({cost.long_total_ms:.0f} ms)"))
            made.append(_row("  slowest key", f"{cost.typing_ms:.0f} ms", 50, cost.typing_ms))
        made.append(_row("  dropped frames", f"{cost.dropped}"))
        limit = 50 if kind == "paced" else None
        painted = f"{cost.painted_ms:.0f} ms"
        made.append(_row("  last byte to painted", painted, limit, cost.painted_ms))
    return made


def _row(what: str, value: str, limit: float | None = None, measured: float = 0.0) -> Row:
    if limit is None:
        return Row(what, value)
    return Row(what, value, target=f"at most {limit:,g}", met=measured <= limit)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench-spa", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round, and 10 s of pacing: 1 minute"
    )
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        dist = Path(folder)
        build(dist)
        weighs = weight(dist)
        costs = measure(dist, quick)
    table = rows(costs, weighs)
    print("\n".join(map(str, table)))
    kept = {
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0], "at": time.time()},
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "rows": [asdict(row) for row in table],
    }
    path = ROOT / ".build" / "bench-spa.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
