"""Files that a person sends: chosen, pasted, dropped, scaled, tried again, seen and kept."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from chat_page import answers, ask, composer, expect_finished, questions
from image_samples import PNG
from playwright.sync_api import Locator, Page, expect

CSV = {"name": "sales.csv", "mimeType": "text/csv", "buffer": b"month,sales\nMay,7\n"}
CHART = {"name": "chart.png", "mimeType": "image/png", "buffer": PNG}
PDF = {"name": "report.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 " + b"x" * 99}
IS_DRAWN = "image => image.complete && image.naturalWidth > 0"


def files_of(place: Locator) -> Locator:
    return place.get_by_role("list", name="Files").get_by_role("listitem")


def draft_files(page: Page) -> Locator:
    return files_of(page.locator("form.composer"))


def choose(page: Page, *files: Any) -> None:
    """Choose files by the button, and wait until they are there."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files([*files])
    expect(page.locator('.composer .file[data-state="ready"]')).to_have_count(len(files))


def test_files_are_sent_with_a_message_and_are_there_after_a_reload(page: Page) -> None:
    choose(page, CHART, CSV, PDF)
    composer(page).fill("What is it?")
    expect_finished(ask(page, "What is it?"))
    # What the offline model says of what it was given: Bedrock's own blocks have arrived.
    said = answers(page).last
    expect(said).to_contain_text("the image (png, 70 bytes)")
    expect(said).to_contain_text("(pdf, 108 bytes)")
    expect(draft_files(page)).to_have_count(0)
    for _ in range(2):
        asked = questions(page).last
        expect(files_of(asked)).to_have_count(3)
        image = asked.get_by_role("img", name="Image: chart.png").first
        expect(image).to_be_visible()
        assert image.evaluate(IS_DRAWN)
        asked.get_by_role("button", name="sales.csv").click()
        expect(page.locator("dialog.viewer[open] pre")).to_have_text("month,sales\nMay,7\n")
        page.keyboard.press("Escape")
        page.reload()
    asked.get_by_role("button", name="chart.png").click()
    assert page.locator("dialog.viewer[open] img").evaluate(IS_DRAWN)
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        asked.get_by_role("button", name="report.pdf").click()
    assert Path(download.value.path()).read_bytes() == PDF["buffer"]
    assert download.value.suggested_filename == "report.pdf"


PUT = """([files, kind]) => {
  const data = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const init = { bubbles: true, cancelable: true };
  const field = document.activeElement ?? document.body;
  if (kind === "paste") {
    field.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: data }));
    return;
  }
  for (const type of ["dragover", "drop"])
    field.dispatchEvent(new DragEvent(type, { ...init, dataTransfer: data }));
}"""


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped_and_sent_alone(page: Page, kind: str) -> None:
    picture = {"name": "image.png", "type": "image/png", "base64": base64.b64encode(PNG).decode()}
    composer(page).focus()
    page.evaluate(PUT, [[picture], kind])
    expect(page.locator('.composer .file[data-state="ready"]')).to_have_count(1)
    page.get_by_role("button", name="Send").click()
    expect_finished(answers(page).last)
    expect(answers(page).last).to_contain_text("the image (png, 70 bytes)")
    expect(questions(page).last.locator(".bubble")).to_have_count(0)


PHOTO = """() => new Promise((resolve) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [4000, 3000];
  const context = canvas.getContext("2d");
  for (let x = 0; x < 4000; x += 40) {
    context.fillStyle = `hsl(${x % 360} 80% 50%)`;
    context.fillRect(x, x % 3000, 40, 900);
  }
  canvas.toBlob(async (blob) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  }, "image/jpeg", 0.95);
})"""


@pytest.mark.slow
def test_a_large_photo_is_made_smaller_before_it_leaves(page: Page) -> None:
    photo = base64.b64decode(page.evaluate(PHOTO))
    choose(page, {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    expect_finished(ask(page, "Look"))
    image = questions(page).last.get_by_role("img").first
    expect(image).to_be_visible()
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [2048, 1536]


def test_what_is_no_file_for_a_model_says_so_and_keeps_the_message(page: Page) -> None:
    composer(page).fill("Look")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(
        [{"name": "a.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}]
    )
    (file,) = [draft_files(page)]
    expect(file).to_contain_text("This file can't be sent.")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    composer(page).press("Enter")
    expect(page.locator(".toast")).to_contain_text("Wait until the files are uploaded")
    page.get_by_role("button", name="Remove a.zip").click()
    expect(draft_files(page)).to_have_count(0)
    composer(page).press("Enter")
    expect_finished(answers(page).last)


@pytest.mark.slow
def test_an_upload_that_is_cut_goes_again_when_the_network_is_back(page: Page) -> None:
    page.context.set_offline(True)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files([CSV])
    expect(draft_files(page)).to_contain_text("could not be reached")
    page.context.set_offline(False)
    expect(page.locator('.composer .file[data-state="ready"]')).to_have_count(1)
    attached: list[str] = []
    page.on("request", lambda request: attached.append(request.post_data or ""))
    page.reload()
    expect(draft_files(page)).to_contain_text("sales.csv")
    expect_finished(ask(page, "Sum up"))
    assert not any('"attach"' in body for body in attached), "it is there, and does not go again"
    expect(files_of(questions(page).last)).to_have_count(1)


@pytest.mark.slow
def test_files_stay_with_a_message_that_is_edited_or_asked_again(page: Page) -> None:
    choose(page, CHART)
    expect_finished(ask(page, "Look"))
    question = questions(page).last
    question.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit your message").fill("Look closely")
    page.keyboard.press("Enter")
    expect(questions(page).last).to_contain_text("Look closely")
    expect_finished(answers(page).last)
    expect(answers(page).last).to_contain_text("the image (png, 70 bytes)")
    page.get_by_role("button", name="Regenerate").click()
    expect_finished(answers(page).last)
    expect(answers(page).last).to_contain_text("the image (png, 70 bytes)")
    expect(files_of(questions(page).last)).to_have_count(1)


def test_t7_a_document_of_html_is_shown_as_its_text(page: Page) -> None:
    html = b"<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">"
    choose(page, {"name": "evil.html", "mimeType": "text/html", "buffer": html})
    expect_finished(ask(page, "Look"))
    questions(page).last.get_by_role("button", name="evil.html").click()
    expect(page.locator("dialog.viewer[open] pre")).to_have_text(re.compile("^<script>"))
    assert page.title() != "run"
