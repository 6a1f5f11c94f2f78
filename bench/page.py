"""`make bench-spa`: what drawing an answer costs the page, and what Lighthouse says of the page.

Builds the page, serves it under the deployed policy, and lets answers of 50, 100 and 200 kB stream
into it in Chromium, in deltas of 5 characters, beside appending them as plain text; then lets
Lighthouse load it. Prints a table, and writes it and every figure to .build/bench-spa.json. Nothing
fails here when a target is missed: the table says so.
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
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import page_lighthouse
from bench.page_meter import Cost, Meter
from bench.page_rows import RATE, SIZES, rows
from bench.page_site import Site, serve
from bench.table import Row
from tests.browser import launch
from tests.e2e_stack import ROOT

WATCH = (ROOT / "bench" / "subjects" / "watch.js").read_text()


def build(folder: Path) -> None:
    """The page into a folder."""
    subprocess.run(
        ["npx", "vite", "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
        cwd=ROOT / "spa",
        check=True,
    )


def weight(dist: Path) -> int:
    """Bytes, compressed, of the page's files that are fetched before the first paint."""
    page = (dist / "index.html").read_text()
    names = re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)
    return sum(len(gzip.compress((dist / name).read_bytes(), 9)) for name in ["index.html", *names])


def stream(
    browser: Browser,
    site: Site,
    size: int,
    rate: int,
    *,
    first: bool = False,
    slowed: int = 1,
    types: bool = False,
) -> Cost:
    """One answer in the page, from the click on Send to half a second after its end.

    What draws code and formulas is loaded by a short answer before, unless it is to be the `first`.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    page.goto(site.url)
    page.get_by_role("button", name="Sign in").click()
    message = page.get_by_role("textbox", name="Message")
    send = page.get_by_role("button", name="Send", exact=True)
    if not first:
        message.fill("5000 0")
        send.click()
        page.locator('[data-state="finished"]').wait_for()
        page.wait_for_timeout(1000)
    message.fill(f"{size} {rate}")
    page.wait_for_load_state("networkidle")
    meter = Meter(browser, page)
    if slowed > 1:
        cdp = page.context.new_cdp_session(page)
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    meter.start()
    with _finished(page):
        send.click()
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
        stream(browser, site, 5_000, 0)  # the browser's own warm-up
        note("first 5000", stream(browser, site, 5_000, 0, first=True))
        for length in SIZES:
            for stored_run in range(1 if quick else 3):
                note(f"plain {length} {stored_run}", plain(browser, site, length, 0))
                note(f"page {length} {stored_run}", stream(browser, site, length, 0))
        for length in (10_000,) if quick else (SIZES[0], SIZES[-1]):
            note(f"paced {length}", stream(browser, site, length, RATE, types=True))
        length = 10_000 if quick else SIZES[0]
        note(f"beside {length}", plain(browser, site, length, RATE))
        if not quick:
            note("slowed 50000", stream(browser, site, SIZES[0], RATE, slowed=4))
        browser.close()
    return costs


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench-spa", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round, and 10 s of pacing: 2 minutes"
    )
    parser.add_argument("--only", choices=["answers", "lighthouse"], help="one part")
    options = parser.parse_args()
    table: list[Row] = []
    kept: dict[str, object] = {
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0], "at": time.time()}
    }
    with tempfile.TemporaryDirectory() as folder:
        dist = Path(folder)
        build(dist)
        if options.only != "lighthouse":
            costs = measure(dist, options.quick)
            table += rows(costs, weight(dist))
            kept["costs"] = {name: asdict(cost) for name, cost in costs.items()}
        if options.only != "answers":
            loads = page_lighthouse.measure(dist, 1 if options.quick else 3)
            table += page_lighthouse.rows(loads)
            kept["lighthouse"] = [asdict(load) for load in loads]
    print("\n".join(map(str, table)))
    kept["rows"] = [asdict(row) for row in table]
    path = ROOT / ".build" / "bench-spa.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
