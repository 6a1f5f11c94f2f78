"""The official @ag-ui/client talks to the whole stack and understands every word."""

import json
import os
import subprocess

from e2e_stack import ROOT, RunningStack


def test_the_official_client_keeps_text_tool_calls_and_results(
    stack: RunningStack, token: str
) -> None:
    ended = subprocess.run(
        ["node", str(ROOT / "tests" / "e2e" / "agui_client.mjs")],
        env={
            **os.environ,
            "CHAT_URL": stack.chat_url,
            "TOKEN": token,
            "CLIENT": os.environ.get("SLUICE_AGUI_CLIENT", str(ROOT / "spa")),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    client = json.loads(ended.stdout)
    assert client["failures"] == []
    assert client["seen"].count("RUN_STARTED") == client["seen"].count("RUN_FINISHED") == 2

    messages = client["messages"]
    calls = [call for message in messages for call in message.get("toolCalls", [])]
    results = [message for message in messages if message["role"] == "tool"]
    assert [json.loads(call["function"]["arguments"])["expression"] for call in calls] == [
        "25 * 4",
        "100 / 10",
    ]
    assert [result["toolCallId"] for result in results] == [call["id"] for call in calls]
    assert "100" in results[0]["content"]
    said = [m["content"] for m in messages if m["role"] == "assistant" and m.get("content")]
    assert "100" in said[-1]
    assert "10" in said[-1]
