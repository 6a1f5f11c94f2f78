"""`make pictures`: the README's pictures, taken from the page as it runs."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the tests' own helpers, as pytest finds them

from browser import launch
from e2e_stack import ROOT, RunningStack, run_stack
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from local.demo import DEMO_EMAIL, DEMO_PASSWORD

README = ROOT / "docs" / "pictures"
OTHERS = ROOT / ".build" / "pictures"
DESKTOP, PHONE = {"width": 1100, "height": 800}, {"width": 390, "height": 780}


def take(
    browser: Browser, stack: RunningStack, name: str, scheme: str, size: dict[str, int]
) -> None:
    """One visit: pictures of the sign-in, of the empty page, and of a conversation."""
    context = browser.new_context(color_scheme=scheme, viewport=size, device_scale_factor=2)
    page = context.new_page()

    def picture(state: str, folder: Path = OTHERS) -> None:
        page.screenshot(path=folder / f"{name}-{state}.png", animations="disabled")

    def ask(prompt: str) -> Locator:
        page.get_by_role("textbox", name="Message").fill(prompt)
        page.keyboard.press("Enter")
        return page.locator('article[data-role="assistant"]').last

    def finished(answer: Locator) -> None:
        expect(answer).to_have_attribute("data-state", "finished", timeout=20_000)

    page.goto(stack.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    picture("welcome")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Email").fill(DEMO_EMAIL)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    picture("sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("textbox", name="Message")).to_be_editable()
    picture("empty")
    finished(ask("What is 25 * 4? Show your work."))
    page.locator("details.tool summary").click()
    picture("chat", README if size is DESKTOP else OTHERS)
    page.get_by_role("button", name="New chat").click()
    answer = ask("Show me a markdown page")
    expect(answer.locator("table")).to_be_visible(timeout=20_000)
    picture("streaming")
    finished(answer)
    picture("markdown")
    page.route("**/chat", lambda route: route.fulfill(status=424, json={"message": "x"}))
    expect(ask("Hello")).to_have_attribute("data-state", "failed", timeout=20_000)
    picture("failed")
    context.close()


def main() -> None:
    """Light and dark at a desk, and light on a phone."""
    for folder in (README, OTHERS):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as state,
        run_stack(Path(state)) as stack,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        take(browser, stack, "light", "light", DESKTOP)
        take(browser, stack, "dark", "dark", DESKTOP)
        take(browser, stack, "phone", "light", PHONE)
        browser.close()
    print(f"The README's pictures are in {README}, the others in {OTHERS}")


if __name__ == "__main__":
    main()
