"""Agents of examples/ in the whole stack, as `make dev AGENT=` runs them."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from agui_client import play_client
from chat_page import ask, expect_finished, open_browser, visit
from e2e_stack import ROOT, RunningStack, events_of, run_stack, text_of
from people import Person
from playwright.sync_api import Browser, expect

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    environment = {"SLUICE_AGENT": str(EXAMPLES / "graph.py")}
    state = tmp_path_factory.mktemp("graph")
    with run_stack(state, "--faults", environment=environment) as running:
        yield running


def test_the_official_client_understands_a_graph(graph: RunningStack) -> None:
    client = play_client(
        graph.chat_url,
        graph.tokens()["id_token"],
        {"say": "What is 25 * 4?"},
        {"say": "Now divide that by 10"},
    )
    assert client["failures"] == []
    assert client["seen"].count("STEP_STARTED") == client["seen"].count("STEP_FINISHED") == 4
    assert (
        client["seen"].count("SUBAGENT_STARTED") == client["seen"].count("SUBAGENT_FINISHED") == 4
    )
    assert client["seen"].count("RUN_FINISHED") == 2


def test_a_graph_that_is_killed_keeps_what_it_said_and_goes_on(graph: RunningStack) -> None:
    """F2: the process dies in mid-answer; the conversation does not."""
    token, thread = graph.tokens()["id_token"], str(uuid.uuid4())
    session = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": thread}
    headers = {"Authorization": f"Bearer {token}", **session}
    body = {"prompt": "Count to 2000", "threadId": thread, "runId": "run-1"}
    graph.break_next({"do": "kill", "said": "40,", "on": "message"})
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("POST", graph.chat_url, json=body, headers=headers, timeout=30) as answer,
    ):
        answer.read()
    resume = {"action": "resume", "threadId": thread, "runId": "run-1", "after": 0}
    for _ in range(50):  # the runtime may still pass a request to the process that is ending
        again = httpx.post(graph.chat_url, json=resume, headers=headers, timeout=30)
        if again.status_code == 200:
            break
    assert events_of(again.text)[-1].get("code") == "interrupted", again.text
    events = graph.ask({"prompt": "Hello", "threadId": thread}, token, **session)
    assert events[-1]["type"] == "RUN_FINISHED"


@pytest.mark.slow
def test_the_tutorials_agent_answers_by_curl_and_in_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    """With its own default model, its own memory, and nothing changed."""
    environment = {"SLUICE_AGENT": str(EXAMPLES / "tutorial.py")}
    with (
        run_stack(tmp_path, environment=environment) as stack,
        open_browser(browser) as context,
    ):
        events = stack.ask({"prompt": "What is 25 * 4?"}, stack.tokens()["id_token"])
        page = visit(context, stack, Person.new(stack))
        expect_finished(ask(page, "What is 25 * 4?"))
        answer = ask(page, "Now divide that by 10")
        expect_finished(answer)
        expect(answer).to_contain_text("100 / 10 = 10")
        page.reload()
        expect(page.get_by_text("100 / 10 = 10")).to_be_visible()
    assert "100" in text_of(events)


@pytest.mark.slow
def test_the_page_shows_what_each_node_of_a_graph_says_also_after_a_reload(
    graph: RunningStack, browser: Browser
) -> None:
    with open_browser(browser) as context:
        page = visit(context, graph, Person.new(graph))
        answer = ask(page, "Count to 5")
        expect_finished(answer)
        expect(answer).to_contain_text("1, 2, 3, 4, 5")
        # The critic is given a draft, of which the offline model knows nothing to say.
        expect(answer).to_contain_text("It knows only a few things")
        page.reload()
        expect(page.get_by_text("1, 2, 3, 4, 5")).to_be_visible()
        expect(page.get_by_text("It knows only a few things")).to_be_visible()
