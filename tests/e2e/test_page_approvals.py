"""What a person is asked in mid-answer: allowed, refused, by keyboard, after a reload."""

from collections.abc import Iterator

import pytest
from axe import violations
from chat_page import answers, ask, composer, expect_finished, open_browser, questions, visit
from e2e_stack import ROOT, RunningStack, run_stack
from people import Person
from playwright.sync_api import Browser, Locator, Page, expect

REFUND = 'Use refund with {"order": "A1", "amount": 12.5}'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack with an agent that asks before it refunds."""
    environment = {"SLUICE_AGENT": str(ROOT / "examples" / "approval.py")}
    with run_stack(tmp_path_factory.mktemp("shop"), environment=environment) as running:
        yield running


@pytest.fixture
def page(browser: Browser, shop: RunningStack) -> Iterator[Page]:
    with open_browser(browser) as context:
        yield visit(context, shop, Person.new(shop))


def request_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Allow refund?")


def test_a_call_waits_until_it_is_allowed_also_after_a_reload(page: Page) -> None:
    expect_finished(ask(page, REFUND))
    request = request_of(page)
    expect(request).to_contain_text("A1")
    expect(request).to_contain_text("12.5")
    expect(page.get_by_role("status")).to_contain_text("waiting for your answer")
    page.reload()
    request.get_by_role("button", name="Allow once").click()
    expect(answers(page)).to_have_count(2)
    expect_finished(answers(page).last)
    expect(answers(page).last).to_contain_text("Refunded 12.50")
    expect(questions(page)).to_have_count(1)
    expect(request).to_have_count(0)
    page.reload()
    expect(answers(page).last).to_contain_text("Refunded 12.50")
    expect(page.locator("details.tool")).to_have_count(1)
    expect_finished(ask(page, "Hello"))


def test_a_call_is_refused_with_a_reason_by_keyboard(page: Page) -> None:
    expect_finished(ask(page, REFUND))
    request_of(page).get_by_role("button", name="Don't allow").press("Enter")
    expect(page.get_by_label("Reason (optional)")).to_be_focused()
    page.keyboard.type("Too early")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(2)
    expect_finished(answers(page).last)
    page.locator("details.tool summary").last.click()
    expect(page.locator("details.tool").last).to_contain_text("They say: Too early")


@pytest.mark.slow
def test_what_is_allowed_for_the_chat_is_asked_once(page: Page) -> None:
    expect_finished(ask(page, REFUND))
    request_of(page).get_by_role("button", name="Allow for this chat").click()
    expect(answers(page)).to_have_count(2)
    expect_finished(answers(page).last)
    composer(page).fill(REFUND)
    composer(page).press("Enter")
    expect(answers(page)).to_have_count(4)
    expect_finished(answers(page).last)
    expect(request_of(page)).to_have_count(0)


def test_a_new_message_is_a_no(page: Page) -> None:
    expect_finished(ask(page, REFUND))
    expect_finished(ask(page, "Hello"))
    expect(request_of(page)).to_have_count(0)
    expect(page.get_by_text("Refunded")).to_have_count(0)
    expect(page.locator("details.tool")).to_have_attribute("data-state", "failed")


@pytest.mark.slow
def test_axe_finds_nothing_in_what_a_person_is_asked(browser: Browser, shop: RunningStack) -> None:
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    page = visit(context, shop, Person.new(shop))
    expect_finished(ask(page, REFUND))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert violations(page) == []
    request_of(page).get_by_role("button", name="Don't allow").click()
    assert violations(page) == []
    context.close()
