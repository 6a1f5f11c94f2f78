"""A conversation goes on after a run that ended in the middle of something, at every provider.

The servers refuse what their services refuse (provider_rules).
"""

import asyncio
import threading
from typing import Any

import pytest
from model_servers import CALL_ID, DIALECTS, Refused, Reply
from sluice.storage.folder import FolderStore
from sluice.threads.repair import INTERRUPTED
from sluice.threads.thread import StoredRun
from sluice.threads.thread_store import Threads

pytest_plugins = ("provided",)

QUESTION = "What is 25 * 4?"
CALL = Reply(text=("Let me see.",), call={"expression": "25 * 4"})
SILENT_CALL = Reply(call={"expression": "25 * 4"})
ANSWER = Reply(text=("It is 100.",))
REFUSED = Refused(400, "ValidationException", "The server has had enough.")
every_provider = pytest.mark.parametrize("provider", DIALECTS)


def goes_on(client: Any, server: Any) -> str:
    """Ask twice more, without a refusal; what the model was last sent, as text."""
    assert client.say("And what was it?") == "It is 100."
    assert client.say("Thanks.") == "It is 100."
    return str(server.asked[-1].body["messages"])


@every_provider
@pytest.mark.parametrize("call", [CALL, SILENT_CALL], ids=["words and call", "call"])
def test_after_a_failure_on_a_tools_result(provide, provider, call) -> None:
    with provide(provider, call, REFUSED, ANSWER, ANSWER) as (client, server):
        assert client.ask(QUESTION)[-1].code == "model_unavailable"
        sent = goes_on(client, server)
    assert sent.count("Result: 100") == 1
    assert sent.count(INTERRUPTED) == 1


@pytest.mark.usefixtures("released")
@every_provider
def test_after_a_stop_in_the_middle_of_a_call(provide, provider) -> None:
    hold = threading.Event()
    held = Reply(call={"expression": "25 * 4"}, hold=hold)
    with provide(provider, held, ANSWER, ANSWER) as (client, server):
        run = {"threadId": "thread-1", "runId": "run-1"}
        with client.stream({"prompt": QUESTION, **run}) as answer:
            pieces, body = answer.iter_bytes(), b""
            while b"TOOL_CALL_ARGS" not in body:
                body += next(pieces)
            assert client.act("stop", **run)["state"] == "stopped"
            hold.set()
        sent = goes_on(client, server)
    assert sent.count("The tool call was interrupted and has no result.") == 1
    assert sent.count(INTERRUPTED) == 1


def called(*ids: str, arguments: str = '{"expression": "1 + 1"}') -> dict[str, Any]:
    function = {"name": "calculator", "arguments": arguments}
    calls = [{"id": each, "type": "function", "function": function} for each in ids]
    return {"id": "a", "role": "assistant", "content": "", "toolCalls": calls}


def result(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "role": "tool", "content": "Result: 2", "toolCallId": call_id}


KILLED = {
    "with-one-of-two-calls-answered": (called("a", "b"), result("b")),
    "with-all-calls-answered": (called("a", "b"), result("a"), result("b")),
    "in-mid-arguments": (called("a", arguments='{"expr'),),
    "with-ids-that-repeat": (called("a", "a"), result("a"), called("a"), result("a")),
    "with-nothing-said": (),
    "with-an-empty-message": ({"id": "a", "role": "assistant", "content": " \n"},),
    "with-a-half-beside-the-whole": (
        {"id": "a", "role": "assistant", "content": "It"},
        {"id": "b", "role": "assistant", "content": "It is"},
    ),
    "with-a-calls-half-beside-the-whole": (called("a", arguments="{"), called("b"), result("b")),
    "with-a-result-of-no-call": (result("a"), called("b")),
}


@every_provider
def test_after_a_kill(provide, folder, provider) -> None:
    asked = {"id": "q", "role": "user", "content": QUESTION}

    async def save() -> None:
        for thread, messages in KILLED.items():
            opened = await Threads(FolderStore(folder)).open("alice", thread)
            killed = StoredRun("run-1", "running", "2026-11-22T19:00:00.000Z", (asked, *messages))
            await opened.save(killed)

    asyncio.run(save())
    with provide(provider, *[ANSWER] * len(KILLED)) as (client, _):
        said = {thread: client.say("And what was it?", thread=thread) for thread in KILLED}
    assert said == dict.fromkeys(KILLED, "It is 100.")


@every_provider
def test_after_a_server_that_gives_each_call_the_same_id(provide, provider) -> None:
    script = (CALL, CALL, SILENT_CALL, ANSWER, ANSWER, ANSWER)
    with provide(provider, *script) as (client, server):
        assert client.ask(QUESTION)[-1].type.value == "RUN_FINISHED"
        sent = goes_on(client, server)
    assert sent.count("Result: 100") == 3
    assert provider == "ollama" or f"{CALL_ID}_" in sent


@every_provider
def test_after_an_answer_that_was_edited_away(provide, provider) -> None:
    with provide(provider, CALL, REFUSED, CALL, REFUSED, ANSWER, ANSWER) as (client, server):
        client.ask(QUESTION, runId="run-1")
        client.ask(QUESTION, runId="run-2", replaces="run-1")
        sent = goes_on(client, server)
    assert sent.count(QUESTION) == 1
    assert sent.count(INTERRUPTED) == 1
