"""Code that the agent runs, and the files that it makes."""

from pathlib import Path

import pytest
from axe import violations
from chat_page import answers, ask, expect_finished, open_browser, visit
from e2e_stack import run_stack
from people import Person
from playwright.sync_api import Browser, Page, expect

# It makes a picture of 160 x 90 pixels, and a table.
CODE = """Run this:
```python
import base64

chart = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAKAAAABaAQAAAAAXvWD/AAAAF0lEQVR42mNgGAWjYBSMglEwCkYB9QEAB2IAAVxwwrUA"
    "AAAASUVORK5CYII="
)
open("chart.png", "wb").write(chart)
open("sales.csv", "w").write("month,sold\\nJune,12\\nJuly,30")
print("sold in all:", 12 + 30)
```"""


def expect_files(page: Page) -> None:
    """Without a click: files are there to be seen."""
    card = answers(page).last.locator("details.tool")
    expect(card).to_contain_text('print("sold in all:", 12 + 30)')
    expect(card).to_contain_text("sold in all: 42")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 160)
    card.get_by_role("button", name="sales.csv").click()
    expect(page.get_by_role("dialog", name="sales.csv")).to_contain_text("July,30")
    page.keyboard.press("Escape")


@pytest.mark.slow
def test_files_that_code_made_are_shown_live_and_after_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        run_stack(tmp_path, "--parameter", "CodeInterpreter=on") as stack,
        open_browser(browser, bypass_csp=True) as context,
    ):
        page = visit(context, stack, Person.new(stack))
        expect_finished(ask(page, CODE))
        expect_files(page)
        assert violations(page) == []
        page.reload()
        expect_files(page)
