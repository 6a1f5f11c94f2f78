"""The sign-in page in a real browser: keyboard, narrow screens, and what its policy allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import launch
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pool_support import EMAIL, PASSWORD, Pool, running_pool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support import serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The page that people come back to."""

    async def home(_: Request) -> PlainTextResponse:
        return PlainTextResponse("signed in")

    with serve(Starlette(routes=[Route("/", home)])) as base:
        yield base.replace("127.0.0.1", "localhost")


@pytest.fixture
def pool(tmp_path: Path, site: str) -> Iterator[Pool]:
    with running_pool(tmp_path, UserPoolClient={"CallbackURLs": [site]}) as running:
        yield running


@pytest.fixture
def page(browser: Browser, pool: Pool, site: str) -> Iterator[Page]:
    """The sign-in page, in a browser of the width of a small phone."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    opened = context.new_page()
    address = pool.http.build_request(
        "GET", "/oauth2/authorize", params=pool.visit().parameters(redirect_uri=site)
    ).url
    opened.goto(str(address))
    yield opened
    context.close()


def test_signing_in_takes_nothing_but_the_keyboard(page: Page, site: str) -> None:
    expect(page.get_by_label("Email address")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type("Wrong-1234")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Email address").input_value() == EMAIL
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/?code=*")
    assert page.inner_text("body") == "signed in"


def test_the_page_fits_a_small_phone_and_all_of_it_loads(page: Page) -> None:
    address = page.url
    # In a tab of its own: a reload would abort the icon that the first load still fetches.
    page = page.context.new_page()
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text))
    page.on("requestfailed", lambda request: failures.append(request.url))
    page.goto(address, wait_until="networkidle")
    assert failures == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "400px"


def test_the_page_follows_the_systems_dark_mode(page: Page) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) != light
