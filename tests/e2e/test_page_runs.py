"""Runs belong to the server: Stop, reloads, other tabs, dead networks and dead agents."""

import pytest
from chat_page import (
    COUNT,
    COUNTED,
    answers,
    ask,
    ask_held,
    composer,
    counted,
    expect_finished,
    expect_state,
    questions,
    text_of,
    visit,
)
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import BrowserContext, Page, expect

# ---- Stop --------------------------------------------------------------------------------------


def test_stop_stops_the_model_and_the_next_message_is_taken(chat: Page) -> None:
    answer = ask(chat, "Count to 9000")
    expect(answer).to_contain_text("20")
    chat.get_by_role("button", name="Stop").click()
    expect_state(answer, "stopped")
    expect(answer).to_contain_text("You stopped this answer.")
    assert "9000" not in text_of(answer)
    expect_finished(ask(chat, "Hello"))


@pytest.mark.slow
def test_a_stop_that_does_not_arrive_is_told_and_tried_again(
    chat: Page, faulty: RunningStack
) -> None:
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "stop"}] * 2)
    answer = ask(chat, "Count to 9000")
    expect(answer).to_contain_text("20")
    composer(chat).press("Escape")
    expect(chat.get_by_text("Couldn't stop the agent").first).to_be_visible()
    expect_state(answer, "stopped")


# ---- reloads and tabs --------------------------------------------------------------------------


def test_a_reload_finds_the_running_answer_and_follows_it(chat: Page, faulty: RunningStack) -> None:
    answer = ask_held(chat, faulty, COUNT, said="60,")
    expect(answer).to_contain_text("50")
    chat.reload()
    answer = answers(chat).last
    expect_finished(answer)
    faulty.let_go()
    assert counted(text_of(answer)) == COUNTED


def test_a_message_that_was_not_taken_survives_a_reload(chat: Page, faulty: RunningStack) -> None:
    """Held before the agent's first word, which the page cannot tell from never taken."""
    before = answers(chat).count()
    faulty.break_next({"do": "refuse", "status": 503, "on": "message"})
    composer(chat).fill("Count to 30")
    with chat.expect_response(lambda answer: answer.status == 503):
        composer(chat).press("Enter")
    chat.reload()
    expect(answers(chat)).to_have_count(before + 1)
    expect_finished(answers(chat).last)
    expect(questions(chat).last).to_contain_text("Count to 30")
    assert counted(text_of(answers(chat).last)) == " ".join(map(str, range(1, 31)))


def test_a_second_tab_follows_the_answer_and_does_not_disturb_it_f10(
    context: BrowserContext, faulty: RunningStack, person: Person
) -> None:
    first = visit(context, faulty, person)
    answer = ask_held(first, faulty, COUNT, said="60,")
    expect(answer).to_contain_text("50")
    second = visit(context, faulty, person, first.url[first.url.index("/#") :])
    followed = answers(second).first
    expect(followed).to_contain_text("50")
    faulty.let_go()
    for page in (first, second):
        expect_finished(answers(page).first)
        assert counted(text_of(answers(page).first)) == COUNTED
    # What one tab asks the other shows.
    expect_finished(ask(second, "Hello"))
    expect_finished(answers(first).nth(1))
    expect(answers(first)).to_have_count(2)


@pytest.mark.slow
def test_a_copied_tab_begins_a_conversation_of_its_own(chat: Page) -> None:
    """Duplicated, a tab has a copy of the sessionStorage, where the new chat's id stands."""
    chat.get_by_role("button", name="New chat").first.click()
    composer(chat).fill("half a thought")
    with chat.context.expect_page() as opening:
        chat.evaluate("() => { window.open(location.href); }")
    copy = opening.value
    expect(composer(copy)).to_have_value("half a thought")
    for tab in (chat, copy):
        expect_finished(ask(tab, "Hello"))
        expect(answers(tab)).to_have_count(1)
    assert chat.url != copy.url
    copy.reload()
    expect(answers(copy)).to_have_count(1)
    copy.close()


@pytest.mark.slow
def test_two_tabs_that_ask_at_once_leave_one_well_formed_conversation_f10(
    context: BrowserContext, faulty: RunningStack, person: Person
) -> None:
    first = visit(context, faulty, person)
    expect_finished(ask(first, "My lucky number is 12"))
    second = visit(context, faulty, person, first.url[first.url.index("/#") :])
    expect(answers(second)).to_have_count(1)
    composer(first).fill(COUNT)
    composer(second).fill("What is my lucky number?")
    # Both are on their way before either tab hears of the other's.
    for page in (first, second):
        page.evaluate("document.querySelector('form.composer').requestSubmit()")
    expect_finished(answers(first).nth(1))
    # The one that was refused is still there, to be sent again.
    for page in (first, second):
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        if retry := page.get_by_role("button", name="Retry").all():
            retry[0].click()
            expect_finished(answers(page).last)
    for page in (first, second):
        page.reload()
        expect(answers(page)).to_have_count(3)
        expect(questions(page).filter(has_text=COUNT)).to_have_count(1)
        expect(questions(page).filter(has_text="What is my")).to_have_count(1)


# ---- the network and the agent -----------------------------------------------------------------


def test_offline_is_said_and_the_message_waits(chat: Page) -> None:
    chat.context.set_offline(True)
    expect(chat.get_by_text("You are offline.").first).to_be_visible()
    answer = ask(chat, "Count to 30")
    expect(answer).to_contain_text("You are offline.")
    expect_state(answer, "running")
    chat.context.set_offline(False)
    expect_finished(answer)
    assert counted(text_of(answer)) == " ".join(map(str, range(1, 31)))


def test_an_answer_goes_on_when_the_network_is_back(chat: Page, faulty: RunningStack) -> None:
    answer = ask_held(chat, faulty, COUNT, said="60,")
    expect(answer).to_contain_text("50")
    chat.context.set_offline(True)
    expect(chat.get_by_text("You are offline.").first).to_be_visible()
    chat.context.set_offline(False)
    expect_finished(answer)
    faulty.let_go()
    assert counted(text_of(answer)) == COUNTED


def test_a_dead_agent_leaves_what_it_said_and_retry_works_f2(
    chat: Page, faulty: RunningStack
) -> None:
    count = answers(chat).count() + 1
    faulty.break_next({"do": "kill", "said": "100,", "on": "message"})
    answer = ask(chat, "Count to 9000")
    expect_state(answer, "interrupted")
    expect(answer).to_contain_text("90")
    expect(answer).to_contain_text("stopped unexpectedly")
    chat.reload()
    answer = answers(chat).last
    expect_state(answer, "interrupted")
    answer.get_by_role("button", name="Retry").click()
    expect(answers(chat).last).to_contain_text("90")
    chat.get_by_role("button", name="Stop").click()
    expect_state(answers(chat).last, "stopped")
    expect(answers(chat)).to_have_count(count)
