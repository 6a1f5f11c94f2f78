"""The page on a phone: narrow, touched, and half of it under a keyboard."""

from collections.abc import Iterator

import pytest
from chat_page import (
    PHONE,
    answers,
    ask,
    composer,
    expect_finished,
    expect_no_fault,
    open_browser,
    visit,
)
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

OVERHANG = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def phone_tab(
    browser: Browser, stack_with_faults: RunningStack, somebody: Person
) -> Iterator[Page]:
    """A phone, with a finger and no mouse."""
    with open_browser(browser, viewport=PHONE, has_touch=True, is_mobile=True) as context:
        yield visit(context, stack_with_faults, somebody)


@pytest.fixture
def phone(phone_tab: Page, faulty: RunningStack) -> Iterator[Page]:
    """That phone, in a new conversation."""
    phone_tab.goto(faulty.outputs["SpaUrl"])
    expect(composer(phone_tab)).to_be_editable()
    yield phone_tab
    expect_no_fault(phone_tab.context)


def test_nothing_hangs_over_the_edge_of_a_phone(phone: Page) -> None:
    assert phone.evaluate(OVERHANG) <= 0
    expect_finished(ask(phone, "Show me a markdown page"))
    expect_finished(ask(phone, "W" * 400))
    assert phone.evaluate(OVERHANG) <= 0
    expect(composer(phone)).to_be_in_viewport()


def test_on_a_phone_the_title_has_room_beside_the_word_on_the_model(phone: Page) -> None:
    expect_finished(ask(phone, "A title of thirty characters.."))
    expect(phone.get_by_role("banner").get_by_text("Offline model")).to_be_visible()
    title = phone.get_by_role("heading", level=1)
    expect(title).to_have_text("A title of thirty characters..")
    box = title.bounding_box()
    assert box is not None
    assert box["width"] > PHONE["width"] / 2


def test_on_a_phone_the_count_of_a_long_message_stands_whole_beside_the_button(
    phone: Page,
) -> None:
    composer(phone).fill("word " * 8_000)
    count = phone.get_by_text("40,000 of 32,000 characters: shorten it")
    expect(count).to_be_in_viewport(ratio=1)
    said, send = count.bounding_box(), phone.get_by_role("button", name="Send").bounding_box()
    assert said is not None
    assert send is not None
    assert said["x"] + said["width"] <= send["x"]
    assert send["y"] <= said["y"] + said["height"] / 2 <= send["y"] + send["height"]
    composer(phone).fill("")


def test_what_an_answer_took_is_seen_once_it_is_unfolded(phone: Page) -> None:
    answer = ask(phone, "Show me a markdown page")
    expect_finished(answer)
    button = answer.get_by_role("button", name="Details")
    button.tap()
    for name in ("Sent", "Time", "Output tokens"):
        expect(answer.get_by_text(name, exact=True)).to_be_in_viewport(ratio=1)
    figures, field = answer.locator(".figures").bounding_box(), composer(phone).bounding_box()
    assert figures is not None
    assert field is not None
    assert figures["y"] + figures["height"] < field["y"]
    expect(button).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_conversations_are_a_drawer(phone: Page) -> None:
    expect_finished(ask(phone, "In the drawer"))
    expect(phone.get_by_role("dialog", name="Conversations")).to_have_count(0)
    phone.get_by_role("button", name="Show conversations").tap()
    drawer = phone.get_by_role("dialog", name="Conversations")
    expect(drawer).to_be_visible()
    expect(drawer.get_by_text("In the drawer").first).to_be_visible()
    phone.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    phone.get_by_role("button", name="New chat").tap()
    phone.get_by_role("button", name="Show conversations").tap()
    drawer.get_by_role("link", name="In the drawer").first.tap()
    expect(drawer).to_have_count(0)
    expect(answers(phone)).to_have_count(1)


def test_on_a_phone_a_deletion_can_be_taken_back(phone: Page) -> None:
    expect_finished(ask(phone, "Do not lose me"))
    phone.get_by_role("button", name="Show conversations").tap()
    row = phone.locator("li[data-thread]").filter(has_text="Do not lose me").first
    row.get_by_role("button").tap()
    phone.get_by_role("menuitem", name="Delete").tap()
    phone.get_by_role("button", name="Undo").tap(timeout=2_000)
    phone.reload()
    phone.get_by_role("button", name="Show conversations").tap()
    expect(row).to_have_count(1)


def test_with_the_keyboard_of_a_phone_open_the_field_stays_in_view(phone: Page) -> None:
    """What a keyboard on the screen leaves of it: Chromium makes the page as much shorter."""
    expect_finished(ask(phone, "Show me a markdown page"))
    phone.set_viewport_size({"width": PHONE["width"], "height": 380})
    composer(phone).tap()
    expect(composer(phone)).to_be_in_viewport(ratio=1)
    expect(phone.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert phone.evaluate(OVERHANG) <= 0
    phone.set_viewport_size(PHONE)
