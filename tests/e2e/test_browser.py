"""The journey of a person, in a real browser: sign in, ask, watch, ask again, sign out."""

from collections.abc import Iterator

import pytest
from axe import violations
from browser import launch
from e2e_stack import RunningStack, run_stack
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from local.demo import DEMO_EMAIL, DEMO_PASSWORD

PHONE = {"width": 360, "height": 740}

# Counts the paints in which the page's text grew: a frame callback runs before each paint.
COUNT_PAINTS = """
() => {
  window.paints = 0;
  let length = 0;
  const look = () => {
    const answers = document.querySelectorAll('article[data-role="assistant"]');
    const now = answers.length ? answers[answers.length - 1].textContent.length : 0;
    if (now > length) window.paints += 1;
    length = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose model speaks at a readable pace."""
    pace = {"SLUICE_OFFLINE_DELAY_MS": "20"}
    with run_stack(tmp_path_factory.mktemp("paced"), environment=pace) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser profile; a page that breaks its own policy or throws fails its test."""
    context = browser.new_context()
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security" in message.text else None,
    )
    yield opened
    context.close()
    assert not faults


def sign_in(page: Page, stack: RunningStack) -> None:
    page.goto(stack.outputs["SpaUrl"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Email").fill(DEMO_EMAIL)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("textbox", name="Message")).to_be_editable()


def ask(page: Page, prompt: str) -> Locator:
    """Send a message; returns the answer's article, which may still be running."""
    before = page.locator('article[data-role="assistant"]').count()
    page.get_by_role("textbox", name="Message").fill(prompt)
    page.keyboard.press("Enter")
    expect(page.locator('article[data-role="assistant"]')).to_have_count(before + 1)
    return page.locator('article[data-role="assistant"]').nth(before)


def expect_finished(answer: Locator) -> None:
    expect(answer).to_have_attribute("data-state", "finished", timeout=20_000)


def test_sign_in_ask_watch_ask_again_and_sign_out(page: Page, paced: RunningStack) -> None:
    sign_in(page, paced)
    assert "code=" not in page.url, "the authorization code stays in the address"

    page.evaluate(COUNT_PAINTS)
    answer = ask(page, "What is 25 * 4? Show your work.")
    expect(answer).to_have_attribute("data-state", "running")
    expect_finished(answer)
    expect(answer).to_contain_text("100")
    assert page.evaluate("window.paints") > 10
    tool = answer.locator("details.tool")
    expect(tool).to_have_attribute("data-name", "calculator")
    expect(tool).to_have_attribute("data-state", "done")
    tool.locator("summary").click()
    expect(tool).to_contain_text("25 * 4")

    again = ask(page, "Now divide that by 10")
    expect_finished(again)
    expect(again).to_contain_text("10")
    expect(again.locator("details.tool")).to_have_attribute("data-state", "done")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    # The sign-in's own session has ended too: the form is asked for again.
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_said_and_the_address_is_kept(page: Page, paced: RunningStack) -> None:
    page.goto(paced.outputs["SpaUrl"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Email").fill(DEMO_EMAIL)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(DEMO_EMAIL)


def test_a_page_of_markdown_becomes_headings_tables_code_and_lists(
    page: Page, paced: RunningStack
) -> None:
    sign_in(page, paced)
    answer = ask(page, "Show me a markdown page")
    expect_finished(answer)
    for tag in ("h2", "table", "pre code", "ul li", "ol li", "blockquote", "strong"):
        expect(answer.locator(tag).first).to_be_visible()


def test_a_calculation_that_overruns_is_shown_as_failed_t11(
    page: Page, paced: RunningStack
) -> None:
    sign_in(page, paced)
    answer = ask(page, "What is 9**9**9?")
    expect(answer.locator("details.tool")).to_have_attribute("data-state", "failed", timeout=20_000)
    expect_finished(answer)


def test_stop_ends_the_display_and_keeps_what_came(page: Page, paced: RunningStack) -> None:
    sign_in(page, paced)
    answer = ask(page, "Count to 500")
    expect(answer).to_contain_text("12")
    page.get_by_role("button", name="Stop").click()
    expect(answer).to_have_attribute("data-state", "stopped")
    expect(answer).to_contain_text("12")
    expect(page.get_by_role("textbox", name="Message")).to_be_editable()


def test_new_chat_begins_an_empty_thread(page: Page, paced: RunningStack) -> None:
    sign_in(page, paced)
    expect_finished(ask(page, "My lucky number is 12"))
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("article")).to_have_count(0)
    answer = ask(page, "What is my lucky number?")
    expect_finished(answer)
    expect(answer).not_to_contain_text("12")


def test_an_agent_that_died_is_told_in_words_and_retry_works_f2(
    page: Page, paced: RunningStack
) -> None:
    sign_in(page, paced)
    page.route("**/chat", lambda route: route.fulfill(status=424, json={"message": "dead"}))
    answer = ask(page, "Hello")
    expect(answer).to_have_attribute("data-state", "failed")
    page.unroute("**/chat")
    page.get_by_role("button", name="Retry").click()
    expect_finished(page.locator('article[data-role="assistant"]').last)


def test_a_cut_stream_is_shown_as_interrupted_f5(page: Page, paced: RunningStack) -> None:
    sign_in(page, paced)
    started = 'id: 1\ndata: {"type":"RUN_STARTED","threadId":"t","runId":"r"}\n\n'
    page.route(
        "**/chat",
        lambda route: route.fulfill(
            status=200, headers={"Content-Type": "text/event-stream"}, body=started
        ),
    )
    answer = ask(page, "Hello")
    expect(answer).to_have_attribute("data-state", "interrupted")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


def test_tokens_are_in_no_storage_that_outlives_the_tab(page: Page, paced: RunningStack) -> None:
    sign_in(page, paced)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie") == ""


def test_the_page_talks_to_nobody_but_its_own_stack_t7(page: Page, paced: RunningStack) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    sign_in(page, paced)
    expect_finished(ask(page, "Show me a markdown page"))
    own = {paced.outputs[name].split("/")[2] for name in ("SpaUrl", "ApiUrl", "LoginUrl")}
    assert hosts <= own


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_has_an_accessibility_fault(
    scheme: str, browser: Browser, paced: RunningStack
) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme=scheme, viewport=PHONE)
    page = context.new_page()
    page.goto(paced.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert violations(page) == []  # signed out
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert violations(page) == []  # the sign-in form
    sign_in(page, paced)
    assert violations(page) == []  # empty
    answer = ask(page, "Show me a markdown page")
    expect(answer.locator("table")).to_be_visible()
    assert violations(page) == []  # streaming
    expect_finished(answer)
    expect_finished(ask(page, "What is 25 * 4?"))
    assert violations(page) == []  # finished
    page.route("**/chat", lambda route: route.fulfill(status=500, json={"message": "x"}))
    expect(ask(page, "Hello")).to_have_attribute("data-state", "failed", timeout=15_000)
    assert violations(page) == []  # failed
    context.close()


def test_nothing_hangs_over_the_edge_of_a_phone(browser: Browser, paced: RunningStack) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    sign_in(page, paced)
    expect_finished(ask(page, "Show me a markdown page"))
    expect_finished(ask(page, "W" * 400))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_the_whole_journey_works_by_keyboard(page: Page, paced: RunningStack) -> None:
    page.goto(paced.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    press_until(page, page.get_by_role("button", name="Sign in"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password")).to_be_visible()
    press_until(page, page.get_by_label("Email"))
    page.keyboard.type(DEMO_EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    message = page.get_by_role("textbox", name="Message")
    expect(message).to_be_focused()
    page.keyboard.type("What is 25 * 4?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Show your work.")
    page.keyboard.press("Enter")
    answer = page.locator('article[data-role="assistant"]')
    expect_finished(answer)
    expect(page.locator('article[data-role="user"]')).to_contain_text("Show your work.")
    expect(message).to_be_focused()


def press_until(page: Page, wanted: Locator) -> None:
    for _ in range(20):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not get there")
