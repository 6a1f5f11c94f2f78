"""Answers that rest on documents: the sources below them, and the numbers that lead there."""

import json
from pathlib import Path

import pytest
from axe import violations
from chat_page import answers, ask, expect_finished, open_browser, visit
from e2e_stack import run_stack
from people import Person
from playwright.sync_api import Browser, Page, expect

QUESTION = "How many days of holiday do I have?"


def expect_sources(page: Page) -> None:
    answer = answers(page).last
    sources = answer.get_by_role("region", name="Sources")
    expect(sources.locator("summary").first).to_have_text("1holidays.md")
    passage = sources.get_by_text("Everybody has 30 days of holiday a year")
    expect(passage).to_be_hidden()
    number = answer.get_by_role("button", name="[1]")
    expect(number).to_have_attribute("title", "holidays.md")
    number.click()
    expect(passage).to_be_visible()
    expect(sources.locator("summary").first).to_be_focused()


@pytest.mark.slow
def test_an_answer_shows_the_documents_that_it_cites_live_and_after_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    environment = {"SLUICE_OFFLINE_KNOWLEDGE": "examples/knowledge"}
    with (
        run_stack(tmp_path, environment=environment) as stack,
        open_browser(browser, bypass_csp=True) as context,
    ):
        page = visit(context, stack, Person.new(stack))
        expect_finished(ask(page, QUESTION))
        expect_sources(page)
        assert violations(page) == []
        page.reload()
        expect_sources(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Actions for").first.click()
            page.get_by_role("menuitem", name="Export as Markdown").click()
        exported = Path(download.value.path()).read_text()
        assert "**Sources**\n\n- [1] holidays.md: “" in exported
        with page.expect_download() as download:
            page.get_by_role("button", name="Actions for").first.click()
            page.get_by_role("menuitem", name="Export as JSON").click()
        (run,) = json.loads(Path(download.value.path()).read_text())["runs"]
        assert run["messages"][-1]["metadata"]["citations"][0]["title"] == "holidays.md"
