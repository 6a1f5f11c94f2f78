"""Signing in and out in a browser, and a sign-in that ends while somebody is writing."""

from collections.abc import Iterator

import httpx
import pytest
from browser import launch
from chat_page import (
    BEGUN,
    COUNT,
    COUNTED,
    answers,
    ask,
    ask_held,
    composer,
    counted,
    enter,
    expect_finished,
    fill_sign_in,
    open_browser,
    questions,
    text_of,
    visit,
)
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

pytestmark = pytest.mark.slow

STORED = """
() => JSON.stringify([localStorage, document.cookie, location.href, history.state, name])
"""


@pytest.fixture
def page(context: BrowserContext, faulty: RunningStack, person: Person) -> Iterator[Page]:
    """A page in which somebody new is signed in; each test here ends it in its own way."""
    return visit(context, faulty, person)


def tokens_of(page: Page) -> dict[str, str]:
    """What the tab keeps of its sign-in."""
    kept: dict[str, str] = page.evaluate("JSON.parse(sessionStorage.getItem('sluice.tokens'))")
    return kept


def post(stack: RunningStack, endpoint: str, **form: str) -> httpx.Response:
    """Ask one of the sign-in's endpoints, as the page does."""
    form["client_id"] = stack.outputs["UserPoolClientId"]
    return httpx.post(f"{stack.outputs['LoginUrl']}/oauth2/{endpoint}", data=form)


def end_sign_in(page: Page, stack: RunningStack) -> None:
    """The person's tokens are good for nothing any more: the next request shows it."""
    token = tokens_of(page)["refreshToken"]
    assert post(stack, "revoke", token=token).status_code == 200


def test_a_person_signs_in_by_the_form_asks_and_signs_out_t12(
    context: BrowserContext, faulty: RunningStack, person: Person
) -> None:
    page = context.new_page()
    page.goto(faulty.outputs["SpaUrl"])
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page, person.email, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(person.email)
    fill_sign_in(page, person.email)
    expect(composer(page)).to_be_editable()
    assert "code=" not in page.url, "the authorization code stays in the address"
    expect_finished(ask(page, "Hello"))
    refresh_token = tokens_of(page)["refreshToken"]
    assert refresh_token not in page.evaluate(STORED)
    assert tokens_of(page)["idToken"] not in page.evaluate(STORED)

    with page.expect_navigation(url=f"{faulty.outputs['SpaUrl']}/"):  # there and back again
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    assert person.email not in page.evaluate(STORED)
    again = post(faulty, "token", grant_type="refresh_token", refresh_token=refresh_token)
    assert again.json()["error"] == "invalid_grant"
    # The sign-in page's own session has ended too: the form is asked for again.
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_sign_in_that_comes_back_twice_is_not_completed_t12(
    context: BrowserContext, faulty: RunningStack, person: Person
) -> None:
    person.be_known(faulty, context)
    page = context.new_page()
    returned: list[str] = []
    page.on("request", lambda sent: returned.append(sent.url) if "code=" in sent.url else None)
    enter(page, faulty)
    other = context.new_page()
    other.goto(returned[0])
    expect(other.get_by_text("Sign-in wasn't completed.")).to_be_visible()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    assert "code=" not in other.url


def test_tokens_are_in_no_storage_that_outlives_the_tab_t12(page: Page) -> None:
    expect_finished(ask(page, "Hello"))
    kept = page.evaluate(STORED)
    for token in (tokens_of(page)["idToken"], tokens_of(page)["refreshToken"]):
        assert token not in kept
    assert "Hello" not in kept
    assert page.evaluate("indexedDB.databases()") == []
    assert page.evaluate("caches.keys()") == []


def test_an_expired_token_is_renewed_once_without_a_word_f6(
    page: Page, faulty: RunningStack
) -> None:
    before = tokens_of(page)
    faulty.break_next({"do": "refuse", "status": 401, "on": "message"})
    expect_finished(ask(page, "Hello"))
    after = tokens_of(page)
    assert after["idToken"] != before["idToken"]
    assert after["refreshToken"] != before["refreshToken"], "the refresh token is not rotated"


def test_a_sign_in_that_ended_comes_back_to_thread_message_and_draft_f6(
    page: Page, faulty: RunningStack
) -> None:
    expect_finished(ask(page, "My lucky number is 12"))
    address = page.url
    end_sign_in(page, faulty)
    faulty.break_next({"do": "refuse", "status": 401, "on": "message"})
    answer = ask(page, "What is my lucky number?")
    expect(answer).to_contain_text("Your session has expired.")
    composer(page).fill("and this was being written")
    answer.get_by_role("button", name="Sign in").click()
    expect(composer(page)).to_have_value("and this was being written")
    assert page.url == address
    expect(questions(page)).to_have_count(2)
    if retry := page.get_by_role("button", name="Retry").all():
        retry[0].click()
    expect_finished(answers(page).last)
    expect(answers(page).last).to_contain_text("12")
    expect(answers(page)).to_have_count(2)


def test_a_sign_in_that_ends_in_mid_answer_loses_no_word_of_it_f6(
    page: Page, faulty: RunningStack
) -> None:
    faulty.break_next(
        {"do": "cut", "said": "60,", "on": "message", "seconds": 0.5},
        {"do": "refuse", "status": 401, "on": "resume"},
    )
    end_sign_in(page, faulty)
    answer = ask(page, COUNT)
    expect(answer).to_contain_text("Your session has expired.")
    expect(answer).to_contain_text(BEGUN)
    answer.get_by_role("button", name="Sign in").click()
    expect_finished(answers(page).first)
    assert counted(text_of(answers(page).first)) == COUNTED
    expect(answers(page)).to_have_count(1)


def test_signing_out_in_one_tab_signs_out_the_others(
    page: Page, context: BrowserContext, faulty: RunningStack
) -> None:
    other = enter(context.new_page(), faulty)
    answer = ask_held(other, faulty, "Count to 200", said="30,")
    expect(answer).to_contain_text("20")
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You signed out in another tab.")).to_be_visible()
    expect(answers(other)).to_have_count(0)
    assert other.evaluate("sessionStorage.length") == 0
    faulty.let_go()


# ---- Back, in a browser that keeps the page as it was left

LOG = "addEventListener('pageshow', ({ persisted }) => persisted && console.log('kept'))"


@pytest.fixture(scope="module")
def keeping(playwright: Playwright) -> Iterator[Browser]:
    """A browser that keeps pages for Back and Forward, as people's browsers do."""
    browser = launch(playwright, keeps_pages=True)
    yield browser
    browser.close()


@pytest.fixture
def kept(keeping: Browser, faulty: RunningStack, person: Person) -> Iterator[Page]:
    """A page in that browser, with somebody's conversation."""
    with open_browser(keeping) as context:
        context.add_init_script(LOG)
        page = visit(context, faulty, person)
        expect_finished(ask(page, "My lucky number is 12"))
        yield page


def go_back(page: Page) -> None:
    """To the page as it was left."""
    with page.expect_console_message(lambda message: message.text == "kept"):
        page.go_back(wait_until="commit")


def expect_nobody(page: Page, person: Person) -> None:
    """The welcome page, and nothing of the person in it."""
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "lucky" not in page.content()
    assert person.email not in page.content()


def test_back_after_signing_out_shows_nothing_of_the_person_t12(
    kept: Page, faulty: RunningStack, person: Person
) -> None:
    with kept.expect_navigation(url=f"{faulty.outputs['SpaUrl']}/"):  # there and back again
        kept.get_by_role("button", name="Sign out").click()
    expect_nobody(kept, person)
    go_back(kept)
    expect_nobody(kept, person)


def test_back_to_a_page_that_was_left_shows_the_conversation(
    kept: Page, faulty: RunningStack
) -> None:
    kept.goto(faulty.outputs["LoginUrl"])
    go_back(kept)
    expect(answers(kept)).to_contain_text("12")


def test_back_to_a_page_that_did_not_hear_of_a_sign_out_shows_nothing_t12(
    kept: Page, faulty: RunningStack, person: Person
) -> None:
    other = enter(kept.context.new_page(), faulty)
    kept.goto(faulty.outputs["LoginUrl"])
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    kept.go_back(wait_until="commit")
    expect_nobody(kept, person)
    kept.reload()
    expect_nobody(kept, person)
