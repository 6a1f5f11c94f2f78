"""No tool takes longer, says more or breaks more than it may."""

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from image_samples import KINDS, PNG
from sluice.agui.media import MAX_IMAGE_BYTES
from sluice.telemetry.logs import ContentFreeFormatter
from sluice.tools.results import MAX_IMAGES, MAX_TEXT, succeed
from sluice.tools.timeout import MAX_STUCK, Limited
from strands import tool
from tool_calls import call, told

pytestmark = pytest.mark.anyio


@tool
def echo(text: str) -> str:
    """Say it again."""
    return text


async def test_a_tool_that_takes_too_long_is_given_up_and_the_model_told() -> None:
    ended = threading.Event()

    @tool
    def block() -> str:
        """Block, as no tool should."""
        ended.wait(10)
        return "too late"

    @tool
    async def block_async() -> str:
        """Block where it holds up a loop."""
        ended.wait(10)
        return "too late"

    for each in (block, block_async):
        started = time.monotonic()
        result = await call(Limited(each, seconds=0.1))
        assert time.monotonic() - started < 1
        assert result["status"] == "error"
        assert told(result) == "The tool took more than 0.1 seconds and was given up."
    ended.set()


async def test_thirty_seconds_is_what_a_tool_has(monkeypatch) -> None:
    assert Limited(echo)._seconds == 30.0


async def test_an_async_tool_that_is_given_up_may_clean_up() -> None:
    cleaned = threading.Event()

    @tool
    async def linger() -> str:
        """Wait for ever."""
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()
        return ""

    await call(Limited(linger, seconds=0.1))
    assert cleaned.wait(5)


async def test_a_blocking_tool_holds_up_nothing_else() -> None:
    """Nor the pool of threads that the loop lends to everybody."""
    ended = threading.Event()

    @tool
    async def block() -> str:
        """Block."""
        ended.wait(10)
        return "done"

    waiting = [asyncio.create_task(call(Limited(block))) for _ in range(50)]
    started = time.monotonic()
    assert told(await call(Limited(echo), {"text": "hello"})) == "hello"
    assert await asyncio.to_thread(lambda: "free") == "free"
    assert time.monotonic() - started < 1
    ended.set()
    assert {told(result) for result in await asyncio.gather(*waiting)} == {"done"}


async def test_a_tool_that_never_comes_back_is_not_called_for_ever() -> None:
    ended = threading.Event()

    @tool
    def block() -> str:
        """Block."""
        ended.wait(10)
        return "done"

    limited = Limited(block, seconds=0.01)
    for _ in range(MAX_STUCK):
        assert "given up" in told(await call(limited))
    assert "earlier calls have not come back" in told(await call(limited))
    stuck = limited._stuck
    ended.set()
    for each in stuck:
        each.join(5)
    assert "earlier" not in told(await call(limited))


async def test_a_stop_gives_a_tool_up_at_once() -> None:
    ended, stop = threading.Event(), threading.Event()

    @tool
    def block() -> str:
        """Stop the run, and block."""
        stop.set()
        ended.wait(10)
        return ""

    started = time.monotonic()
    result = await call(Limited(block), stop=stop)
    assert time.monotonic() - started < 0.3
    assert told(result) == "The tool was given up, because the run was stopped."
    ended.set()


@pytest.mark.parametrize("failure", [ValueError, RuntimeError, KeyError, SystemExit])
async def test_t8_an_exception_becomes_a_result_without_its_text(failure, caplog) -> None:
    @tool
    def fail() -> str:
        """Fail."""
        raise failure("CANARY")

    result = await call(Limited(fail))
    assert result["status"] == "error"
    assert told(result) == "The tool failed: something went wrong inside it."
    lines = list(map(ContentFreeFormatter().format, caplog.records))
    assert "CANARY" not in "".join(lines)
    logged = json.loads(lines[-1])
    assert logged["message"] == "the tool fail failed"
    assert logged["exception"][0]["at"]


async def test_t8_arguments_that_do_not_fit_are_explained_without_their_values() -> None:
    result = await call(Limited(echo), {"text": ["CANARY"]})
    assert result["status"] == "error"
    assert told(result) == "The arguments do not fit. text: Input should be a valid string."


async def test_what_a_tool_says_of_its_own_failure_is_read() -> None:
    @tool
    def refuse() -> dict[str, Any]:
        """Refuse."""
        return {"status": "error", "content": [{"text": "Only on Sundays."}]}

    result = await call(Limited(refuse))
    assert (result["status"], told(result)) == ("error", "Only on Sundays.")


async def test_a_tool_that_says_more_than_once_is_taken_at_its_last_word() -> None:
    @tool
    async def progress() -> Any:
        """Tell how far it is."""
        yield "half"
        yield "all of it"

    assert told(await call(Limited(progress))) == "all of it"


# Results.


@pytest.mark.parametrize(
    "content",
    [
        [{"text": "x" * 60_000}],
        [{"text": "x" * 30_000}, {"text": "y" * 30_000}],
        [{"text": "x" * 49_999}, {"json": {"key": "y" * 100}}],
        [{"text": "x"}] * 60_000,
    ],
)
def test_a_result_has_at_most_50000_characters(content) -> None:
    text = told(succeed("call-1", {"status": "success", "content": content}))
    assert len(text) <= MAX_TEXT == 50_000


def test_what_is_cut_says_so() -> None:
    text = told(succeed("call-1", {"content": [{"text": "x" * 60_000}]}))
    assert text.endswith("\n[Cut: it had 60,000 characters.]")
    assert len(text) == 50_000


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"content": []}, "The tool returned nothing."),
        ({"content": [{"json": {"naïve": [1]}}]}, '{"naïve": [1]}'),
        ({"content": "so"}, "so"),
        ({"content": None}, "The tool returned nothing."),
        ({"content": [{"text": "so", "citations": []}]}, "so"),
        ({"content": [{"cachePoint": {"type": "default"}}]}, '{"cachePoint": {"type": "default"}}'),
    ],
)
def test_a_result_is_text_that_every_model_can_read(result, expected) -> None:
    assert told(succeed("call-1", result)).startswith(expected)


def image(data: bytes, kind: str = "png") -> dict[str, Any]:
    return {"image": {"format": kind, "source": {"bytes": data}}}


def test_images_pass_up_to_bedrocks_limit() -> None:
    small, large = image(PNG), image(PNG + b"\0" * MAX_IMAGE_BYTES)
    assert succeed("call-1", {"content": [small]})["content"] == [small]
    assert "larger than 3.75 MB" in told(succeed("call-1", {"content": [large]}))


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_of_the_kind_that_its_bytes_are(kind) -> None:
    given = image(KINDS[kind], "png" if kind != "png" else "webp")
    assert succeed("call-1", {"content": [given]})["content"] == [image(KINDS[kind], kind)]


def test_images_beyond_what_a_request_holds_are_told() -> None:
    result = succeed("call-1", {"content": [image(PNG)] * 25})
    assert sum("image" in block for block in result["content"]) == MAX_IMAGES
    assert told(result).count("one image too many") == 5
    large = image(PNG + b"\0" * 3_600_000)
    result = succeed("call-1", {"content": [large] * 5})
    assert sum("image" in block for block in result["content"]) == 3
