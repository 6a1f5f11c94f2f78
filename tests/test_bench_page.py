"""The bench of the page: what it streams, and how its table judges."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import launch
from playwright.sync_api import sync_playwright

from bench import page_lighthouse
from bench.answers import deltas, markdown
from bench.page import build, weight
from bench.page_lighthouse import LIMITS, NAMES, Load
from bench.page_meter import Cost
from bench.page_rows import SIZES, rows
from bench.page_site import Site, serve
from bench.page_trace import script_seconds

COST = Cost(
    script=0.5,
    all_script=0.7,
    main=1.0,
    layout=0.1,
    long_tasks=0,
    longest_ms=40.0,
    long_total_ms=0.0,
    dropped=0,
    typing_ms=16.0,
    painted_ms=20.0,
)


PERFECT = Load(
    view="signed out",
    preset="mobile",
    scores={"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100},
    figures={"fcp": 1300.0, "lcp": 1400.0, "tbt": 20.0, "tti": 1500.0, "cls": 0.0},
    benchmark=1500.0,
    faults=[],
)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def site(dist: Path) -> Iterator[Site]:
    with serve(dist) as served:
        yield served


@pytest.mark.parametrize("size", [1, 5_000, 50_000])
def test_an_answer_has_the_length_that_was_asked_for_and_is_always_the_same(size: int) -> None:
    text = markdown(size)
    assert len(text) == size
    assert markdown(size) == text
    assert "".join(deltas(text)) == text


def test_an_answer_holds_what_costs_a_page_something() -> None:
    text = markdown(5_000)
    for part in ("## ", "```python", "| gate |", "- ", "1. ", "> ", "$Q_1", "**", "](https://"):
        assert part in text


def test_the_table_says_which_targets_are_met() -> None:
    costs = {f"{kind} {size} 0": COST for kind in ("plain", "page") for size in SIZES}
    slow = dataclasses.replace(COST, script=3.0, longest_ms=150.0)
    table = {row.what: row for row in rows({**costs, "paced 50000": slow}, weighs=61_000)}
    assert table["weight before the first paint"].met is False
    assert table["50 kB at full speed, main thread"].met is True
    assert table["50 kB at 200 deltas/s: script"].met is False
    assert table["  longest task"].met is False
    assert table["  slowest key"].met is True


def test_a_moment_in_two_scripts_is_counted_once() -> None:
    def event(name: str, start: int, microseconds: int, thread: int = 1) -> dict[str, object]:
        times = {"ts": start, "dur": microseconds}
        return {"ph": "X", "name": name, "pid": 1, "tid": thread, **times}

    events = [
        event("FunctionCall", 0, 1_000_000),
        event("RunMicrotasks", 500_000, 1_000_000),
        event("Paint", 2_000_000, 1_000_000),
        event("FunctionCall", 3_000_000, 500_000),
        event("FunctionCall", 0, 100, thread=2),
    ]
    assert script_seconds(json.dumps({"traceEvents": events}).encode()) == 2.0


def test_each_view_and_preset_is_judged_by_the_median_of_its_runs() -> None:
    def load(performance: int, tti: float) -> Load:
        scores = {**PERFECT.scores, "performance": performance}
        return dataclasses.replace(PERFECT, scores=scores, figures={**PERFECT.figures, "tti": tti})

    good = page_lighthouse.rows([load(100, 1_500), load(60, 9_000), load(98, 1_600)])
    assert good[0].what == "Lighthouse, signed out, mobile"
    assert good[0].value == "median of 3"
    table = {row.what.strip(): row for row in good}
    assert (table["performance"].value, table["performance"].met) == ("98", True)
    interactive = table["time to interactive"]
    assert (interactive.value, interactive.met) == ("1,600 ms", True)
    assert table["accessibility"].met is True
    assert table["seo"].met is None

    table = {
        row.what.strip(): row
        for row in page_lighthouse.rows([load(97, 1_601), load(97, 1_601), load(100, 1_000)])
    }
    assert table["performance"].met is False
    assert table["time to interactive"].met is False
    assert table["first contentful paint"].met is True


def test_a_preset_is_not_judged_by_anothers_limits() -> None:
    desktop = dataclasses.replace(PERFECT, preset="desktop")
    table = page_lighthouse.rows([PERFECT, desktop])
    assert [row.what for row in table if row.what.startswith("Lighthouse")] == [
        "Lighthouse, signed out, mobile",
        "Lighthouse, signed out, desktop",
    ]
    assert [row.met for row in table if row.what == "  first contentful paint"] == [True, False]
    assert all(limits.keys() == NAMES.keys() for limits in LIMITS.values())


def test_files_are_compressed_as_cloudfront_does_it_and_answers_are_not(
    site: Site, dist: Path
) -> None:
    with httpx.Client(base_url=site.url, headers={"Accept-Encoding": "gzip, br"}) as client:
        script = next(dist.glob("assets/index-*.js"))
        assert client.get(f"/assets/{script.name}").headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in client.get("/config.json").headers  # under 1,000 bytes
        asked = {"threadId": "t", "runId": "r", "messages": [{"content": "9000 0"}]}
        answer = client.post(site.chat, json=asked)
        assert len(answer.content) > 9000
        assert "Content-Encoding" not in answer.headers


def test_the_weight_is_that_of_the_page_its_script_and_its_style(dist: Path) -> None:
    page = (dist / "index.html").stat().st_size
    assert weight(dist) > 30_000
    assert weight(dist) < page + sum(path.stat().st_size for path in dist.glob("assets/index-*"))


def test_the_page_asks_for_its_addresses_once_and_before_its_script_runs(site: Site) -> None:
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        page = chromium.new_page()
        page.on("request", lambda request: asked.append(request.url.removeprefix(site.url)))
        page.on("console", lambda message: said.append(message.text))
        # No script runs, so what is asked for now is the markup's own doing.
        page.route("**/*.js", lambda route: route.abort())
        page.goto(site.url)
        assert asked.count("/config.json") == 1
        page.unroute_all()
        asked.clear()
        said.clear()
        page.reload()
        page.get_by_role("button", name="Sign in").wait_for()
        chromium.close()
    assert asked.count("/config.json") == 1
    assert said == []
