"""A tool's image reaches each model as an image, and costs no run of one that takes none."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.scripted_mcp import ScriptedMcp, tool
from image_samples import PNG
from model_servers import DIALECTS, Refused, Reply
from support import serve
from wire_support import said

DRAW = Reply(call={}, tool="srv_draw")
ANSWER = Reply(text=("It rises.",))
DATA = base64.b64encode(PNG).decode()
every_provider = pytest.mark.parametrize("provider", DIALECTS)

pytest_plugins = ("provided",)


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    """SLUICE_MCP of a server whose tool gives a text and an image."""
    part = {"type": "image", "mimeType": "image/png", "data": DATA}
    content = [{"type": "text", "text": "A chart."}, part]
    server = ScriptedMcp([tool("draw")], results={"draw": {"content": content}})
    with serve(server) as url:
        yield json.dumps([{"name": "srv", "url": f"{url}/mcp"}])


def notices(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.type.value == "CUSTOM"]


@every_provider
def test_the_model_sees_the_image_in_the_run_and_reads_a_line_afterwards(
    provide, provider, servers
) -> None:
    with provide(provider, DRAW, ANSWER, ANSWER, SLUICE_MCP=servers) as (client, model):
        assert said(client.ask("Draw the sales.", "t")) == "It rises."
        client.ask("And what does it mean?", "t")
        _, shown, later = [json.dumps(asked.body) for asked in model.asked]
    assert shown.count(DATA) == 1
    assert "A chart." in shown
    assert DATA not in later
    assert "[image/png, 70 bytes]" in later


def test_the_text_beside_an_image_is_a_string_for_openais_many_likes(provide, servers) -> None:
    with provide("openai", DRAW, ANSWER, SLUICE_MCP=servers) as (client, model):
        client.ask("Draw the sales.")
        *_, result, images = model.asked[-1].body["messages"]
    assert result["role"] == "tool"
    assert result["content"].startswith("A chart.\n")
    assert images["role"] == "user"
    assert [part["type"] for part in images["content"]] == ["image_url"]


REJECTED = Refused(400, "ValidationException", "This model doesn't support the image content block")
# As llama.cpp has it. botocore tries a 500 of Bedrock's again by itself.
FAILED = Refused(500, "server_error", "image input is not supported - provide the mmproj")


@pytest.mark.parametrize(
    ("provider", "refused"),
    [*((name, REJECTED) for name in DIALECTS), ("openai", FAILED), ("ollama", FAILED)],
)
@pytest.mark.usefixtures("released")
def test_a_model_that_takes_no_images_is_asked_again_without_them(
    provide, provider, servers, refused
) -> None:
    script = (DRAW, refused, DRAW, ANSWER)
    with provide(provider, *script, SLUICE_MCP=servers) as (client, model):
        events = client.ask("Draw the sales.", "t")
        sent = [json.dumps(asked.body) for asked in model.asked]
        kept = client.act("get", threadId="t")
    assert said(events) == "It rises."
    assert notices(events) == ["images_left_out"], "said once, and the second image is not tried"
    assert [DATA in body for body in sent] == [False, True, False, False]
    assert "the person sees it, you do not" in sent[-1]
    assert json.dumps(kept).count('"type": "image"') == 2, "the person sees both"


@every_provider
@pytest.mark.usefixtures("released")
def test_a_request_without_images_that_is_refused_is_not_asked_again(provide, provider) -> None:
    refused = Refused(400, "ValidationException", "no image of a model by that name")
    with provide(provider, refused) as (client, model):
        events = client.ask("hello")
    assert events[-1].code == "model_unavailable"
    assert len(model.asked) == 1
