"""Streams that are cut, damaged or refused: the page shows just what an undamaged one gives."""

import random

import pytest
from chat_page import (
    BEGUN,
    COUNT,
    COUNTED,
    answers,
    ask,
    counted,
    expect_finished,
    expect_state,
    questions,
    text_of,
    watched_turns,
)
from e2e_stack import RunningStack
from playwright.sync_api import Page, expect

# The page waits a little before it asks again, and no longer when its tab is looked at.
HURRY = """() => {
  window.hurry = setInterval(() => document.dispatchEvent(new Event("visibilitychange")), 20);
}"""
REST = "() => clearInterval(window.hurry)"


# ---- cuts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [5, *(pytest.param(n, marks=pytest.mark.slow) for n in range(4))])
def test_an_answer_cut_twenty_times_is_the_uncut_one_f5(
    seed: int, chat: Page, faulty: RunningStack
) -> None:
    generator = random.Random(seed)  # noqa: S311 - the same cuts each time
    cuts = []
    for _ in range(20):
        # Early, because a busy agent joins deltas: how many events an answer has is not known. And
        # late enough for a busy browser to read them: ten cuts in a row without news end the run.
        where, most = generator.choice([("events", 5), ("bytes", 500)])
        count = generator.randint(0, most)
        cuts.append({"do": "cut", where: count, "seconds": 0.1, "on": "stream"})
    faulty.break_next(*cuts)
    chat.evaluate(HURRY)
    with watched_turns(chat) as stored_runs:
        answer = ask(chat, COUNT)
        expect_finished(answer)
    chat.evaluate(REST)
    assert faulty.let_go() == 0, "the answer was over before it was cut so often"
    assert counted(text_of(answer)) == COUNTED
    # Where nothing had arrived before the cut, the message itself is sent again.
    assert len(set(stored_runs)) == 1, "another run was asked for"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"do": "insert", "said": "20,"}, id="malformed frame"),
        pytest.param({"do": "insert", "said": "20,", "text": "id: 40\ndata: {}\n\n"}, id="gap"),
        pytest.param({"do": "split"}, id="byte by byte"),
        pytest.param({"do": "pause", "said": "20,", "seconds": 0.3}, id="slow"),
        pytest.param({"do": "cut", "events": 0}, id="cut before the first byte"),
        pytest.param({"do": "cut"}, id="cut before the answer"),
        pytest.param({"do": "pause", "seconds": 0.3}, id="slow to begin"),
    ],
)
def test_a_damaged_stream_still_gives_the_whole_answer_f8(
    fault: dict[str, object], chat: Page, faulty: RunningStack
) -> None:
    faulty.break_next({**fault, "on": "message"})
    answer = ask(chat, "Count to 100")
    expect_finished(answer)
    assert counted(text_of(answer)) == " ".join(map(str, range(1, 101)))


def test_a_cut_answer_says_that_it_reconnects_f5(chat: Page, faulty: RunningStack) -> None:
    # Where the browser has dropped even the first event, the message itself is sent again.
    faulty.break_next({"do": "cut", "said": "20,", "on": "message"}, {"do": "hold", "on": "stream"})
    answer = ask(chat, COUNT)
    expect(answer).to_contain_text("Reconnecting")
    expect(chat.get_by_role("status")).to_contain_text("Reconnecting")
    faulty.let_go()
    expect_finished(answer)
    expect(answer).not_to_contain_text("Reconnecting")
    assert counted(text_of(answer)) == COUNTED


def test_an_answer_that_cannot_be_resumed_is_shown_as_broken_off_f5(
    chat: Page, faulty: RunningStack
) -> None:
    faulty.break_next(
        {"do": "cut", "said": "60,", "on": "message", "seconds": 0.5},
        *[{"do": "refuse", "status": 503, "on": "resume"}] * 9,
    )
    chat.evaluate(HURRY)
    answer = ask(chat, COUNT)
    expect_state(answer, "interrupted")
    chat.evaluate(REST)
    expect(answer).to_contain_text(BEGUN)
    expect(answer).to_contain_text("The connection was lost before the answer was complete.")
    # The agent has the whole of it by now: nothing is asked twice.
    with watched_turns(chat) as stored_runs:
        answer.get_by_role("button", name="Retry").click()
        expect_finished(answers(chat).last)
    assert counted(text_of(answers(chat).last)) == COUNTED
    assert stored_runs == []


# ---- refusals before the first byte ------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reaches"),
    [
        (429, False),
        (504, True),
        *(
            pytest.param(status, reaches, marks=pytest.mark.slow)
            for status, reaches in [(424, False), (500, False), (503, False), (502, True)]
        ),
    ],
)
def test_a_passing_fault_is_met_by_one_more_try_f4(
    status: int, reaches: bool, chat: Page, faulty: RunningStack
) -> None:
    """Also when the agent had taken the message: one run id is one answer."""
    before = questions(chat).count()
    faulty.break_next({"do": "refuse", "status": status, "reaches": reaches, "on": "message"})
    with watched_turns(chat) as stored_runs:
        expect_finished(ask(chat, "Hello"))
    assert len(stored_runs) == 2
    assert len(set(stored_runs)) == 1
    chat.reload()
    expect(answers(chat)).to_have_count(before + 1)


def test_a_fault_that_stays_is_told_and_retry_works_f4(chat: Page, faulty: RunningStack) -> None:
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "message"}] * 2)
    answer = ask(chat, "Hello")
    expect_state(answer, "failed")
    expect(answer).to_contain_text("Something went wrong on the server.")
    count = answers(chat).count()
    answer.get_by_role("button", name="Retry").click()
    expect_finished(answers(chat).last)
    expect(answers(chat)).to_have_count(count)


# ---- what is to be fixed --------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_agent_never_took_cannot_be_rated(page: Page, faulty: RunningStack) -> None:
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "message"}] * 2)
    answer = ask(page, "Hello")
    expect_state(answer, "failed")
    expect(answer.get_by_role("button", name="Good answer")).to_have_count(0, timeout=500)
    # What waits would leave by itself in the next test.
    answer.get_by_role("button", name="Retry").click()
    expect_finished(answers(page).last)


@pytest.mark.slow
def test_a_message_that_failed_is_neither_lost_nor_sent_behind_a_later_one(
    page: Page, faulty: RunningStack
) -> None:
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "message"}] * 2)
    expect_state(ask(page, "First of all"), "failed")
    expect_finished(ask(page, "Hello"))
    with watched_turns(page) as stored_runs:
        page.reload()
        expect(answers(page)).not_to_have_count(0)
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert stored_runs == []
    expect(questions(page).locator(".bubble")).to_contain_text(["Hello"])
