"""`make pictures`: the README's pictures, and one of every state, taken from the running page.

Names of visits (`light`, `dark`, `phone`, `arabic`, `arabic-phone`) as arguments take those alone.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The tests' own helpers and the agent's classes, as pytest finds them.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "agent"))

from browser import launch
from chat_page import answers, ask, ask_held, composer, expect_finished, expect_state
from conversations import put, stored_run
from e2e_stack import ROOT, RunningStack, run_stack
from people import PASSWORD, Person
from playwright.sync_api import Browser, Page, expect, sync_playwright

README = ROOT / "docs" / "pictures"
OTHERS = ROOT / ".build" / "pictures"
DESKTOP, PHONE = {"width": 1200, "height": 820}, {"width": 360, "height": 740}
IN_README = ("light-chat", "dark-chat")

PAST = {
    "Plan a week in Lisbon with two children": 0.2,
    "How do planes stay in the air?": 0.3,
    "Translate the invitation into Portuguese": 1.1,
    "A function for prime numbers below n, with tests": 3.0,
    "Compare trains, cars and planes for 500 km": 5.0,
    "Names for a small grey cat": 12.0,
    "What changed in the lease, in plain words": 20.0,
    "Bread that needs no kneading": 45.0,
}
TABLE = r"""Here is how they compare for 500 km:

| | Time, door to door | CO₂ per person | Good for |
|:--|--:|--:|:--|
| Train | 3 h 40 | 12 kg | working on the way |
| Car, two people | 5 h 10 | 48 kg | luggage, small places |
| Plane | 4 h 20 | 96 kg | connecting flights |

The train wins where the line is fast. In Python, the break-even is:

```python
def break_even(km: float, speed: float, overhead: float) -> float:
    return overhead + km / speed  # a plane's overhead is what costs
```

With $t = o + \frac{d}{v}$, the plane is faster once

$$
d > \frac{o_p - o_t}{1/v_t - 1/v_p}
$$
"""


class Visit:
    """One person at one page, and where its pictures go."""

    def __init__(
        self, browser: Browser, stack: RunningStack, name: str, size: dict[str, int], **options: Any
    ) -> None:
        touched = size == PHONE
        self.context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            device_scale_factor=2,
            has_touch=touched,
            is_mobile=touched,
            **options,
        )
        self.page = self.context.new_page()
        self.stack = stack
        self.name = name
        self.person = Person.new(stack)
        past = {
            f"past-{number}": [stored_run(number, title, TABLE, days)]
            for number, (title, days) in enumerate(PAST.items())
        }
        put(stack, self.person, past)

    def picture(self, state: str) -> None:
        """The page as it stands."""
        name = f"{self.name}-{state}"
        folder = README if name in IN_README else OTHERS
        self.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    def sign_in(self) -> None:
        """By the form; its picture is taken on the way."""
        self.page.goto(self.stack.outputs["SpaUrl"])
        self.page.locator("button").first.click()
        self.page.locator("input[name=username]").fill(self.person.email)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.picture("sign-in")
        self.page.keyboard.press("Enter")
        expect(self.page.locator("textarea")).to_be_editable()
        expect(self.page.locator(".empty")).to_be_visible()


def expect_formulas(page: Page) -> None:
    """Wait for the two of each page's markdown: they are typeset when the browser is idle."""
    expect(page.locator("math")).to_have_count(2)


def take_states(visit: Visit) -> None:
    """A conversation, from the welcome to what may go wrong."""
    page, stack = visit.page, visit.stack
    page.goto(stack.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    visit.picture("welcome")
    visit.sign_in()
    expect(page.get_by_text("calculator", exact=True)).to_be_visible()
    visit.picture("empty")
    answer = ask_held(page, stack, "What is 25 * 4? Show your work.", after="TOOL_CALL_END")
    expect(answer.locator("details.tool")).to_be_visible()
    visit.picture("tool-running")
    stack.let_go()
    expect_finished(answer)
    answer.locator("details.tool summary").click()
    visit.picture("chat")
    page.get_by_role("button", name="New chat").first.click()
    answer = ask_held(page, stack, "Show me a markdown page", said="fibonacci")
    expect(answer.locator("table")).to_be_visible()
    visit.picture("streaming")
    stack.let_go()
    expect_finished(answer)
    expect_formulas(page)
    visit.picture("markdown")
    answer = ask(page, "Think about 25 * 4")
    expect_finished(answer)
    answer.locator("details.reasoning summary").click()
    answer.get_by_role("button", name="Details").click()
    expect(answer.get_by_text("Output tokens")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Good answer").last.click()
    visit.picture("reasoning")
    stack.break_next({"do": "kill", "said": "80,", "on": "message"})
    expect_state(ask(page, "Count to 900"), "interrupted")
    visit.picture("interrupted")
    stack.break_next(*[{"do": "refuse", "status": 503, "on": "message"}] * 2)
    expect_state(ask(page, "Hello"), "failed")
    visit.picture("failed")
    stack.break_next({"do": "cut", "said": "30,", "on": "message"}, {"do": "hold", "on": "resume"})
    answer = ask(page, "Count to 60")
    expect(answer).to_contain_text("Reconnecting")
    visit.picture("reconnecting")
    stack.let_go()
    expect_finished(answer)


def take_panels(visit: Visit) -> None:
    """What opens over the page, and what stands beside it."""
    page = visit.page
    page.get_by_role("button", name="Settings").click()
    visit.picture("settings")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+/")
    visit.picture("help")
    page.keyboard.press("Escape")
    composer(page).fill("word " * 6_500)
    visit.picture("long-draft")
    composer(page).fill("")
    page.locator('[data-role="user"]').last.hover()
    page.get_by_role("button", name="Edit").last.click()
    visit.picture("editing")
    page.keyboard.press("Escape")
    answers(page).first.hover()
    answers(page).first.get_by_role("button", name="Regenerate").click()
    visit.picture("ask-again")
    page.keyboard.press("Escape")
    if page.get_by_role("button", name="Show conversations").count():
        page.get_by_role("button", name="Show conversations").click()
        visit.picture("conversations")
    row = page.locator("li[data-thread]").nth(2)
    row.hover()
    row.get_by_role("button").click()
    visit.picture("menu")
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_attached()
    visit.picture("deleted")
    page.get_by_role("link", name="Compare trains").click()
    expect(answers(page)).to_have_count(1)
    expect_formulas(page)
    visit.picture("table")


def take_language(visit: Visit) -> None:
    """The same page in another language: what follows from its direction."""
    page = visit.page
    visit.sign_in()
    expect(page.get_by_text("calculator", exact=True)).to_be_visible()
    visit.picture("empty")
    for number, question in enumerate(("Show me a markdown page", "What is 25 * 4?", "كم الساعة؟")):
        page.locator("textarea").fill(question)
        page.keyboard.press("Enter")
        expect_finished(answers(page).nth(number))
        if number == 0:
            expect_formulas(page)
            visit.picture("markdown")
    page.locator("details.tool summary").first.click()
    visit.picture("tool")
    if not page.locator("li[data-thread]").count():
        page.locator("header button").first.click()
    row = page.locator("li[data-thread]").nth(2)
    row.hover()
    row.get_by_role("button").click()
    visit.picture("menu")


def main() -> None:
    """Light and dark at a desk, light on a phone, and Arabic at both."""
    for folder in (README, OTHERS):
        folder.mkdir(parents=True, exist_ok=True)
    visits: list[tuple[str, dict[str, int], dict[str, str], list[Callable[[Visit], None]]]] = [
        ("light", DESKTOP, {"color_scheme": "light"}, [take_states, take_panels]),
        ("dark", DESKTOP, {"color_scheme": "dark"}, [take_states, take_panels]),
        ("phone", PHONE, {"color_scheme": "light"}, [take_states, take_panels]),
        ("arabic", DESKTOP, {"color_scheme": "light", "locale": "ar"}, [take_language]),
        ("arabic-phone", PHONE, {"color_scheme": "dark", "locale": "ar"}, [take_language]),
    ]
    wanted = sys.argv[1:] or [name for name, *_ in visits]
    with (
        tempfile.TemporaryDirectory() as state,
        run_stack(Path(state), "--faults") as stack,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        for name, size, options, takes in visits:
            if name in wanted:
                visit = Visit(browser, stack, name, size, **options)
                for take in takes:
                    take(visit)
                visit.context.close()
        browser.close()
    print(f"The README's pictures are in {README}, the others in {OTHERS}")


if __name__ == "__main__":
    main()
