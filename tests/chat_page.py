"""What a person does at the page, in the words of a test."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e_stack import RunningStack
from people import PASSWORD, Person
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
)

PHONE = {"width": 360, "height": 740}
# What holds is seen at once; only what fails is waited for. On a busy machine 5 s are too few.
expect.set_options(timeout=20_000)
COUNT = "Count to 400"
COUNTED = " ".join(map(str, range(1, 401)))
"""What `counted` gives of the whole answer to COUNT."""
BEGUN = "1, 2, 3"
"""What is surely shown of an answer that was cut: what the page has not read yet, the browser drops
with the connection (https://streams.spec.whatwg.org/#readable-stream-error)."""
POLICY = ("Content Security", "Trusted Type", "TrustedHTML", "TrustedScript")
"""What the console says when a page does what its policy forbids."""
_faults: dict[BrowserContext, list[str]] = {}


@contextmanager
def open_browser(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A fresh browser profile; a page in it that throws or breaks its own policy fails the test."""
    context = browser.new_context(**options)
    faults: list[str] = []
    _faults[context] = faults
    context.on("weberror", lambda error: faults.append(str(error.error)))

    def listen(message: ConsoleMessage) -> None:
        if any(word in message.text for word in POLICY):
            faults.append(message.text)

    context.on("console", listen)
    try:
        yield context
        expect_no_fault(context)
    finally:
        del _faults[context]
        context.close()


def expect_no_fault(context: BrowserContext) -> None:
    """No page of the profile threw, or broke its own policy."""
    faults, _faults[context][:] = _faults[context][:], []
    assert faults == []


def fill_sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill and send the sign-in page's form."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def enter(page: Page, stack: RunningStack, path: str = "") -> Page:
    """Open the page and sign in by its button; whoever is known needs no form."""
    page.goto(stack.outputs["SpaUrl"] + path)
    page.get_by_role("button", name="Sign in").click()
    expect(composer(page)).to_be_editable()
    return page


def visit(context: BrowserContext, stack: RunningStack, person: Person, path: str = "") -> Page:
    """A new tab in which this person is signed in."""
    person.be_known(stack, context)
    return enter(context.new_page(), stack, path)


def composer(page: Page) -> Locator:
    """Where a message is written."""
    return page.get_by_role("textbox", name="Message", exact=True)


def answers(page: Page) -> Locator:
    """All answers of the conversation."""
    return page.locator('article[data-role="assistant"]')


def questions(page: Page) -> Locator:
    """All messages of the person."""
    return page.locator('article[data-role="user"]')


def ask(page: Page, prompt: str) -> Locator:
    """Send a message; returns the answer's article, which may still be running."""
    before = answers(page).count()
    composer(page).fill(prompt)
    composer(page).press("Enter")
    expect(answers(page)).to_have_count(before + 1)
    return answers(page).nth(before)


def expect_state(answer: Locator, state: str) -> None:
    """Wait until an answer is `running`, `finished`, `stopped`, `failed` or `interrupted`."""
    expect(answer).to_have_attribute("data-state", state)


def expect_finished(answer: Locator) -> None:
    """Wait for an answer's good end."""
    expect_state(answer, "finished")


def text_of(answer: Locator) -> str:
    """The words of an answer, without what the page adds to them."""
    return "\n".join(answer.locator(".markdown").all_inner_texts())


def ask_held(page: Page, stack: RunningStack, prompt: str, **place: str) -> Locator:
    """Send a message whose answer stands still once it has `said` a text, or `after` an event's
    type, until `stack.let_go()`."""
    stack.break_next({"do": "hold", **place, "on": "message"})
    answer = ask(page, prompt)
    stack.wait_until_held()
    return answer


def counted(text: str) -> str:
    """The numbers of an answer to COUNT, and nothing else of it."""
    return " ".join(re.findall(r"\d+", text))


@contextmanager
def watched_turns(page: Page) -> Iterator[list[str]]:
    """The run ids of the messages that the page sends, each time that it sends them."""
    turns: list[str] = []

    def listen(request: Request) -> None:
        if '"messages"' in (request.post_data or ""):
            turns.append(request.post_data_json["runId"])

    page.on("request", listen)
    yield turns
    page.remove_listener("request", listen)


def rows(page: Page) -> Locator:
    """The conversations in the list."""
    return page.get_by_role("navigation").locator("li[data-thread]")


def row_of(page: Page, title: str) -> Locator:
    """One of them."""
    return rows(page).filter(has_text=title)
