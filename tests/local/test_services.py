"""Which AWS services the person's own files use, and what reading them cannot tell."""

import textwrap
from pathlib import Path

import pytest
from checkout import ROOT

from local.services import Services, read_services, services


@pytest.fixture
def read(tmp_path: Path):
    """Read an agent whose one tool holds this text; the setting's value is TOML."""

    def read(text: str, setting: str = "", with_packages: bool = False) -> Services:
        agent = tmp_path / "agent"
        (agent / "tools").mkdir(parents=True, exist_ok=True)
        (agent / "tools" / "own.py").write_text(textwrap.dedent(text))
        table = f"[tool.sluice]\nservices = {setting}\n" if setting else ""
        (agent / "pyproject.toml").write_text(f"[project]\nname = 'x'\n{table}")
        return read_services(agent, with_packages)

    return read


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\nboto3.client('dynamodb')",
        "import boto3\nboto3.resource('dynamodb').Table('t')",
        "import boto3 as aws\naws.client(service_name='dynamodb')",
        "from boto3 import client as make\nmake('dynamodb')",
        "from boto3 import resource\nresource('dynamodb')",
        "import boto3\nboto3.Session(region_name='eu-west-1').client('dynamodb')",
        "from boto3.session import Session\nmine = Session()\nmine.client('dynamodb')",
        "import botocore.session\nbotocore.session.get_session().create_client('dynamodb')",
        "import boto3\nNAME = 'dynamodb'\nboto3.client(NAME)",
        "import boto3\nfrom functools import partial\npartial(boto3.client, 'dynamodb')()",
        "import boto3\nCLIENTS = [boto3.client(n) for n in ('dynamodb', 'sqs')]",
        "def table(session):\n    return session.client('dynamodb')",
        """
        import boto3
        class Store:
            def __init__(self) -> None:
                self.session = boto3.Session()
            def table(self):
                return self.session.client('dynamodb')
        """,
    ],
)
def test_a_service_is_found_however_its_client_is_made(read, text: str) -> None:
    found = read(text)
    assert "dynamodb" in found.names
    assert found.unknown == ()


def test_other_modules_and_packages_of_the_person_are_read_and_sluices_are_not(
    read, tmp_path: Path
) -> None:
    for name in ("agent.py", "shared/tables.py", "tools/_names.py", "sluice/x.py", "main.py"):
        path = tmp_path / "agent" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        service = {"agent.py": "sqs", "shared/tables.py": "dynamodb", "tools/_names.py": "sns"}
        path.write_text(f"NAME = '{service.get(name, 'ec2')}'")
    assert read("x = 1").names == {"sqs", "dynamodb", "sns"}


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\nboto3.client('dynamo_db')",
        "import boto3\nboto3.resource('DynamoDB')",
        "import boto3\nNAME = 'dynamodbb'\nboto3.Session().client(NAME)",
    ],
)
def test_a_misspelt_service_is_named_with_its_line_and_what_is_close(read, text: str) -> None:
    (sentence,) = read(text).unknown
    assert sentence.startswith(f"agent/tools/own.py:{text.count(chr(10)) + 1}: AWS has no service ")
    assert "is it dynamodb" in sentence


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\ndef make(name):\n    return boto3.client(name)",
        "import boto3, os\nboto3.client(os.environ['SERVICE'])",
        "import boto3\nx = 'dynamo'\nboto3.client(f'{x}db')",
        "import boto3\nNAME = 'sqs'\nNAME = input()\nboto3.client(NAME)",
        "import boto3\nboto3.client(**{})",
    ],
)
def test_a_service_that_only_a_run_knows_asks_for_the_setting(read, text: str) -> None:
    (sentence,) = read(text).unseen
    assert sentence.startswith("agent/tools/own.py:")
    assert "[tool.sluice] services in agent/pyproject.toml" in sentence
    listed = read(text, "['dynamodb']")
    assert (listed.unseen, "dynamodb" in listed.names) == ((), True)


@pytest.mark.parametrize(
    "text",
    [
        "import httpx\nhttpx.client('https://example.com')",
        "def f(anything):\n    return anything.client('no service')",
        "def f(anything, name):\n    return anything.resource(name)",
        "import boto3\ndef (",
        "x = 1",
    ],
)
def test_what_is_not_boto3s_is_left_alone(read, text: str) -> None:
    assert read(text) == Services()


@pytest.mark.parametrize("setting", ["'dynamodb'", "[1]", "{ a = 1 }"])
def test_a_setting_of_another_form_gets_a_sentence(read, setting: str) -> None:
    assert "a list of names such as dynamodb is expected" in read("", setting).unknown[0]


def test_a_misspelt_setting_gets_a_sentence(read) -> None:
    (sentence,) = read("", "['dynamodb', 'sqss']").unknown
    assert "'sqss'" in sentence
    assert "is it sqs" in sentence


def test_what_imported_packages_ask_for_is_found(read) -> None:
    """bedrock-agentcore's SDK, and one module of Strands that the agent itself does without."""
    text = "import bedrock_agentcore\nfrom strands.models.sagemaker import SageMakerAIModel"
    assert {"bedrock-agentcore", "sagemaker-runtime"} <= read(text, with_packages=True).names
    assert read(text).names == frozenset()
    assert read("from strands import tool", with_packages=True).names == frozenset()


def test_botocores_names_are_folders_of_its_data() -> None:
    assert {"dynamodb", "bedrock-runtime", "s3"} <= services()


def test_this_agent_has_nothing_to_say() -> None:
    assert read_services(ROOT / "agent").unknown == ()
