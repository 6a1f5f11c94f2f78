"""A tool's image in a real browser: live, and after a reload, under the page's own policy."""

import base64
import json
from pathlib import Path

import pytest
from chat_page import ask, expect_finished, open_browser, visit
from e2e_stack import run_stack
from fakes.scripted_mcp import ScriptedMcp, tool
from image_samples import PNG
from people import Person
from playwright.sync_api import Browser, Page, expect
from support import serve

IS_DRAWN = "image => image.complete && image.naturalWidth === 1"


def expect_image(page: Page) -> None:
    image = page.get_by_role("img", name="Image: srv_draw")
    expect(image).to_be_visible()
    assert image.evaluate(IS_DRAWN)


@pytest.mark.slow
def test_a_tools_image_is_seen_on_its_card_live_and_after_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    part = {"type": "image", "mimeType": "image/png", "data": base64.b64encode(PNG).decode()}
    content = [{"type": "text", "text": "A chart."}, part]
    server = ScriptedMcp([tool("draw")], results={"draw": {"content": content}})
    with serve(server) as url:
        environment = {"SLUICE_MCP": json.dumps([{"name": "srv", "url": f"{url}/mcp"}])}
        with (
            run_stack(tmp_path, environment=environment) as stack,
            open_browser(browser) as context,
        ):
            page = visit(context, stack, Person.new(stack))
            expect_finished(ask(page, "Use srv_draw with {}"))
            expect_image(page)
            page.reload()
            expect_image(page)
