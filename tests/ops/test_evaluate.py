"""`make eval` and `make export-ratings`: questions asked again, and answers that people rated."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from commands import run_command
from e2e_stack import RunningStack
from s3_fake import BUCKET, CREDENTIALS, FakeS3
from support import serve

from ops import aws, ratings
from ops.evaluate import Question, QuestionsError, bedrock_judge, read_questions


def lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


# ---- at a real stack -----------------------------------------------------------------------------


def test_each_answer_is_judged_and_one_that_is_wrong_fails_the_command(
    here: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "questions.jsonl"
    good = {"question": "What is 25 * 4?", "expect": ["100", "CALCULATOR"]}
    file.write_text(lines(good))
    ended = run_command("eval", str(file), environment=here)
    assert (ended.returncode, ended.stderr) == (0, "")
    table = ended.stdout.splitlines()
    assert table[0].startswith("ok ")
    assert table[0].endswith("What is 25 * 4?")
    assert table[-1].startswith("1 of 1 are right; ")
    file.write_text(lines({"question": "What is 2 + 3?", "expect": ["6", "5"]}, good))
    ended = run_command("eval", str(file), environment=here)
    assert ended.returncode == 1
    wrong, right, last = ended.stdout.splitlines()
    assert wrong.startswith("FAIL")
    assert wrong.endswith("it does not say 6")
    assert right.startswith("ok")
    assert last.startswith("1 of 2 are right; ")


def test_what_was_rated_is_exported_and_can_be_asked_again(
    here: dict[str, str], stack: RunningStack
) -> None:
    token = stack.tokens()["id_token"]
    for run, prompt in (("r1", "Hello"), ("r2", "What is 25 * 4?")):
        stack.ask({"prompt": prompt, "threadId": "rated", "runId": run}, token)
    rate = {"action": "rate", "threadId": "rated", "runId": "r2", "rating": "down"}
    stack.ask(rate, token)
    ended = run_command("export-ratings", environment=here)
    assert ended.returncode == 0
    assert ended.stderr == "1 rated answers of the stack on this machine.\n"
    (row,) = map(json.loads, ended.stdout.splitlines())
    assert (row["rating"], row["question"]) == ("down", "What is 25 * 4?")
    assert "100" in row["answer"]
    assert [m["content"] for m in row["history"] if m["role"] == "user"] == ["Hello"]
    assert any(message["role"] == "tool" for message in row["messages"])
    assert "sub" not in row
    assert run_command("export-ratings", "--rating", "up", environment=here).stdout == ""


# ---- the file of questions -----------------------------------------------------------------------


def test_a_line_of_the_export_is_judged_by_the_answer_in_it() -> None:
    up = {"question": "a", "answer": "b", "rating": "up", "messages": []}
    down = {**up, "rating": "down"}
    read = read_questions(lines(up, down), has_judge=True)
    assert [question.good for question in read] == [
        "It is at least as good as this answer:\nb",
        "It is better than this answer:\nb",
    ]
    assert read_questions(lines({"question": "a", "expect": "b"}), has_judge=False) == [
        Question("a", ("b",), "")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no question"),
        ("\n{", "Line 2: "),
        ("[]", "Line 1: write a JSON object"),
        (lines({"question": 1}), "Line 1: write a JSON object"),
        (lines({"question": "a"}), "Line 1: it has nothing to judge by"),
        (lines({"question": "a", "expect": [1]}), 'Line 1: "expect" must be'),
        (lines({"question": "a", "expect": ""}), 'Line 1: "expect" must be'),
        (lines({"question": "a", "judge": "It is polite."}), "a model has to judge it"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_line(text: str, said: str) -> None:
    with pytest.raises(QuestionsError) as error:
        read_questions(text, has_judge=False)
    assert said in str(error.value)


def test_a_file_that_is_not_there_says_what_to_give(here: dict[str, str], tmp_path: Path) -> None:
    ended = run_command("eval", str(tmp_path / "none.jsonl"), environment=here)
    assert ended.returncode == 1
    assert "give FILE=questions.jsonl" in ended.stderr


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("PASS\nIt is right.", ""),
        ("**PASS**", ""),
        ("FAIL\nIt is  not\npolite.", "It is not polite."),
        ("FAIL", "the judge says no"),
        ("Well, PASS", "the judge gave no verdict: Well, PASS"),
        ("", "the judge gave no verdict: "),
    ],
)
def test_a_model_judges_in_a_word(monkeypatch: pytest.MonkeyPatch, reply: str, fault: str) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = aws.client("bedrock-runtime")
    with Stubber(client) as stub:
        message = {"role": "assistant", "content": [{"text": reply}]}
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        answer = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage}
        stub.add_response("converse", {**answer, "metrics": {"latencyMs": 1}})
        assert bedrock_judge(client, "m")("Hi?", "It is polite.", "Go.") == fault


# ---- what is stored ------------------------------------------------------------------------------


def stored(*runs: dict[str, Any]) -> bytes:
    turns = [
        {
            "runId": f"r{number}",
            "state": "finished",
            "startedAt": f"2026-11-27T10:00:0{number}.000Z",
            "messages": [
                {"id": "q", "role": "user", "content": run.pop("asked", f"q{number}")},
                {"id": "a", "role": "assistant", "content": f"a{number}"},
            ],
            **run,
        }
        for number, run in enumerate(runs)
    ]
    return json.dumps({"format": 1, "threadId": "t", "turns": turns}).encode()


def test_an_answer_has_what_was_said_before_it_and_not_what_was_replaced() -> None:
    parts = [{"type": "text", "text": "Look"}, {"type": "image", "source": {}}]
    thread = stored(
        {"rating": "up"}, {"rating": "down"}, {"rating": "up", "replaces": "r1", "asked": parts}
    )
    rows = list(ratings.rated(thread))
    assert [(row["question"], row["answer"], row["rating"]) for row in rows] == [
        ("q0", "a0", "up"),
        ("q1", "a1", "down"),
        ("Look", "a2", "up"),
    ]
    said = [[each["content"] for each in row["history"]] for row in rows]
    assert said == [[], ["q0", "a0"], ["q0", "a0"]]
    assert [row["question"] for row in ratings.rated(thread, "down")] == ["q1"]
    for other in (b"", b"{", b"[]", b'{"format": 2}', stored({})):
        assert list(ratings.rated(other)) == []


def test_the_ratings_of_a_deployed_stack_come_from_its_bucket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with serve(FakeS3(page=2)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        s3 = aws.client("s3")
        for key in ("aa/threads/1.json", "bb/threads/2.json", "aa/files/1/2", "aa/index.json"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=stored({"rating": "up"}))
        found = list(ratings.deployed_threads(BUCKET))
    assert found == [stored({"rating": "up"})] * 2
