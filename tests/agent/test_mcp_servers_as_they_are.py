"""MCP servers that list, page, forget and answer as real ones do, not as the standard has it."""

import asyncio
import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.scripted_mcp import Json, ScriptedMcp, tool
from image_samples import GIF, PNG
from sluice.mcp_servers import Server
from sluice.tools.mcp_pool import McpPool
from sluice.tools.timeout import Limited
from support import serve
from tool_calls import call, told

pytestmark = pytest.mark.anyio

type Connect = Callable[[ScriptedMcp], McpPool]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Lines to a scripted server, whose tools are named srv_..."""
    with contextlib.ExitStack() as ends:

        def make(server: ScriptedMcp) -> McpPool:
            url = ends.enter_context(serve(server))
            lines = McpPool([Server("srv", f"{url}/mcp", seconds=5)])
            ends.callback(lines.close)
            return lines

        yield make


async def tools_of(lines: McpPool) -> dict[str, Limited]:
    tools, unreachable = await lines.tools("")
    assert unreachable == []
    return {each.tool_name: each for each in tools}


async def result_of(connect: Connect, result: Any) -> Any:
    """What a model is given of a result."""
    server = ScriptedMcp([tool("ask")], results={"ask": result})
    tools = await tools_of(connect(server))
    return await call(tools["srv_ask"])


# Lists.


@pytest.mark.parametrize(
    "odd",
    [
        {"outputSchema": {"oneOf": [{"type": "object"}]}},
        {"outputSchema": {"type": "strange"}},
        {"outputSchema": "none"},
        {"description": 7, "title": ["x"], "annotations": "none", "icons": 1},
        {"inputSchema": {"properties": {"q": True}, "required": "q"}},
        {"inputSchema": {"type": ["object", "null"]}},
        {"inputSchema": None},
        {"_meta": 1, "execution": []},
    ],
    ids=str,
)
async def test_an_odd_tool_is_offered_beside_the_others_and_called(connect, odd: Json) -> None:
    content = {"content": [{"type": "text", "text": "18 degrees"}], "structuredContent": {"n": 18}}
    listed = [{**tool("odd"), **odd}, tool("plain"), "no tool", {"name": 3}, {}, None]
    server = ScriptedMcp(listed, results={"odd": content})
    tools = await tools_of(connect(server))
    assert set(tools) == {"srv_odd", "srv_plain"}
    result = await call(tools["srv_odd"])
    assert result["status"] == "success"
    assert told(result).startswith("18 degrees")


async def test_a_tool_without_a_schema_of_an_object_is_left_out_alone(connect) -> None:
    listed = [tool("text", {"type": "string"}), tool("never", {"not": {}}), tool("plain")]
    tools = await tools_of(connect(ScriptedMcp(listed)))
    usable = {name for name, each in tools.items() if each.is_usable}
    assert usable == {"srv_plain"}


async def test_pages_are_read_to_the_last(connect) -> None:
    def pages(cursor: str | None) -> Json:
        number = int(cursor or 0)
        page: Json = {"tools": [tool(f"t{number}")]}
        return page if number == 4 else {**page, "nextCursor": str(number + 1)}

    server = ScriptedMcp(pages=pages)
    assert set(await tools_of(connect(server))) == {f"srv_t{number}" for number in range(5)}
    assert server.count("tools/list") == 5


@pytest.mark.parametrize("cursor", ["a", "", None, 3, {}], ids=repr)
async def test_a_cursor_that_repeats_or_is_none_ends_the_list(connect, cursor: Any) -> None:
    def pages(asked: str | None) -> Json:
        return {"tools": [tool("second" if asked else "first")], "nextCursor": cursor}

    server = ScriptedMcp(pages=pages)
    tools = await tools_of(connect(server))
    assert set(tools) == ({"srv_first", "srv_second"} if cursor == "a" else {"srv_first"})
    assert server.count("tools/list") == len(tools)


@pytest.mark.parametrize("listed", [[], [tool("one")]], ids=["nothing", "the same tool"])
async def test_cursors_that_are_ever_new_and_bring_nothing_end_the_list(connect, listed) -> None:
    def pages(cursor: str | None) -> Json:
        return {"tools": listed, "nextCursor": str(int(cursor or 0) + 1)}

    server = ScriptedMcp(pages=pages)
    assert len(await tools_of(connect(server))) == len(listed)
    assert server.count("tools/list") <= 4


async def test_a_page_that_fails_costs_its_own_tools_alone(connect) -> None:
    def pages(cursor: str | None) -> Json:
        first = {"tools": [tool("first")], "nextCursor": "2"}
        return {"code": -32603, "message": "CANARY"} if cursor else first

    assert set(await tools_of(connect(ScriptedMcp(pages=pages)))) == {"srv_first"}


async def test_names_are_what_models_take_and_servers_hear_their_own(connect) -> None:
    names = ["a.b", "a/b", "a-b", "x" * 80, "y" * 80 + "1", "y" * 80 + "2", "天气", "a.b"]
    heard: list[str] = []
    server = ScriptedMcp([tool(name) for name in names])
    for name in names:
        server.results[name] = lambda _, name=name: heard.append(name) or {"content": []}
    tools = await tools_of(connect(server))
    assert len(tools) == 7
    assert len({name.replace("-", "_") for name in tools}) == 7, "Strands takes - for _"
    assert all(len(name) <= 64 and name.isascii() for name in tools)
    for each in tools.values():
        await call(each)
    assert heard == names[:-1]
    again = await tools_of(connect(server))
    assert set(again) == set(tools), "a tool has the same name in every session"


# Sessions.


@pytest.mark.parametrize(
    "says",
    [
        (404, "Session not found"),
        (400, "Bad Request: No valid session ID provided"),
        (400, "Bad Request: Server not initialized"),
    ],
)
async def test_a_call_that_finds_its_session_lost_is_made_again_in_a_new_one(connect, says) -> None:
    counted = {"content": [{"type": "text", "text": "counted"}]}
    server = ScriptedMcp([tool("count")], results={"count": counted}, lost_after=1, lost_says=says)
    tools = await tools_of(connect(server))
    told_all = [told(await call(tools["srv_count"])) for _ in range(3)]
    assert told_all == ["counted"] * 3
    # Three that were carried out, two that found the session lost.
    assert server.count("tools/call") == 5
    assert server.count("initialize") == 3


async def test_calls_at_once_that_find_the_session_lost_share_the_new_one(connect) -> None:
    server = ScriptedMcp([tool("count")], results={"count": {"content": []}})
    tools = await tools_of(connect(server))
    server.sessions.clear()
    results = await asyncio.gather(*(call(tools["srv_count"]) for _ in range(5)))
    assert {result["status"] for result in results} == {"success"}
    assert server.count("initialize") == 2


async def test_a_call_under_way_keeps_its_session_when_another_call_finds_it_lost(connect) -> None:
    taken, held = asyncio.Event(), threading.Event()

    async def slow(_: Any) -> Json:
        loop.call_soon_threadsafe(taken.set)
        await asyncio.to_thread(held.wait, 5)
        return {"content": [{"type": "text", "text": "done"}]}

    loop = asyncio.get_running_loop()
    server = ScriptedMcp([tool("slow"), tool("count")], results={"slow": slow})
    server.results["count"] = {"content": []}
    tools = await tools_of(connect(server))
    under_way = asyncio.create_task(call(tools["srv_slow"]))
    await taken.wait()
    server.sessions.clear()
    assert (await call(tools["srv_count"]))["status"] == "success"
    held.set()
    assert told(await under_way) == "done"


async def test_a_server_that_knows_no_session_at_all_is_asked_twice_and_no_more(connect) -> None:
    server = ScriptedMcp([tool("count")], results={"count": {"content": []}}, lost_after=0)
    lines = connect(server)
    tools = await tools_of(lines)
    result = await call(tools["srv_count"])
    assert (result["status"], server.count("tools/call")) == ("error", 2)
    assert told(result) == "The tool's server did not answer, or refused the call."


async def test_t8_a_call_that_may_have_been_carried_out_is_not_made_again(connect) -> None:
    refused = {"code": -32603, "message": "CANARY"}
    server = ScriptedMcp([tool("pay")], results={"pay": refused})
    tools = await tools_of(connect(server))
    result = await call(tools["srv_pay"])
    assert (result["status"], server.count("tools/call")) == ("error", 1)
    assert "CANARY" not in told(result)


# Results.


def part(kind: str, data: bytes, mime_type: str | None = None) -> Json:
    encoded = base64.b64encode(data).decode()
    found: Json = {"type": kind, "data": encoded}
    return {**found, "mimeType": mime_type} if mime_type else found


def image(data: bytes, kind: str = "png") -> Json:
    return {"image": {"format": kind, "source": {"bytes": data}}}


TEXT = {"type": "text", "text": "Board of 4 layers."}


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (part("image", b"<svg/>", "image/svg+xml"), "[image/svg+xml, 6 bytes: of a kind"),
        (part("image", b"not one", "image/png"), "[image/png, 7 bytes: but it is not one]"),
        (part("image", b"BM" + b"\0" * 2_000, "image/bmp"), "[image/bmp, 2 kB: of a kind"),
        (part("image", PNG + b"\0" * 3_800_000), "[image/png, 3.8 MB: larger than 3.75 MB]"),
        ({"type": "image", "data": "%%%", "mimeType": "image/png"}, "[image/png: it cannot be"),
        ({"type": "image", "data": 7}, "[image: it cannot be decoded]"),
        ({"type": "image", "mimeType": "image/png"}, '{"type": "image", "mimeType": "image/png"}'),
        (part("audio", b"RIFF....WAVE", "audio/wav; rate=8000"), "[audio/wav, 12 bytes]"),
        (part("video", b"\0" * 3_000, "video/mp4"), "[video/mp4, 3 kB]"),
        ({"type": "hologram", "text": "of a ship"}, "of a ship"),
        ({"type": "hologram", "of": "a ship"}, '{"type": "hologram", "of": "a ship"}'),
        ("a text alone", "a text alone"),
        (7, "7"),
    ],
)
async def test_a_part_that_no_model_reads_is_told_and_the_rest_arrives(
    connect, broken: Any, line: str
) -> None:
    result = await result_of(connect, {"content": [TEXT, broken, part("image", PNG)]})
    first, second, third = result["content"]
    assert (result["status"], first) == ("success", {"text": "Board of 4 layers."})
    assert second["text"].startswith(line)
    assert third == image(PNG), "the connection is as good as before"


async def test_an_image_is_what_its_bytes_are(connect) -> None:
    encoded = base64.urlsafe_b64encode(GIF).decode().rstrip("=")
    lined = base64.encodebytes(PNG).decode()
    parts = [
        part("image", GIF, "image/png"),
        part("image", PNG),
        {"type": "image", "data": f"data:image/gif;base64,{encoded}", "mimeType": "image/gif"},
        {"type": "image", "data": lined, "mimeType": "IMAGE/PNG"},
    ]
    result = await result_of(connect, {"content": parts})
    gif, png = image(GIF, "gif"), image(PNG)
    assert result["content"] == [gif, png, gif, png]


async def test_a_failure_keeps_its_images(connect) -> None:
    result = await result_of(connect, {"content": [TEXT, part("image", PNG)], "isError": True})
    assert result["status"] == "error"
    assert result["content"] == [{"text": TEXT["text"]}, image(PNG)]


async def test_a_link_is_read_with_its_address_name_kind_size_and_description(connect) -> None:
    link = {
        "type": "resource_link",
        "uri": "https://files.example.com/report-2025.pdf",
        "name": "report-2025.pdf",
        "description": "The yearly\nreport",
        "mimeType": "application/pdf",
        "size": 48_213,
    }
    assert told(await result_of(connect, {"content": [link]})) == (
        "[report-2025.pdf, https://files.example.com/report-2025.pdf, application/pdf, 48 kB, "
        "The yearly report]"
    )
    assert told(await result_of(connect, {"content": [{"type": "resource_link"}]})) == (
        "[a resource without an address]"
    )


def resource(**fields: Any) -> Json:
    return {"type": "resource", "resource": {"uri": "file:///shared/notes", **fields}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"mimeType": "text/plain", "text": "Up."}, "[file:///shared/notes, text/plain]\nUp."),
        ({"text": "Up."}, "[file:///shared/notes]\nUp."),
        (
            {"mimeType": "application/json", "blob": base64.b64encode(b'{"a": 1}').decode()},
            '[file:///shared/notes, application/json]\n{"a": 1}',
        ),
        (
            {"mimeType": "application/pdf", "blob": base64.b64encode(b"%PDF" * 500).decode()},
            "file:///shared/notes [application/pdf, 2 kB]",
        ),
        ({"blob": "%%%"}, "file:///shared/notes [data: it cannot be decoded]"),
        ({"mimeType": "text/plain"}, "[file:///shared/notes, text/plain]"),
    ],
)
async def test_a_resource_is_read_under_its_address(connect, given: Json, expected: str) -> None:
    assert told(await result_of(connect, {"content": [resource(**given)]})) == expected


async def test_an_image_of_a_resource_is_an_image(connect) -> None:
    blob = base64.b64encode(PNG).decode()
    result = await result_of(connect, {"content": [resource(blob=blob, mimeType="image/png")]})
    assert result["content"] == [{"text": "[file:///shared/notes, image/png]"}, image(PNG)]


PROJECTS = {"projects": [{"name": "Lighthouse"}, {"name": "Harbour"}]}


@pytest.mark.parametrize(
    ("texts", "structured", "expected"),
    [
        (["2 projects."], PROJECTS, ["2 projects.", json.dumps(PROJECTS)]),
        ([], PROJECTS, [json.dumps(PROJECTS)]),
        ([json.dumps(PROJECTS, indent=4)], PROJECTS, [json.dumps(PROJECTS, indent=4)]),
        (["Found:", json.dumps(PROJECTS)], PROJECTS, ["Found:", json.dumps(PROJECTS)]),
        (["18 degrees"], {"result": "18 degrees"}, ["18 degrees"]),
        (["1", "2"], {"result": [1, 2]}, ["1", "2"]),
        (["a", "b"], {"result": ["a", "b"]}, ["a", "b"]),
        (["true"], {"result": 1}, ["true", '{"result": 1}']),
        (["Nothing."], {}, ["Nothing."]),
        ([], [1, 2], ["[1, 2]"]),
        ([], 0, ["0"]),
    ],
)
async def test_structured_content_is_read_once(connect, texts, structured, expected) -> None:
    content = [{"type": "text", "text": text} for text in texts]
    result = await result_of(connect, {"content": content, "structuredContent": structured})
    assert [block["text"] for block in result["content"]] == expected


@pytest.mark.parametrize("content", [None, [], {}, "absent"])
async def test_a_result_may_have_structured_content_alone_or_nothing(connect, content) -> None:
    given = {} if content == "absent" else {"content": content}
    told_of = told(await result_of(connect, {**given, "structuredContent": {"a": 1}}))
    assert told_of.endswith('{"a": 1}')
    if content != {}:
        assert told(await result_of(connect, given)) == "The tool returned nothing."
