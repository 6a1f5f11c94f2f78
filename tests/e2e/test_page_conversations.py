"""Conversations: the list beside them, their names, their end, their files and links; drafts."""

import json
import re
import uuid
from pathlib import Path

import pytest
from chat_page import (
    answers,
    ask_held,
    composer,
    expect_finished,
    open_browser,
    row_of,
    rows,
    visit,
)
from conversations import put, stored_run
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow


def shelve(page: Page, stack: RunningStack, person: Person, title: str) -> str:
    """A conversation that was had elsewhere; the page knows of it after this. Returns its id."""
    thread_id = str(uuid.uuid4())
    put(stack, person, {thread_id: [stored_run(1, title, f"Here it **is**: {title}.")]})
    page.goto(stack.outputs["SpaUrl"])
    expect(row_of(page, title)).to_have_count(1)
    return thread_id


def choose(page: Page, title: str, action: str) -> None:
    """Open a conversation's menu, and choose."""
    row_of(page, title).hover()
    row_of(page, title).get_by_role("button").click()
    page.get_by_role("menuitem", name=action).click()


# ---- the list ----------------------------------------------------------------------------------


def test_a_conversation_stands_in_the_list_from_its_first_message_on(
    page: Page, faulty: RunningStack
) -> None:
    answer = ask_held(page, faulty, "Count to 50 please", said="20,")
    expect(row_of(page, "Count to 50 please")).to_have_count(1)
    expect(row_of(page, "Count to 50 please").get_by_role("link")).to_have_attribute(
        "aria-current", "page"
    )
    faulty.let_go()
    expect_finished(answer)
    page.get_by_role("button", name="New chat").click()
    expect(answers(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="What can I help with?")).to_be_visible()
    row_of(page, "Count to 50 please").get_by_role("link").click()
    expect(answers(page)).to_have_count(1)
    expect(page).to_have_title(re.compile("Count to 50 please"))


def test_an_answer_goes_on_while_another_conversation_is_read(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    shelve(page, faulty, somebody, "Elsewhere")
    expect(ask_held(page, faulty, "Count to 300", said="20,")).to_contain_text("10")
    row_of(page, "Elsewhere").get_by_role("link").click()
    expect(answers(page).first).to_contain_text("Here it is: Elsewhere.")
    faulty.let_go()
    page.go_back()
    expect_finished(answers(page).first)
    expect(answers(page).first).to_contain_text("300")


def test_conversations_are_found_by_the_words_of_their_titles(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    shelve(page, faulty, somebody, "Crème brûlée for ten")
    shelve(page, faulty, somebody, "Ten small steps")
    search = page.get_by_role("searchbox", name="Search conversations")
    search.fill("creme TEN")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Crème brûlée")
    search.fill("nothing like it")
    expect(page.get_by_text("No matching conversations")).to_be_visible()
    search.press("Escape")
    expect(search).to_have_value("")
    expect(row_of(page, "Ten small steps")).to_have_count(1)


def test_a_new_name_stays(page: Page, faulty: RunningStack, somebody: Person) -> None:
    shelve(page, faulty, somebody, "Old name")
    choose(page, "Old name", "Rename")
    field = page.get_by_role("textbox", name="Name of the conversation")
    expect(field).to_be_focused()
    field.fill("A better name")
    with page.expect_response(lambda answer: "rename" in (answer.request.post_data or "")):
        field.press("Enter")
    page.reload()
    expect(row_of(page, "A better name")).to_have_count(1)
    expect(row_of(page, "Old name")).to_have_count(0)


def test_a_name_that_could_not_be_kept_is_taken_back(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    shelve(page, faulty, somebody, "Steady name")
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "rename"}] * 2)
    choose(page, "Steady name", "Rename")
    page.get_by_role("textbox", name="Name of the conversation").fill("Another name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation").get_by_role("alert")).to_be_visible()
    expect(row_of(page, "Steady name")).to_have_count(1)


def test_a_deleted_conversation_can_be_taken_back(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    shelve(page, faulty, somebody, "Keep me")
    row_of(page, "Keep me").get_by_role("link").click()
    expect(answers(page)).to_have_count(1)
    choose(page, "Keep me", "Delete")
    expect(row_of(page, "Keep me")).to_have_count(0)
    expect(answers(page)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row_of(page, "Keep me")).to_have_count(1)
    expect(answers(page)).to_have_count(1)
    page.reload()
    expect(row_of(page, "Keep me")).to_have_count(1)


def test_a_deletion_is_carried_out_also_when_the_page_is_left(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    thread_id = shelve(page, faulty, somebody, "Away with me")
    choose(page, "Away with me", "Delete")
    expect(row_of(page, "Away with me")).to_have_count(0)
    # The request outlives the page, and no page is told what became of it.
    page.goto("about:blank")
    page.goto(f"{faulty.outputs['SpaUrl']}/#/t/{thread_id}")
    gone = page.get_by_text("This conversation no longer exists.")
    expect(gone.or_(answers(page).first)).to_be_visible()
    if not gone.count():
        page.reload()
    expect(gone).to_be_visible()
    expect(row_of(page, "Away with me")).to_have_count(0)


# ---- files and links ---------------------------------------------------------------------------


def test_a_conversation_is_saved_as_markdown_and_as_json(
    page: Page, faulty: RunningStack, somebody: Person, tmp_path: Path
) -> None:
    thread_id = shelve(page, faulty, somebody, "Save me / please")
    with page.expect_download() as begun:
        choose(page, "Save me / please", "Export as Markdown")
    assert begun.value.suggested_filename == "Save me please.md"
    begun.value.save_as(tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text()
    assert text.startswith("# Save me / please\n")
    assert "Here it **is**: Save me / please." in text
    with page.expect_download() as begun:
        choose(page, "Save me / please", "Export as JSON")
    begun.value.save_as(tmp_path / "a.json")
    saved = json.loads((tmp_path / "a.json").read_text())
    assert saved["threadId"] == thread_id
    assert [message["role"] for message in saved["runs"][0]["messages"]] == ["user", "assistant"]


def test_a_link_opens_the_conversation_for_its_owner_and_nobody_else_t1(
    page: Page, faulty: RunningStack, somebody: Person, browser: Browser
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shelve(page, faulty, somebody, "Link me")
    choose(page, "Link me", "Copy link")
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto(link)
    expect(answers(page).first).to_contain_text("Here it is: Link me.")
    with open_browser(browser) as other:
        path = link.removeprefix(faulty.outputs["SpaUrl"])
        stranger = visit(other, faulty, Person.new(faulty), path)
        expect(stranger.get_by_text("This conversation no longer exists.")).to_be_visible()
        expect(answers(stranger)).to_have_count(0)


# ---- drafts ------------------------------------------------------------------------------------


def test_each_conversation_keeps_its_own_draft_over_a_reload(
    page: Page, faulty: RunningStack, somebody: Person
) -> None:
    shelve(page, faulty, somebody, "First of two")
    shelve(page, faulty, somebody, "Second of two")
    for title in ("First of two", "Second of two"):
        row_of(page, title).get_by_role("link").click()
        expect(answers(page).first).to_contain_text(title)
        composer(page).fill(f"draft for {title}")
    page.reload()
    expect(composer(page)).to_have_value("draft for Second of two")
    row_of(page, "First of two").get_by_role("link").click()
    expect(composer(page)).to_have_value("draft for First of two")
    assert page.evaluate("JSON.stringify(localStorage)").count("draft for") == 0
