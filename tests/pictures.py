"""`make pictures`: the README's pictures, taken from the page as it runs."""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the tests' own helpers, as pytest finds them

from browser import launch
from e2e_stack import ROOT, RunningStack, run_stack
from playwright.sync_api import Browser, expect, sync_playwright

from local.stack import DEMO_EMAIL, DEMO_PASSWORD

FOLDER = Path(os.environ.get("SLUICE_PICTURES", ROOT / "docs" / "pictures"))
DESKTOP, PHONE = {"width": 1100, "height": 760}, {"width": 390, "height": 780}


def take(
    browser: Browser, stack: RunningStack, name: str, scheme: str, size: dict[str, int]
) -> None:
    """One visit: a picture of the sign-in, of the empty page, and of a conversation."""
    context = browser.new_context(color_scheme=scheme, viewport=size, device_scale_factor=2)
    page = context.new_page()
    page.goto(stack.outputs["SpaUrl"])
    start = page.get_by_role("button", name="Sign in")
    expect(start).to_be_visible()
    page.screenshot(path=FOLDER / f"{name}-welcome.png")
    start.click()
    page.get_by_label("Email").fill(DEMO_EMAIL)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.screenshot(path=FOLDER / f"{name}-sign-in.png")
    page.get_by_role("button", name="Sign in").click()
    message = page.get_by_role("textbox", name="Message")
    expect(message).to_be_editable()
    page.screenshot(path=FOLDER / f"{name}-empty.png")
    for prompt in ("What is 25 * 4? Show your work.", "Now divide that by 10"):
        message.fill(prompt)
        page.keyboard.press("Enter")
        last = page.locator('article[data-role="assistant"]').last
        expect(last).to_have_attribute("data-state", "finished", timeout=20_000)
    page.locator("details.tool summary").first.click()
    page.screenshot(path=FOLDER / f"{name}-chat.png")
    message.fill("Show me a markdown page")
    page.keyboard.press("Enter")
    last = page.locator('article[data-role="assistant"]').last
    expect(last.locator("table")).to_be_visible(timeout=20_000)
    page.screenshot(path=FOLDER / f"{name}-streaming.png")
    expect(last).to_have_attribute("data-state", "finished", timeout=20_000)
    page.screenshot(path=FOLDER / f"{name}-markdown.png")
    context.close()


def main() -> None:
    """Light and dark at a desk, and light on a phone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
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
    print(f"Pictures are in {FOLDER}")


if __name__ == "__main__":
    main()
