"""The local Bedrock's Retrieve, asked as every program asks it: by boto3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from checkout import ROOT
from support import serve

from local.bedrock import Bedrock
from local.bedrock.knowledge import FOLDER_VARIABLE, find_folder
from local.errors import TemplateError

BASE = "KB0123ABCD"


@pytest.fixture
def app() -> Bedrock:
    return Bedrock(lambda _line: None)


@pytest.fixture
def client(app: Bedrock) -> Iterator[Any]:
    with serve(app) as url:
        yield boto3.client(
            "bedrock-agent-runtime",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",
            config=Config(retries={"total_max_attempts": 1}),
        )


def ask(client: Any, question: str, **search: Any) -> list[Any]:
    given = {"retrievalConfiguration": {"vectorSearchConfiguration": search}} if search else {}
    answer = client.retrieve(knowledgeBaseId=BASE, retrievalQuery={"text": question}, **given)
    return list(answer["retrievalResults"])


def test_the_best_passage_comes_first_with_its_file(client: Any) -> None:
    found = ask(client, "What do I do when my laptop is lost?")
    assert "help desk" in found[0]["content"]["text"]
    assert found[0]["location"]["s3Location"]["uri"].endswith("/equipment.md")
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert len(ask(client, "What do I do when my laptop is lost?", numberOfResults=1)) == 1


@pytest.mark.parametrize("question", ["", "???", 'AND " OR (', "zyzzyva", "NEAR(a b) *"])
def test_what_is_no_word_or_not_there_finds_nothing_and_breaks_nothing(
    client: Any, question: str
) -> None:
    assert isinstance(ask(client, question), list)


def test_files_are_read_anew_and_sections_stand_under_their_headings(
    app: Bedrock, client: Any, tmp_path: Path
) -> None:
    app.knowledge = tmp_path
    assert ask(client, "bananas") == []
    (tmp_path / "deep").mkdir()
    paragraphs = "\n\n".join(f"Bananas {number}. {'word ' * 60}" for number in range(12))
    (tmp_path / "deep" / "größe.md").write_text(f"# Fruit\n\n## Bananas\n\n{paragraphs}")
    found = ask(client, "bananas", numberOfResults=50)
    assert len(found) > 3, "a long section is several passages"
    assert all(len(each["content"]["text"]) < 2_000 for each in found)
    assert {each["location"]["s3Location"]["uri"] for each in found} == {
        "s3://local-documents/deep/größe.md"
    }


def test_a_request_of_another_form_is_refused_as_bedrock_does(app: Bedrock, client: Any) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        ask(client, "x", numberOfResults=101)
    with serve(app) as url, httpx.Client(trust_env=False) as http:
        assert http.post(f"{url}/knowledgebases/{BASE}/retrieve", json={}).status_code == 403
        key = {"Authorization": "Bearer key"}
        other = f"{url}/knowledgebases/{BASE}/generateQuery"
        assert "plays Retrieve" in http.post(other, json={}, headers=key).json()["message"]


def test_a_folder_without_documents_is_refused_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert find_folder(ROOT) is None
    monkeypatch.setenv(FOLDER_VARIABLE, "examples/knowledge")
    assert find_folder(ROOT) == ROOT / "examples" / "knowledge"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(TemplateError, match=r"no Markdown file \(\.md\) is in it"):
        find_folder(ROOT)
