"""A knowledge base as a tool, and the sources that answers cite."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bedrock_support import behind_bedrock
from scripted import Scripted
from sluice.runs.citations import MAX_SOURCES, Citations
from sluice.settings import Settings, SettingsError
from sluice.tools.knowledge import KnowledgeBase
from sluice.tools.services import Services
from sluice.tools.timeout import Limited
from starlette.requests import Request
from starlette.responses import JSONResponse
from support import serve
from tool_calls import call, told
from wire_support import parse

pytest_plugins = ("agent_files",)

BASE = "KB0123ABCD"
QUESTION = "How many days of holiday do I have?"


@pytest.fixture
def with_documents(run_agent: Any) -> Callable[[], Any]:
    """A life of the agent that has examples/knowledge to answer from."""
    url = behind_bedrock({})["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    return lambda: run_agent(SLUICE_KNOWLEDGE_BASE=BASE, AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=url)


def cited(events: list[Any]) -> list[Any]:
    """The sources of each message of text, as it began."""
    starts = [event for event in events if event.type.value == "TEXT_MESSAGE_START"]
    return [(event.metadata or {}).get("citations", []) for event in starts]


def text_of(events: list[Any]) -> str:
    return "".join(e.delta for e in events if e.type.value == "TEXT_MESSAGE_CONTENT")


def test_an_answer_cites_the_documents_it_rests_on(with_documents: Any) -> None:
    with with_documents() as client:
        events = client.ask(QUESTION, "t", runId="r")
        before, sources = cited(events)
        assert before == [], "nothing is found yet"
        assert "30 days of holiday a year" in text_of(events)
        assert "[1]" in text_of(events)
        first = sources[0]
        assert (first["number"], first["title"]) == (1, "holidays.md")
        assert "30 days" in first["text"]
        assert "url" not in first, "an address in a bucket leads a person nowhere"
    with with_documents() as client:
        messages = client.act("get", threadId="t")["runs"][0]["messages"]
        assert messages[-1]["metadata"] == {"citations": sources}, "after the process, too"
        again = client.post({"action": "resume", "threadId": "t", "runId": "r", "after": 0})
        assert cited(parse(again.content))[-1] == sources


def test_no_two_sources_of_a_conversation_have_one_number(with_documents: Any) -> None:
    with with_documents() as client:
        first = cited(client.ask(QUESTION, "t"))[-1]
        second = cited(client.ask("Which hotel may I book?", "t"))[-1]
    numbers = [source["number"] for source in (*first, *second)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_t8_a_knowledge_base_that_is_gone_leaves_an_answer_and_a_notice(
    run_agent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        error = {"message": "The knowledge base of 123456789012 is not there."}
        headers = {"x-amzn-errortype": "ResourceNotFoundException"}
        await JSONResponse(error, 404, headers)(scope, receive, send)

    with (
        serve(refuse) as url,
        run_agent(SLUICE_KNOWLEDGE_BASE=BASE, AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=url) as client,
    ):
        events = client.ask(QUESTION)
    assert events[-1].type.value == "RUN_FINISHED"
    notices = [event for event in events if event.type.value == "CUSTOM"]
    assert [notice.name for notice in notices] == ["knowledge_unavailable"]
    assert "123456789012" not in "".join(event.model_dump_json() for event in events)
    assert QUESTION not in caplog.text


@pytest.mark.parametrize("name", ["kb", "arn:aws:bedrock:us-east-1:1:knowledge-base/KB0123ABCD"])
def test_what_is_no_id_is_refused_at_start(name: str) -> None:
    given = {"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "/x", "SLUICE_KNOWLEDGE_BASE": name}
    with pytest.raises(SettingsError, match="the id of a knowledge base: 10 letters and digits"):
        Settings.read(given)


# What Retrieve may answer, by its document.

LONG = "word " * 3_000
RESULTS: list[tuple[Any, str, dict[str, Any]]] = [
    (
        {
            "content": {"type": "TEXT", "text": "Two weeks."},
            "location": {"type": "WEB", "webLocation": {"url": "https://example.com/a%20b/"}},
        },
        "[1] a b\nTwo weeks.",
        {"title": "a b", "text": "Two weeks.", "url": "https://example.com/a%20b/"},
    ),
    (
        {
            "content": {"type": "TEXT", "text": "Two weeks."},
            "location": {"type": "S3", "s3Location": {"uri": "s3://docs/leave.pdf"}},
            "metadata": {"x-amz-bedrock-kb-document-page-number": 3.0},
        },
        "[1] leave.pdf, page 3\nTwo weeks.",
        {"title": "leave.pdf, page 3", "text": "Two weeks."},
    ),
    (
        {
            "content": {
                "type": "ROW",
                "row": [{"columnName": "days", "columnValue": "30", "type": "LONG"}],
            },
            "location": {"type": "SQL", "sqlLocation": {"query": "SELECT 1"}},
        },
        "[1] A document\ndays: 30",
        {"title": "A document", "text": "days: 30"},
    ),
    (
        {
            "content": {"text": "Two weeks."},
            "location": {"type": "CUSTOM", "customDocumentLocation": {"id": "hr-7"}},
        },
        "[1] hr-7\nTwo weeks.",
        {"title": "hr-7", "text": "Two weeks."},
    ),
    (
        {"content": {"text": "Two weeks."}, "location": {"webLocation": {"url": "javascript:1"}}},
        "[1] 1\nTwo weeks.",
        {"title": "1", "text": "Two weeks."},
    ),
    (
        {"content": {"type": "IMAGE", "byteContent": "data:image/png;base64,AA"}},
        "Nothing was found.",
        {},
    ),
    ({"content": {"text": "  "}}, "Nothing was found.", {}),
]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Retrieve answers what stands in the list."""
    results: list[Any] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await Request(scope, receive).body()
            await JSONResponse({"retrievalResults": results})(scope, receive, send)

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with serve(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", url)
        yield results


async def search(citations: Citations) -> str:
    services = Services("t", citations.add, lambda *_: None, lambda _: None)
    tool = KnowledgeBase(BASE, "us-east-1").tool_for(services)
    return told(await call(Limited(tool), {"question": "leave"}))


@pytest.mark.anyio
@pytest.mark.parametrize(("result", "text", "source"), RESULTS)
async def test_every_kind_of_source_has_a_name(
    result: Any, text: str, source: dict[str, Any], answering: list[Any]
) -> None:
    answering.append(result)
    citations = Citations()
    assert await search(citations) == text
    assert citations.so_far == ([{"number": 1, **source}] if source else [])


@pytest.mark.anyio
async def test_long_passages_are_cut_for_the_model_and_shorter_for_the_person(
    answering: list[Any],
) -> None:
    answering.append({"content": {"text": LONG}})
    citations = Citations()
    assert len(await search(citations)) < 6_100
    (source,) = citations.so_far
    assert len(source["text"]) <= 400
    assert source["text"].endswith("word…")


@pytest.mark.anyio
async def test_an_answer_has_enough_sources_at_some_point(answering: list[Any]) -> None:
    citations = Citations()
    for number in range(MAX_SOURCES):
        citations.add(f"document {number}")
    answering.append({"content": {"text": "One more."}})
    assert "enough sources" in await search(citations)
    assert len(citations.so_far) == MAX_SOURCES


def test_a_source_that_is_there_keeps_its_number() -> None:
    told_before = {"id": "a", "role": "assistant", "metadata": {"citations": [{"number": 7}]}}
    citations = Citations([told_before, {"id": "b", "role": "user"}])
    assert [citations.add("x", "y"), citations.add("z"), citations.add("x", "y")] == [8, 9, 8]


ANSWER = """
from collections.abc import AsyncGenerator
from sluice import Run

async def answer(run: Run) -> AsyncGenerator[str]:
    yield "It is so "
    yield f"[{run.cite('A book', 'So it is.', 'https://example.com')}]."
"""


def test_a_file_of_ones_own_may_cite_in_the_middle_of_a_sentence(run_file: Any) -> None:
    with run_file(ANSWER, Scripted()) as client:
        events = client.ask("Is it so?", "t")
        (end,) = [event for event in events if event.type.value == "TEXT_MESSAGE_END"]
        source = {"number": 1, "title": "A book", "text": "So it is.", "url": "https://example.com"}
        assert end.metadata == {"citations": [source]}
        (run,) = client.act("get", threadId="t")["runs"]
        assert run["messages"][-1]["metadata"] == {"citations": [source]}
