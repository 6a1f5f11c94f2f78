"""What a screen reader is told, and what axe finds wrong: nothing, in any state of the page."""

from collections.abc import Callable, Iterator

import pytest
from axe import violations
from chat_page import (
    COUNT,
    PHONE,
    answers,
    ask,
    ask_held,
    composer,
    expect_finished,
    expect_state,
    questions,
    visit,
)
from e2e_stack import RunningStack
from image_samples import PNG
from people import Person
from playwright.sync_api import Browser, Page, expect
from spa_build import brand_name

pytestmark = pytest.mark.slow

SNAPSHOT = """
- article:
  - heading "BRAND" [level=2]
  - heading "A page of Markdown" [level=3]
  - paragraph:
    - strong: bold
    - emphasis: italic
    - deletion: struck
    - code: code
    - link "link to the AG-UI protocol (docs.ag-ui.com)"
  - heading "A list" [level=4]
  - list:
    - listitem: Sign in
    - listitem:
      - text: Ask a question
      - list:
        - listitem: with a number in it
        - listitem: or without
    - listitem: Read the answer
  - list:
    - listitem:
      - checkbox "Done" [checked] [disabled]
      - text: streamed
    - listitem:
      - checkbox "To do" [disabled]
      - text: remembered for ever
  - heading "A table" [level=4]
  - region "Table":
    - table:
      - rowgroup:
        - row "Part Stands for Local port":
          - columnheader "Part"
          - columnheader "Stands for"
          - columnheader "Local port"
      - rowgroup:
        - row "site CloudFront and S3 3000":
          - cell "site"
          - cell "CloudFront and S3"
          - cell "3000"
  - heading "Code" [level=4]
  - text: python
  - button "Copy"
  - group "Code, python":
    - code: /def fibonacci/
  - heading "Mathematics" [level=4]
  - paragraph:
    - text: The roots of
    - math: a x 2 + b x + c = 0
    - text: are
  - group "Formula":
    - math: /x = /
  - blockquote:
    - paragraph: A stream is a promise kept word by word.
  - separator
  - heading "The end" [level=5]
  - paragraph: That was the page.
  - button "Copy answer"
  - button "Good answer"
  - button "Bad answer"
  - button "Regenerate"
  - button "Details"
"""


@pytest.fixture(scope="module")
def judged(browser: Browser, stack_with_faults: RunningStack, somebody: Person) -> Iterator[Page]:
    """A tab into which axe may be put; nothing moves in it, so that no colour is half-way."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    yield visit(context, stack_with_faults, somebody)
    context.close()


@pytest.fixture
def expect_no_violation(judged: Page, faulty: RunningStack) -> Iterator[Callable[[str], None]]:
    """What judges the page as it stands, light and dark."""
    judged.goto(faulty.outputs["SpaUrl"])
    expect(composer(judged)).to_be_editable()

    def judge(state: str) -> None:
        found = []
        for scheme in ("light", "dark"):
            judged.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{state}, {scheme}: {each}" for each in violations(judged)]
        assert found == []

    yield judge
    judged.set_viewport_size({"width": 1280, "height": 720})


def test_signed_out_axe_finds_nothing(browser: Browser, faulty: RunningStack) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(faulty.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert violations(page) == []
    context.close()


def test_empty_streaming_and_finished_axe_finds_nothing(
    judged: Page, faulty: RunningStack, expect_no_violation: Callable[[str], None]
) -> None:
    expect(judged.get_by_text("calculator", exact=True)).to_be_visible()
    expect_no_violation("empty")
    answer = ask_held(judged, faulty, "Show me a markdown page", said="bedrock")
    expect(answer.locator("table")).to_be_visible()
    expect_no_violation("streaming")
    faulty.let_go()
    expect_finished(answer)
    answer = ask(judged, "Think about 25 * 4")
    expect_finished(answer)
    answer.locator("details.reasoning summary").click()
    answer.locator("details.tool summary").click()
    answer.get_by_role("button", name="Details").click()
    expect_no_violation("finished, all unfolded")


def test_failed_stopped_and_interrupted_axe_finds_nothing(
    judged: Page, faulty: RunningStack, expect_no_violation: Callable[[str], None]
) -> None:
    answer = ask(judged, "Count to 9000")
    expect(answer).to_contain_text("20")
    judged.get_by_role("button", name="Stop").click()
    expect_state(answer, "stopped")
    faulty.break_next({"do": "kill", "said": "40,", "on": "message"})
    expect_state(ask(judged, "Count to 9000"), "interrupted")
    expect_no_violation("stopped and interrupted")
    faulty.break_next(*[{"do": "refuse", "status": 503, "on": "message"}] * 2)
    expect_state(ask(judged, "Hello"), "failed")
    expect_no_violation("failed")
    # Where the browser has dropped even the first event, the message itself is sent again.
    faulty.break_next({"do": "cut", "said": "20,", "on": "message"}, {"do": "hold", "on": "stream"})
    answer = ask(judged, COUNT)
    expect(answer).to_contain_text("Reconnecting")
    expect_no_violation("reconnecting")
    faulty.let_go()
    expect_finished(answer)


def test_with_help_settings_menus_and_fields_open_axe_finds_nothing(
    judged: Page, expect_no_violation: Callable[[str], None]
) -> None:
    expect_finished(ask(judged, "Something to list"))
    judged.get_by_role("button", name="Settings").click()
    expect_no_violation("settings")
    judged.keyboard.press("Escape")
    judged.keyboard.press("Control+/")
    expect_no_violation("help")
    judged.keyboard.press("Escape")
    row = judged.get_by_role("navigation").locator("li").first
    row.hover()
    row.get_by_role("button").click()
    expect_no_violation("menu")
    judged.get_by_role("menuitem", name="Rename").click()
    expect_no_violation("renaming")
    judged.keyboard.press("Escape")
    questions(judged).first.get_by_role("button", name="Edit").click()
    expect_no_violation("editing")
    judged.keyboard.press("Escape")
    composer(judged).fill("word " * 7_000)
    expect_no_violation("too long")
    composer(judged).fill("")


def test_with_files_axe_finds_nothing(
    judged: Page, expect_no_violation: Callable[[str], None]
) -> None:
    csv = {"name": "sales.csv", "mimeType": "text/csv", "buffer": b"month,sales"}
    chart = {"name": "chart.png", "mimeType": "image/png", "buffer": PNG}
    judged.locator("form.composer input[type=file]").set_input_files([csv, chart])
    expect(judged.locator('.composer .file[data-state="ready"]')).to_have_count(2)
    zip_file = {"name": "a.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}
    judged.locator("form.composer input[type=file]").set_input_files([zip_file])
    expect(judged.locator('.composer .file[data-state="failed"]')).to_have_count(1)
    expect_no_violation("files beside the message")
    judged.get_by_role("button", name="Remove a.zip").click()
    expect_finished(ask(judged, "Look"))
    expect_no_violation("files of a message")
    judged.get_by_role("button", name="sales.csv").click()
    expect_no_violation("a file that is open")
    judged.keyboard.press("Escape")


def test_on_a_phone_axe_finds_nothing(
    judged: Page, expect_no_violation: Callable[[str], None]
) -> None:
    judged.set_viewport_size(PHONE)
    expect_no_violation("phone, empty")
    expect_finished(ask(judged, "What is 25 * 4?"))
    expect_no_violation("phone, finished")
    judged.get_by_role("button", name="Show conversations").click()
    expect(judged.get_by_role("dialog", name="Conversations")).to_be_visible()
    expect_no_violation("phone, conversations")
    judged.keyboard.press("Escape")


def test_an_answer_is_told_as_what_it_is(chat: Page) -> None:
    """The accessibility tree, which is what screen readers read."""
    answer = ask(chat, "Show me a markdown page")
    expect_finished(answer)
    expect(answer).to_match_aria_snapshot(SNAPSHOT.replace("BRAND", brand_name()))


def test_one_polite_region_tells_sentences_and_no_words_of_the_answer(
    chat: Page, faulty: RunningStack
) -> None:
    chat.evaluate(
        """() => {
          window.said = [];
          const live = [...document.querySelectorAll('[aria-live], [role=status], [role=alert]')]
            .filter((each) => each.ariaLive !== 'off');
          window.regions = live.length;
          for (const region of live)
            new MutationObserver(() => window.said.push(region.textContent)).observe(
              region, {subtree: true, childList: true, characterData: true});
        }"""
    )
    answer = ask_held(chat, faulty, "Count to 100", said="40,")
    expect(answer).to_contain_text("30")
    faulty.let_go()
    expect_finished(answer)
    expect(chat.get_by_role("status")).to_contain_text("The answer is complete.")
    said = chat.evaluate("window.said")
    assert chat.evaluate("window.regions") == 1
    assert [each for each in said if each] == [
        f"{brand_name()} is answering.",
        "The answer is complete.",
    ]
    assert answers(chat).last.get_attribute("aria-busy") == "false"
