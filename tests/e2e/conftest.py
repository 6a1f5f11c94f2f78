"""Whole stacks for the journeys that change nothing about them, and a browser."""

import re
from collections.abc import Iterator

import pytest
from browser import launch
from chat_page import composer, expect_no_fault, open_browser, visit
from e2e_stack import RunningStack, run_stack
from people import Person
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """`python -m local` on free ports, with a state folder of its own."""
    with run_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def token(stack: RunningStack) -> str:
    """The demo user's ID token."""
    return stack.tokens()["id_token"]


@pytest.fixture(scope="session")
def stack_with_faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The same, and tests may break its answers."""
    with run_stack(tmp_path_factory.mktemp("faulty"), "--faults") as running:
        yield running


@pytest.fixture
def faulty(stack_with_faults: RunningStack) -> Iterator[RunningStack]:
    """A fault that struck nothing fails its test; what is held is let go of."""
    yield stack_with_faults
    assert stack_with_faults.let_go() == 0, "faults that struck nothing"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """For the tests of one file: beside it asyncio is of no use to others."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium."""
    running = launch(playwright)
    yield running
    running.close()


@pytest.fixture(scope="module")
def somebody(stack_with_faults: RunningStack) -> Person:
    """Who is signed in for the tests of one file."""
    return Person.new(stack_with_faults)


@pytest.fixture(scope="module")
def tab(browser: Browser, stack_with_faults: RunningStack, somebody: Person) -> Iterator[Page]:
    """A tab in which they are signed in: use it as `chat` or `page`."""
    with open_browser(browser) as context:
        yield visit(context, stack_with_faults, somebody)


@pytest.fixture
def chat(tab: Page, faulty: RunningStack) -> Iterator[Page]:
    """That tab, in whatever conversation is open: each new one costs a process of the agent."""
    tab.bring_to_front()
    if tab.get_by_role("button", name=re.compile("Stop|Sign in")).count():
        tab.goto(faulty.outputs["SpaUrl"])  # the test before failed
    yield tab
    expect_no_fault(tab.context)


@pytest.fixture
def page(tab: Page, faulty: RunningStack) -> Iterator[Page]:
    """That tab, in a new conversation."""
    tab.goto(faulty.outputs["SpaUrl"])
    expect(composer(tab)).to_be_editable()
    yield tab
    expect_no_fault(tab.context)


@pytest.fixture
def person(stack_with_faults: RunningStack) -> Person:
    """Somebody new, with no conversations yet."""
    return Person.new(stack_with_faults)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile, in which nobody is signed in."""
    with open_browser(browser) as opened:
        yield opened
