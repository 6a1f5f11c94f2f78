"""The images of tools' results: kept once beside their thread, for its owner alone."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.scripted_mcp import ScriptedMcp, tool
from flaky_store import FlakyStore
from image_samples import GIF, KINDS, PNG
from sluice.agui.content import file_part, text_part
from sluice.agui.events import run_started, tool_call_result, tool_call_start
from sluice.runs.transcript import Transcript, replay
from sluice.storage.base import StorageUnavailableError
from sluice.threads import files
from sluice.threads.bedrock_messages import translate
from sluice.threads.files import Files, NewFiles, file_name
from sluice.threads.thread import StoredRun
from sluice.threads.thread_store import ThreadDeletedError, Threads
from store_fake import FaultyStore
from support import serve
from thread_support import *  # noqa: F403
from thread_support import stored_run

NAME = hashlib.sha256(PNG).hexdigest()
PART = file_part("image", NAME, "image/png", len(PNG))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# Through the agent.


@pytest.fixture
def draw(run_agent: Any) -> Iterator[Callable[..., Any]]:
    """A life of the agent that has the tool srv_draw, which gives a text and images."""
    parts = [{"type": "image", "mimeType": "image/png", "data": encoded(PNG)}]
    content = [{"type": "text", "text": "A chart."}, *parts * 2]
    server = ScriptedMcp([tool("draw")], results={"draw": {"content": content}})

    @contextlib.contextmanager
    def run() -> Iterator[Any]:
        servers = [{"name": "srv", "url": f"{url}/mcp"}]
        with run_agent(SLUICE_MCP=json.dumps(servers)) as client:
            yield client

    with serve(server) as url:
        yield run


def results_of(events: list[Any]) -> list[Any]:
    return [event for event in events if event.type.value == "TOOL_CALL_RESULT"]


def test_a_tools_image_is_seen_live_and_after_the_process_has_ended(draw, folder: Path) -> None:
    expected = {"mimeType": "image/png", "data": encoded(PNG)}
    with draw() as client:
        (result,) = results_of(client.ask("Use srv_draw with {}", "t", runId="r"))
        assert [part.type for part in result.content] == ["text", "image", "image"]
        source = result.content[1].source
        assert (source.type, source.value, source.mime_type) == ("file", NAME, "image/png")
        assert client.act("file", threadId="t", id=NAME) == expected
        client.act("rename", threadId="t", title="Charts")
        client.act("rate", threadId="t", runId="r", rating="up")
    with draw() as client:
        assert client.act("file", threadId="t", id=NAME) == expected
        messages = client.act("get", threadId="t")["runs"][0]["messages"]
        (told,) = [message for message in messages if message["role"] == "tool"]
        assert told["content"] == [text_part("A chart."), PART, PART]
        body = {"action": "resume", "threadId": "t", "runId": "r", "after": 0}
        assert NAME.encode() in client.post(body).content
    assert [path.name for path in folder.rglob(NAME)] == [NAME], "it is stored once"


def test_t1_nobody_else_gets_a_file_by_its_name(draw) -> None:
    with draw() as client:
        for thread in ("t", "u"):
            client.ask("Use srv_draw with {}" if thread == "t" else "hello", thread)
        assert client.act("file", threadId="t", id=NAME)["mimeType"] == "image/png"
        assert client.act("file", "bob", threadId="t", id=NAME) == "not_found"
        assert client.act("file", threadId="u", id=NAME) == "not_found", "nor another thread"
        for name in ("0" * 64, "../index", f"{NAME}/", NAME.upper(), "x"):
            assert client.act("file", threadId="t", id=name) == "not_found"


def test_files_are_deleted_with_their_thread(draw, folder: Path) -> None:
    with draw() as client:
        client.ask("Use srv_draw with {}", "t")
        client.ask("Use srv_draw with {}", "u")
        client.act("delete", threadId="t")
        assert client.act("file", threadId="t", id=NAME) == "not_found"
        assert client.act("file", threadId="u", id=NAME)["data"] == encoded(PNG)
    assert len(list(folder.rglob(NAME))) == 1


def test_f9_a_file_that_cannot_be_stored_is_shown_and_stored_with_the_next_message(
    faulty: FaultyStore, draw, folder: Path
) -> None:
    with draw() as client:
        faulty.fails = lambda operation, key: operation == "write" and "/files/" in key
        events = client.ask("Use srv_draw with {}", "t")
        assert events[-1].type.value == "RUN_FINISHED"
        assert client.act("file", threadId="t", id=NAME)["data"] == encoded(PNG)
        (stored,) = folder.rglob("threads/*.json")
        assert NAME not in stored.read_text(), "no turn refers to what is not stored"
        faulty.fails = lambda *_: False
        client.ask("hello", "t")
        assert list(folder.rglob(NAME))
        assert len(client.act("get", threadId="t")["runs"]) == 2


# What is kept, and how much.


def test_a_file_counts_once_and_the_files_of_a_thread_have_a_limit(monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_THREAD_BYTES", len(PNG) + len(GIF))
    new = NewFiles()
    message = {"id": "m", "role": "tool", "toolCallId": "c", "content": [PART, text_part("x")]}
    new.count([StoredRun("r", "finished", "", ({"role": "user", "content": "a"}, message))])
    assert new.add(PNG) == NAME, "it is there already"
    assert new.find(NAME) is None
    assert new.add(GIF) == file_name(GIF)
    assert new.find(file_name(GIF)) == GIF
    assert new.add(KINDS["jpeg"]) is None


def test_a_file_has_a_limit(monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", len(PNG) - 1)
    assert NewFiles().add(PNG) is None


@pytest.mark.anyio
async def test_what_waits_is_let_go_of_once_it_is_stored(flaky: FlakyStore) -> None:
    stored, new = Files(flaky, "alice", "t"), NewFiles()
    new.add(PNG)
    flaky.fails = lambda request: request.startswith("write")
    with pytest.raises(StorageUnavailableError):
        await new.store(stored)
    assert new.find(NAME) == PNG
    flaky.fails = lambda _: False
    await new.store(stored)
    assert (new.find(NAME), await stored.read(NAME)) == (None, PNG)
    await stored.write(NAME, PNG)
    assert await Files(flaky, "bob", "t").read(NAME) is None


@pytest.mark.anyio
async def test_a_thread_that_is_deleted_under_a_run_keeps_no_file(threads: Threads) -> None:
    opened, new = await threads.open("alice", "t"), NewFiles()
    await opened.save(stored_run("r1", state="running"))
    await threads.delete("alice", "t")
    new.add(PNG)
    with pytest.raises(ThreadDeletedError):
        await opened.save(stored_run("r1", 5), new)
    assert await threads.files("alice", "t").read(NAME) is None


# What is told of an image afterwards.


def transcript_of(content: Any, failed: bool = False) -> Transcript:
    transcript = Transcript({"id": "q", "role": "user", "content": "Draw."})
    transcript.add(run_started("t", "r", None))
    transcript.add(tool_call_start("c", "draw", "m"))
    transcript.add(tool_call_result("x", "c", content, failed))
    return transcript


def test_the_next_message_tells_the_model_in_a_line_what_the_image_was() -> None:
    messages = transcript_of([text_part("A chart."), PART]).messages
    *_, result = translate(messages)
    told = result["content"][0]["toolResult"]["content"]
    assert told == [{"text": "A chart.\n[image/png, 70 bytes]"}]


def test_a_failure_with_an_image_is_told_again_as_it_was() -> None:
    content = [text_part("Half \ud83d of it."), PART]
    messages = transcript_of(content, failed=True).messages
    assert messages[-1]["error"] == "Half ? of it.\n[image/png, 70 bytes]"
    events = list(replay(StoredRun("r", "finished", "", messages), "t"))
    (again,) = [event for event in events if event["type"] == "TOOL_CALL_RESULT"]
    assert again["content"] == [text_part("Half ? of it."), PART]
    assert again["metadata"] == {"status": "error"}
