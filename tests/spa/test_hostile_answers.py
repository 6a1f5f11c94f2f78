"""T7: what a model may write, drawn by the page's own markdown in a real browser under the deployed
policy, runs no script and asks nobody for anything."""

from collections.abc import Iterator

import pytest
from browser import launch
from e2e_stack import ROOT
from playwright.sync_api import Page, Route, sync_playwright
from spa_build import build
from support import serve

from local import site
from local.physical_ids import Origins
from local.parameters import read_parameters
from local.template import load

AT_ONCE = 250


async def is_built() -> None:
    """There is no build to wait for."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where tests/spa/answers is served, with the headers that the template gives the page."""
    folder = tmp_path_factory.mktemp("answers")
    build(ROOT / "tests" / "spa" / "answers", folder)
    url = "http://localhost:3000"  # the policy does not depend on it
    origins = Origins(url, f"{url}/api", f"{url}/login", f"{url}/runtime", folder)
    parameters = {**read_parameters(ROOT / "samconfig.toml"), "DevUrl": url}
    with serve(
        site.create_app(load(ROOT / "template.yaml", parameters, origins), folder, is_built)
    ) as own:
        yield own


@pytest.fixture
def page(origin: str) -> Iterator[Page]:
    """A page that fails the test when something runs, opens, or is asked for elsewhere."""
    faults: list[str] = []

    def route(asked: Route) -> None:
        if asked.request.url.startswith(origin):
            asked.continue_()
        else:
            faults.append(f"asked for {asked.request.url}")
            asked.abort()

    with sync_playwright() as playwright:
        browser = launch(playwright)
        opened = browser.new_context()
        opened.route("**/*", route)
        opened.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        opened.on("page", lambda another: faults.append(f"opened {another.url}"))
        opened.on("weberror", lambda error: faults.append(str(error.error)))
        tab = opened.new_page()
        faults.clear()  # the tab itself
        answer = tab.goto(origin)
        assert answer is not None
        assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
        yield tab
        browser.close()
    assert faults == []


def judge(page: Page, first: int, count: int) -> None:
    for start in range(first, first + count, AT_ONCE):
        assert page.evaluate("([from, to]) => judge(from, to)", [start, start + AT_ONCE]) == []
        assert page.evaluate("enriched()") > 0, "no formula and no colour was drawn"


def test_a_thousand_hostile_answers_run_nothing_and_ask_nobody_t7(page: Page) -> None:
    judge(page, 0, 1_000)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_ten_thousand_hostile_answers_run_nothing_and_ask_nobody_t7(page: Page) -> None:
    judge(page, 1_000, 10_000)


def test_the_judge_knows_harm_when_it_sees_it_t7(page: Page) -> None:
    """Without this, a judge that looks at nothing would let everything pass."""
    page.evaluate(
        """() => {
          window.drawn = HTMLElement.prototype.append;
          HTMLElement.prototype.append = function (...nodes) {
            drawn.apply(this, nodes);
            if (this.tagName === "MAIN") {
              const image = document.createElement("img");
              image.setAttribute("src", "https://evil.example/i.png");
              drawn.call(nodes[0], image);
            }
          };
        }"""
    )
    found = page.evaluate("judge(0, 1)")
    assert any("element img" in fault for fault in found)
    assert any("attribute src" in fault for fault in found)
    assert any("img-src https://evil.example" in fault for fault in found)
