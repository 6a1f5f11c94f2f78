"""Faults on purpose in a whole stack: there only when it was told so."""

import httpx
import pytest
from e2e_stack import RunningStack

from local.faults import PATH

SESSION = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "s" * 40}


def test_without_being_told_a_stack_has_no_faults(stack: RunningStack) -> None:
    refused = httpx.post(httpx.URL(stack.chat_url).join(PATH), json={"faults": []})
    unknown = httpx.post(httpx.URL(stack.chat_url).join("/nothing"), json={"faults": []})
    assert (refused.status_code, refused.text) == (unknown.status_code, unknown.text)
    assert not any("breaks its answers" in line for line in stack.lines)


def test_a_stack_that_has_faults_says_so(faulty: RunningStack) -> None:
    assert any("breaks its answers" in line for line in faulty.lines)


def test_a_killed_agent_ends_its_answer_and_the_next_one_has_another_f2(
    faulty: RunningStack,
) -> None:
    token = faulty.tokens()["id_token"]
    faulty.break_next({"do": "kill", "events": 5, "on": "message"})
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.ask({"prompt": "Count to 5000"}, token, **SESSION)
    assert faulty.ask({"prompt": "Hello"}, token, **SESSION)[-1]["type"] == "RUN_FINISHED"
