"""500 conversations, and one of 300 turns: only what is seen is drawn."""

from collections.abc import Iterator

import pytest
from chat_page import (
    answers,
    open_browser,
    questions,
    row_of,
    rows,
    visit,
)
from conversations import put, stored_run
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

LONG = "long-thread"


@pytest.fixture(scope="module")
def reader(stack_with_faults: RunningStack) -> Person:
    """Somebody with 500 conversations, one of them of 300 turns."""
    person = Person.new(stack_with_faults)
    many = {
        f"thread-{n}": [stored_run(n, f"Question {n}", "Answer", (n - 1) / 8)]
        for n in range(1, 500)
    }
    text = "Some **bold** words, and `code`.\n\n- one\n- two\n\n"
    long = [stored_run(n, f"Turn {n}", f"Answer {n}. {text * 4}", 1 - n / 1000) for n in range(300)]
    put(stack_with_faults, person, {**many, LONG: long})
    return person


@pytest.fixture(scope="module")
def reading(browser: Browser, stack_with_faults: RunningStack, reader: Person) -> Iterator[Page]:
    """The tab of that person."""
    with open_browser(browser) as context:
        yield visit(context, stack_with_faults, reader)


def test_five_hundred_conversations_are_listed_without_drawing_them_all(reading: Page) -> None:
    reading.reload()
    expect(rows(reading).first).to_be_visible()
    drawn = rows(reading).count()
    assert 20 <= drawn <= 100
    assert reading.evaluate("document.querySelectorAll('*').length") < 1_500
    for _ in range(10):
        rows(reading).last.scroll_into_view_if_needed()
    expect(row_of(reading, "Question 499")).to_have_count(1)
    for name in ("Today", "Yesterday", "Previous 7 days", "Previous 30 days"):
        expect(reading.get_by_role("heading", name=name, exact=True)).to_have_count(1)
    reading.get_by_role("searchbox").fill("question 321")
    expect(rows(reading)).to_have_count(1)
    reading.get_by_role("searchbox").fill("")


def test_a_conversation_of_three_hundred_turns_draws_only_what_is_seen(reading: Page) -> None:
    reading.goto(reading.url.split("#")[0] + f"#/t/{LONG}")
    expect(answers(reading)).to_have_count(300)
    expect(answers(reading).last).to_be_in_viewport()
    drawn = reading.locator('article[data-role="assistant"] .markdown')
    assert drawn.count() < 40
    assert reading.evaluate("document.querySelectorAll('main *').length") < 4_000
    # What is not drawn can be found and read all the same.
    expect(answers(reading).first).to_contain_text("Answer 0.")
    answers(reading).first.scroll_into_view_if_needed()
    expect(answers(reading).first.locator("strong").first).to_be_visible()
    expect(questions(reading).first).to_contain_text("Turn 0")
