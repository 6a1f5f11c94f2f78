"""Names that AWS checks only half-way through a deployment, for every Prefix that is allowed."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policies.runtime import RUNTIME_NAME
from policies.subject import ORIGINS, ROOT

from local.errors import TemplateError
from local.template import load, parse

# "Pattern" of Domain in CreateUserPoolDomain (Cognito API reference); the words are said there too.
DOMAIN = r"(?!.*(aws|amazon|cognito))[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"

DOCUMENT = parse((ROOT / "template.yaml").read_text())
PREFIX = DOCUMENT["Parameters"]["Prefix"]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template with nothing in it but what is named after Prefix."""
    path = tmp_path_factory.mktemp("names") / "template.yaml"
    resources = {
        "Runtime": ("AWS::BedrockAgentCore::Runtime", "AgentRuntimeName"),
        "UserPoolDomain": ("AWS::Cognito::UserPoolDomain", "Domain"),
    }
    small = {
        "Parameters": {"Prefix": PREFIX},
        "Resources": {
            name: {
                "Type": type_,
                "Properties": {key: DOCUMENT["Resources"][name]["Properties"][key]},
            }
            for name, (type_, key) in resources.items()
        },
    }
    path.write_text(json.dumps(small))
    return path


@given(
    prefix=st.from_regex(PREFIX["AllowedPattern"], fullmatch=True).filter(
        lambda prefix: len(prefix) <= PREFIX["MaxLength"]
    )
)
def test_every_prefix_gives_names_that_aws_takes(named: Path, prefix: str) -> None:
    resources = load(named, {"Prefix": prefix}, ORIGINS).resources
    assert re.fullmatch(RUNTIME_NAME, resources["Runtime"].properties["AgentRuntimeName"])
    assert re.fullmatch(DOMAIN, resources["UserPoolDomain"].properties["Domain"])


@pytest.mark.parametrize(
    "prefix",
    ["", "Sluice", "1st", "a_b", "a--b", "a-", "my-aws-chat", "amazonia", "cognitos", "a" * 31],
)
def test_a_prefix_that_aws_would_refuse_is_refused_before_anything_is_made(
    named: Path, prefix: str
) -> None:
    with pytest.raises(TemplateError, match="Prefix"):
        load(named, {"Prefix": prefix}, ORIGINS)
