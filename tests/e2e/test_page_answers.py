"""An answer in a real browser: how it streams, what it is made of, and what can be done with it."""

import pytest
from chat_page import (
    answers,
    ask,
    ask_held,
    composer,
    expect_finished,
    expect_state,
    questions,
    text_of,
)
from e2e_stack import RunningStack
from playwright.sync_api import Page, expect

# Counts the paints in which the last answer grew: a frame callback runs before each paint.
COUNT_PAINTS = """
() => {
  window.paints = 0;
  let length = 0;
  const look = () => {
    const now = [...document.querySelectorAll(".markdown")].at(-1)?.textContent.length ?? 0;
    if (now > length) window.paints += 1;
    length = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def test_an_answer_appears_while_it_is_written(chat: Page, faulty: RunningStack) -> None:
    chat.evaluate(COUNT_PAINTS)
    answer = ask_held(chat, faulty, "Count to 300", said="80,")
    expect_state(answer, "running")
    expect(answer).to_contain_text("70")
    expect(answer).not_to_contain_text("300")
    faulty.let_go()
    expect_finished(answer)
    expect(answer).to_contain_text("300")
    assert chat.evaluate("window.paints") > 2


def test_a_tool_call_is_a_card_that_unfolds(chat: Page) -> None:
    answer = ask(chat, "What is 25 * 4? Show your work.")
    expect_finished(answer)
    card = answer.locator("details.tool")
    expect(card).to_have_attribute("data-name", "calculator")
    expect(card).to_have_attribute("data-state", "done")
    expect(card.locator("dl")).to_have_count(0)
    card.locator("summary").click()
    expect(card).to_contain_text("25 * 4")
    expect(card).to_contain_text("Result: 100")
    expect(answer.locator(".markdown").last).to_contain_text("100")


def test_a_tool_that_fails_says_so_on_its_card(chat: Page) -> None:
    answer = ask(chat, "What is 5 + sqrt(x?")
    expect_finished(answer)
    expect(answer.locator("details.tool")).to_have_attribute("data-state", "failed")
    answer.locator("details.tool summary").click()
    expect(answer.locator("details.tool")).to_contain_text("Error")


@pytest.mark.slow
def test_a_calculation_that_overruns_is_shown_as_failed_t11(chat: Page) -> None:
    answer = ask(chat, "What is 9**9**9?")
    expect_finished(answer)
    expect(answer.locator("details.tool")).to_have_attribute("data-state", "failed")


def test_a_running_tool_is_shown_as_running(chat: Page, faulty: RunningStack) -> None:
    answer = ask_held(chat, faulty, "What is 25 * 4? Show your work.", after="TOOL_CALL_END")
    expect(answer.locator("details.tool")).to_have_attribute("data-state", "running")
    faulty.let_go()
    expect(answer.locator("details.tool")).to_have_attribute("data-state", "done")
    expect_finished(answer)


def test_reasoning_is_folded_to_a_line(chat: Page) -> None:
    answer = ask(chat, "Think about 25 * 4")
    expect_finished(answer)
    reasoning = answer.locator("details.reasoning")
    expect(reasoning).to_have_attribute("data-state", "done")
    expect(reasoning).not_to_contain_text("arithmetic")
    reasoning.locator("summary").click()
    expect(reasoning).to_contain_text("arithmetic")


def test_a_page_of_markdown_becomes_headings_tables_code_and_formulas(chat: Page) -> None:
    answer = ask(chat, "Show me a markdown page")
    expect_finished(answer)
    expect(answer.get_by_role("heading", name="A page of Markdown")).to_be_visible()
    expect(answer.get_by_role("row")).to_have_count(5)
    expect(answer.locator("code[data-language=python]")).to_contain_text("def fibonacci")
    expect(answer.locator("code[data-language=python] span").first).to_be_attached()
    expect(answer.locator("math").first).to_be_attached()
    expect(answer.get_by_role("checkbox")).to_have_count(2)
    link = answer.get_by_role("link")
    expect(link).to_have_attribute("href", "https://docs.ag-ui.com/")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert "docs.ag-ui.com" in (link.get_attribute("title") or "")


def test_an_answer_and_its_code_are_copied_as_they_were_written(chat: Page) -> None:
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer = ask(chat, "Show me a markdown page")
    expect_finished(answer)
    answer.locator(".code button").click()
    expect(answer.locator(".code button")).to_have_text("Copied")
    code = chat.evaluate("navigator.clipboard.readText()")
    assert code.startswith("def fibonacci(n: int) -> int:\n    a, b = 0, 1\n")
    answer.get_by_role("button", name="Copy answer").click()
    expect(answer.locator(".actions").get_by_role("button", name="Copied")).to_be_visible()
    whole = chat.evaluate("navigator.clipboard.readText()")
    assert whole.startswith("# A page of Markdown\n")
    assert "| gateway | API Gateway       |       3001 |" in whole


def test_asking_again_replaces_the_answer_for_good(page: Page) -> None:
    expect_finished(ask(page, "My lucky number is 12"))
    answer = ask(page, "What is my lucky number?")
    expect_finished(answer)
    answer.get_by_role("button", name="Regenerate").click()
    expect_finished(answers(page).last)
    expect(answers(page)).to_have_count(2)
    page.reload()
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last).to_contain_text("12")


def test_an_edited_message_replaces_all_that_came_after_it(page: Page) -> None:
    expect_finished(ask(page, "My lucky number is 12"))
    expect_finished(ask(page, "Hello"))
    questions(page).first.hover()
    questions(page).first.get_by_role("button", name="Edit").click()
    editor = page.get_by_role("textbox", name="Edit your message")
    expect(editor).to_have_value("My lucky number is 12")
    editor.fill("My lucky number is 77")
    editor.press("Enter")
    expect(answers(page)).to_have_count(1)
    expect_finished(answers(page).first)
    answer = ask(page, "What is my lucky number?")
    expect_finished(answer)
    expect(answer).to_contain_text("77")
    page.reload()
    expect(questions(page).locator(".bubble")).to_have_text(
        ["My lucky number is 77", "What is my lucky number?"]
    )


def test_a_rating_is_kept_with_the_answer_and_can_be_taken_back(chat: Page) -> None:
    answer = ask(chat, "Hello")
    expect_finished(answer)
    with chat.expect_response(lambda response: "rate" in (response.request.post_data or "")):
        answer.get_by_role("button", name="Good answer").click()
    expect(answer.get_by_role("button", name="Good answer")).to_have_attribute(
        "aria-pressed", "true"
    )
    chat.reload()
    good = answers(chat).last.get_by_role("button", name="Good answer")
    expect(good).to_have_attribute("aria-pressed", "true")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "false")


def test_tokens_and_time_are_told_on_demand(chat: Page) -> None:
    answer = ask(chat, "Hello")
    expect_finished(answer)
    expect(answer.get_by_text("Output tokens")).to_have_count(0)
    answer.get_by_role("button", name="Details").click()
    for words in ("Input tokens", "Output tokens", "Time", "Model"):
        expect(answer.get_by_text(words, exact=True)).to_be_visible()


def test_the_page_follows_an_answer_until_the_reader_scrolls_away(
    chat: Page, faulty: RunningStack
) -> None:
    scroller = chat.locator("main")
    answer = ask_held(chat, faulty, "Write 8 kB", said="Line 60")
    expect(answer).to_contain_text("Line 50")
    at_end = "element => element.scrollHeight - element.scrollTop - element.clientHeight < 40"
    expect(chat.get_by_role("button", name="Jump to latest")).to_have_count(0)
    assert scroller.evaluate(at_end)
    scroller.hover()
    chat.mouse.wheel(0, -900)
    expect(chat.get_by_role("button", name="Jump to latest")).to_be_visible()
    where = scroller.evaluate("element => element.scrollTop")
    faulty.let_go()
    expect_finished(answer)
    assert abs(scroller.evaluate("element => element.scrollTop") - where) < 2
    chat.get_by_role("button", name="Jump to latest").click()
    expect(chat.get_by_role("button", name="Jump to latest")).to_have_count(0)
    assert scroller.evaluate(at_end)


def test_a_complete_block_is_never_drawn_again(chat: Page, faulty: RunningStack) -> None:
    answer = ask_held(chat, faulty, "Show me a markdown page", said="bedrock")
    expect(answer.locator("table")).to_be_visible()
    answer.locator("h3, h4").first.evaluate("element => { window.kept = element; }")
    faulty.let_go()
    expect_finished(answer)
    assert answer.locator("h3, h4").first.evaluate("element => element === window.kept")


def test_a_busy_model_is_told_in_words_f7(chat: Page) -> None:
    answer = ask(chat, "Fail once")
    expect(answer).to_contain_text("The model is busy. Retrying…")
    expect_finished(answer)
    expect(answer).to_contain_text("Now it works.")


def test_another_message_can_be_written_but_not_sent_while_an_answer_runs(
    chat: Page, faulty: RunningStack
) -> None:
    answer = ask_held(chat, faulty, "Count to 20", said="5,")
    composer(chat).fill("Hello")
    composer(chat).press("Enter")
    expect(chat.get_by_role("button", name="Stop")).to_be_visible()
    expect(questions(chat).locator(".bubble").last).to_have_text("Count to 20")
    faulty.let_go()
    expect_finished(answer)
    expect(composer(chat)).to_have_value("Hello")
    assert "20" in text_of(answer)
