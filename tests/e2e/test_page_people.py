"""People: keyboards, languages, themes, input methods, long words and huge pastes."""

from collections.abc import Iterator

import pytest
from chat_page import (
    answers,
    ask,
    ask_held,
    composer,
    expect_finished,
    expect_state,
    fill_sign_in,
    open_browser,
    questions,
)
from conversations import put, stored_run
from e2e_stack import RunningStack
from people import PASSWORD, Person
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.slow

OVERHANG = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def settings(page: Page) -> Iterator[Page]:
    """The page with its settings open; they are as they were after the test."""
    page.get_by_role("button", name="Settings").click()
    yield page
    page.evaluate("localStorage.clear()")


def press_until(page: Page, wanted: Locator, key: str = "Tab") -> None:
    for _ in range(30):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the {key} key does not get there")


# ---- the keyboard ------------------------------------------------------------------------------


def test_everything_from_sign_in_to_an_answer_works_by_keyboard(
    context: BrowserContext, faulty: RunningStack, person: Person
) -> None:
    page = context.new_page()
    page.goto(faulty.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    press_until(page, page.get_by_role("button", name="Sign in"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password")).to_be_visible()
    press_until(page, page.get_by_label("Email"))
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("What is 25 * 4?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Show your work.")
    page.keyboard.press("Enter")
    expect_finished(answers(page).first)
    expect(questions(page).first).to_contain_text("Show your work.")
    expect(composer(page)).to_be_focused()
    # Back through what has been said: the card opens, the answer is rated.
    press_until(page, page.get_by_role("button", name="Good answer"), "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    press_until(page, page.locator("details.tool summary"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details.tool")).to_contain_text("Result: 100")


def test_shortcuts_do_what_the_sheet_of_keys_says(chat: Page) -> None:
    expect_finished(ask(chat, "Hello"))
    composer(chat).press("ArrowUp")
    editor = chat.get_by_role("textbox", name="Edit your message")
    expect(editor).to_be_focused()
    editor.press("Escape")
    expect(editor).to_have_count(0)
    chat.keyboard.press("Control+k")
    expect(chat.get_by_role("searchbox")).to_be_focused()
    chat.keyboard.press("Control+Shift+S")
    expect(chat.get_by_role("navigation")).to_have_count(0)
    chat.keyboard.press("Control+Shift+S")
    expect(chat.get_by_role("navigation")).to_have_count(1)
    chat.keyboard.press("Control+Shift+O")
    expect(answers(chat)).to_have_count(0)
    expect(composer(chat)).to_be_focused()
    chat.keyboard.press("Control+/")
    sheet = chat.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Stop the answer")
    chat.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_escape_stops_the_answer_and_not_what_is_open_over_it(
    chat: Page, faulty: RunningStack
) -> None:
    answer = ask_held(chat, faulty, "Count to 9000", said="30,")
    chat.keyboard.press("Control+/")
    expect(chat.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    expect_state(answer, "running")
    faulty.let_go()
    chat.keyboard.press("Escape")
    expect_state(answer, "stopped")


def test_a_menu_of_a_conversation_is_worked_by_arrows(page: Page) -> None:
    expect_finished(ask(page, "A menu, please"))
    row = page.get_by_role("navigation").locator("li").filter(has_text="A menu, please").first
    row.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(row.get_by_role("button")).to_be_focused()


# ---- input methods, pastes ---------------------------------------------------------------------


def test_enter_while_an_input_method_composes_sends_nothing(page: Page) -> None:
    composer(page).focus()
    devtools = page.context.new_cdp_session(page)
    devtools.send(
        "Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3}
    )
    expect(composer(page)).to_have_value("にほん")
    composing = {"key": "Enter", "code": "Enter", "isComposing": True, "keyCode": 229}
    composer(page).dispatch_event("keydown", {**composing, "bubbles": True, "cancelable": True})
    devtools.send("Input.insertText", {"text": "日本"})
    devtools.detach()
    expect(composer(page)).to_have_value("日本")
    expect(questions(page)).to_have_count(0)
    composer(page).press("Enter")
    expect(questions(page).first).to_contain_text("日本")
    expect_finished(answers(page).first)


def test_a_huge_paste_is_counted_and_refused_before_it_is_sent(page: Page) -> None:
    composer(page).fill("word " * 8_000)
    expect(page.get_by_text("40,000 of 32,000 characters")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    composer(page).press("Enter")
    expect(questions(page)).to_have_count(0)
    assert page.evaluate(OVERHANG) <= 0
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
    composer(page).fill("")


def test_a_huge_paste_into_a_message_that_is_edited_is_refused_too(chat: Page) -> None:
    expect_finished(ask(chat, "Short"))
    asked = questions(chat).count()
    composer(chat).press("ArrowUp")
    editor = chat.get_by_role("textbox", name="Edit your message")
    editor.fill("word " * 8_000)
    expect(chat.get_by_text("40,000 of 32,000 characters")).to_be_visible()
    expect(questions(chat).last.get_by_role("button", name="Send")).to_be_disabled()
    editor.press("Enter")
    expect(editor).to_be_visible()
    editor.press("Escape")
    expect(questions(chat)).to_have_count(asked)
    expect(questions(chat).last).to_contain_text("Short")


def test_an_earlier_answer_is_asked_for_again_once_its_price_is_said(page: Page) -> None:
    expect_finished(ask(page, "Count to 3"))
    expect_finished(ask(page, "Count to 5"))
    first = answers(page).first
    first.hover()
    first.get_by_role("button", name="Regenerate").click()
    expect(first).to_contain_text("This replaces the answer and everything after it.")
    expect(answers(page)).to_have_count(2)
    confirm = first.locator(".confirmation").get_by_role("button", name="Regenerate")
    expect(confirm).to_be_focused()
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    expect_finished(answers(page).first)
    expect(questions(page)).to_have_count(1)
    expect(questions(page).first).to_contain_text("Count to 3")


def test_the_word_of_a_deletion_covers_nothing(chat: Page) -> None:
    expect_finished(ask(chat, "Hello"))
    row = chat.locator("li[data-thread]").first
    row.hover()
    row.get_by_role("button").click()
    chat.get_by_role("menuitem", name="Delete").click()
    undo = chat.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    toast, page = chat.locator(".toast").bounding_box(), chat.locator(".chat").bounding_box()
    listed = chat.locator(".threads").bounding_box()
    assert toast is not None
    assert page is not None
    assert listed is not None
    assert toast["x"] + toast["width"] <= page["x"]
    assert listed["y"] + listed["height"] <= toast["y"]
    undo.click()


def test_a_long_message_is_folded(chat: Page) -> None:
    expect_finished(ask(chat, "line\n" * 60 + "the end"))
    question = questions(chat).last
    folded = question.locator(".bubble").bounding_box()
    question.hover()
    question.get_by_role("button", name="Show all").click()
    unfolded = question.locator(".bubble").bounding_box()
    assert folded is not None
    assert unfolded is not None
    assert folded["height"] < 600 < unfolded["height"]


# ---- languages and themes ----------------------------------------------------------------------


def test_the_page_speaks_the_language_that_is_chosen_and_keeps_it(settings: Page) -> None:
    settings.get_by_label("Language").select_option(label="Deutsch")
    expect(settings.get_by_role("button", name="Neuer Chat")).to_be_visible()
    expect(settings.locator("html")).to_have_attribute("lang", "de")
    settings.reload()
    expect(settings.get_by_role("textbox", name="Nachricht")).to_be_editable()
    expect(settings.locator("html")).to_have_attribute("dir", "ltr")


def test_the_page_speaks_the_browsers_language_and_from_right_to_left(
    browser: Browser, faulty: RunningStack, person: Person
) -> None:
    with open_browser(browser, locale="ar-EG") as context:
        page = context.new_page()
        page.goto(faulty.outputs["SpaUrl"])
        page.get_by_role("button", name="تسجيل الدخول").click()
        fill_sign_in(page, person.email)
        message = page.get_by_role("textbox", name="الرسالة")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        message.fill("Show me a markdown page")
        message.press("Enter")
        expect_finished(answers(page).first)
        # What is asked for stands on the page's side, until there is something written.
        start = "element => getComputedStyle(element).direction"
        expect(message).to_have_value("")
        assert message.evaluate(start) == "rtl"
        message.fill("English")
        assert message.evaluate(start) == "ltr"
        message.fill("")
        # What is English stays from left to right, and code always.
        code = page.locator("pre").first
        assert code.evaluate("element => getComputedStyle(element).direction") == "ltr"
        title = page.get_by_role("heading", name="A page of Markdown")
        assert title.evaluate("element => getComputedStyle(element).direction") == "ltr"
        sidebar = page.get_by_role("navigation").bounding_box()
        assert sidebar is not None
        assert sidebar["x"] > 640, "the sidebar stands where reading begins"
        assert page.evaluate(OVERHANG) <= 0


def test_a_menu_of_a_conversation_covers_no_title_in_either_direction(
    browser: Browser, faulty: RunningStack, somebody: Person
) -> None:
    """Titles have directions of their own: English ones in an Arabic page, and the reverse."""
    put(faulty, somebody, {"english": [stored_run(1, "An English title " * 4, "Hello")]})
    with open_browser(browser, locale="ar") as context:
        page = context.new_page()
        page.goto(faulty.outputs["SpaUrl"])
        page.get_by_role("button").click()
        fill_sign_in(page, somebody.email)
        row = page.locator("li[data-thread]").filter(has_text="An English title").first
        row.hover()
        link, menu = row.get_by_role("link"), row.get_by_role("button")
        text = link.evaluate(
            """element => {
              const style = getComputedStyle(element);
              const box = element.getBoundingClientRect();
              return [box.left + parseFloat(style.paddingLeft),
                      box.right - parseFloat(style.paddingRight)];
            }"""
        )
        button = menu.bounding_box()
        assert button is not None
        assert button["x"] + button["width"] <= text[0] + 1 or button["x"] >= text[1] - 1


def test_the_theme_is_the_systems_until_one_is_chosen(settings: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    settings.emulate_media(color_scheme="light")
    light = settings.evaluate(ground)
    settings.emulate_media(color_scheme="dark")
    dark = settings.evaluate(ground)
    assert light != dark
    settings.get_by_text("Light", exact=True).click()
    assert settings.evaluate(ground) == light
    settings.reload()
    assert settings.evaluate(ground) == light
    settings.emulate_media(color_scheme="light")
    settings.get_by_role("button", name="Settings").click()
    settings.get_by_text("Dark", exact=True).click()
    assert settings.evaluate(ground) == dark


def test_nothing_moves_for_who_asked_for_less_of_it(chat: Page, faulty: RunningStack) -> None:
    chat.emulate_media(reduced_motion="reduce")
    answer = ask_held(chat, faulty, "Count to 50", said="8,")
    moving = "document.getAnimations().filter(each => each.playState === 'running').length"
    assert chat.evaluate(moving) == 0
    faulty.let_go()
    expect_finished(answer)
    chat.emulate_media(reduced_motion="no-preference")


# ---- the first visit ---------------------------------------------------------------------------


def test_an_empty_page_says_what_the_agent_can_do(page: Page) -> None:
    expect(page.get_by_text("You're using the offline demo model.")).to_be_visible()
    expect(page.get_by_text("calculator", exact=True)).to_be_visible()
    expect(page.get_by_text("current_time", exact=True)).to_be_visible()
    page.get_by_role("button", name="What is 25 * 4? Show your work.").click()
    expect_finished(answers(page).first)
    expect(answers(page).first).to_contain_text("100")


def test_the_conversation_is_read_by_pages_from_where_a_message_is_written(chat: Page) -> None:
    expect_finished(ask(chat, "Count to 2000"))
    top = "() => document.querySelector('.scroller').scrollTop"
    end = chat.evaluate(top)
    composer(chat).press("PageUp")
    expect(chat.get_by_role("button", name="Jump to latest")).to_be_visible()
    assert chat.evaluate(top) < end
    expect(composer(chat)).to_be_focused()


DROP = """() => {
    const data = new DataTransfer();
    data.items.add(new File(["x"], "x.txt"));
    const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def test_a_file_that_is_dropped_does_not_take_the_pages_place(chat: Page) -> None:
    assert chat.evaluate(DROP)
    expect(chat.locator(".composer")).to_contain_text("x.txt")
    chat.get_by_role("button", name="Remove x.txt").click()


def test_on_paper_stands_the_whole_conversation_and_nothing_else(chat: Page) -> None:
    expect_finished(ask(chat, "Count to 2000"))
    chat.emulate_media(media="print")
    expect(composer(chat)).to_be_hidden()
    expect(chat.get_by_role("navigation")).to_be_hidden()
    heights = "() => [document.body.scrollHeight, document.querySelector('.scroller').scrollHeight]"
    page, conversation = chat.evaluate(heights)
    assert page >= conversation, "it is not cut at the height of a screen"
    chat.emulate_media(media="screen", forced_colors="active")
    bubble = questions(chat).last.locator(".bubble")
    assert bubble.evaluate("each => getComputedStyle(each).borderStyle") == "solid"
    chat.emulate_media(forced_colors="none")
