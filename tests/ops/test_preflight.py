"""What `make deploy` refuses before anything is made: a stack's name, another Prefix, too much."""

import json
from pathlib import Path

import pytest
from policies.subject import FULL, OPEN, ROOT

from local.template import parse
from ops import deploy, environment, preflight
from ops.stacks import Stack

PATH = ROOT / "template.yaml"


def stack(prefix: str) -> Stack:
    """A stack that was deployed with this Prefix."""
    return Stack("chat", "arn:of-chat", "CREATE_COMPLETE", {"Prefix": prefix}, {})


@pytest.mark.parametrize(
    "name", ["Chat", "chaT", "1chat", "-chat", "chat_1", "chat.1", "", "c" * 60, "çhat", "chat\n"]
)
def test_a_stack_whose_names_aws_would_refuse_or_change_is_refused(name: str) -> None:
    assert "at most 59 lower-case letters" in (preflight.bad_name(name) or "")


@pytest.mark.parametrize("name", ["c", "chat", "chat-2", "c" * 59])
def test_any_other_name_will_do(name: str) -> None:
    assert preflight.bad_name(name) is None


def test_the_longest_name_fits_into_what_is_named_after_the_stack() -> None:
    """An origin access control's name "up to 64 characters" (CloudFormation's schema)."""
    site = parse(PATH.read_text())["Resources"]["SiteAccess"]["Properties"]
    named = site["OriginAccessControlConfig"]["Name"]["Fn::Sub"]
    assert len(named.replace("${AWS::StackName}", "c" * preflight.LONGEST_STACK)) == 64


def test_deploy_refuses_the_name_before_it_asks_aws_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STACK", "My-Chat")
    monkeypatch.delenv("ENV", raising=False)
    monkeypatch.setattr("ops.aws.client", lambda service: pytest.fail(f"{service} was asked"))
    with pytest.raises(SystemExit, match="cannot be called My-Chat"):
        deploy.main([])


def test_another_prefix_is_refused_and_the_way_back_is_named() -> None:
    said = preflight.obstacle(PATH, OPEN, stack("my-team"))
    assert said is not None
    assert "has the Prefix my-team, which is final" in said
    assert "Set Prefix=my-team in samconfig.toml" in said


def test_the_same_prefix_and_a_first_deployment_are_not() -> None:
    assert preflight.obstacle(PATH, OPEN, stack(OPEN["Prefix"])) is None
    assert preflight.obstacle(PATH, OPEN, None) is None


def servers(length: int) -> str:
    """McpServers of a length."""
    return "[" + " " * (length - 2) + "]"


@pytest.mark.parametrize(
    ("platform", "length", "fits"), [("V1", 1024, True), ("V2", 400, True), ("V2", 1024, False)]
)
def test_an_environment_that_the_platform_does_not_take_is_refused(
    platform: str, length: int, fits: bool
) -> None:
    traces = f"https://{'c' * 248}"
    given = {
        **FULL,
        "PlatformVersion": platform,
        "McpServers": servers(length),
        "TracesEndpoint": traces,
    }
    said = preflight.obstacle(PATH, given, None)
    assert (said is None) == fits, said
    if said:
        assert "AgentCore takes 1,536" in said
        assert "SLUICE_MCP 1,034" in said
        assert "set PlatformVersion to V1" in said


@pytest.mark.parametrize(
    ("token", "refused"),
    [
        ("{{resolve:secretsmanager:docs-token}}", False),
        ("{{resolve:secretsmanager:docs:SecretString:token}}", False),
        ("s3cret", True),
        ("s3cret{{resolve:secretsmanager:docs}}", True),
        ("{{resolve:ssm:docs}}", True),
    ],
)
def test_a_token_is_deployed_as_a_reference_alone(token: str, refused: bool) -> None:
    server = {"name": "docs", "url": "https://a.example/mcp", "auth": "bearer", "token": token}
    said = preflight.obstacle(PATH, {**FULL, "McpServers": json.dumps([server])}, None)
    assert (said is not None) == refused, said
    assert "s3cret" not in (said or "")


def test_servers_that_are_no_json_are_refused() -> None:
    said = preflight.obstacle(PATH, {**FULL, "McpServers": "[name=docs]"}, None)
    assert said == "McpServers is not JSON: see docs/tools.md."


def test_names_and_values_count_and_the_bucket_as_long_as_a_name_can_be() -> None:
    assert environment.size({"AB": "é"}) == 4
    room = environment.LIMITS["V1"] - environment.size(
        {"SLUICE_CONVERSATIONS": "s3://" + "x" * environment.LONGEST_BUCKET, "A": ""}
    )
    fits = {"SLUICE_CONVERSATIONS": "s3://b", "A": "x" * room}
    assert environment.excess(fits) is None
    assert environment.excess({**fits, "A": "x" * (room + 1)})


def test_a_broken_rule_is_told_without_aws() -> None:
    said = preflight.obstacle(PATH, {**OPEN, "Passkeys": "on", "Mfa": "required"}, None)
    assert said is not None
    assert said.startswith("Rule PasskeysWithoutMfa: ")


def test_a_template_that_only_the_local_stack_cannot_read_is_left_to_aws(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        PATH.read_text().replace("ProtocolConfiguration: HTTP", "ProtocolConfiguration: AGUI")
    )
    assert preflight.obstacle(path, OPEN, None) is None
