"""The template as the local stack resolves it: what it refuses, and what it makes of the rest."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from policies.additions import sluices_template

from local.errors import TemplateError
from local.parameters import parameter_values, read_parameters
from local.physical_ids import Origins
from local.template import Template, load

ROOT = Path(__file__).resolve().parents[2]
ORIGINS = Origins(
    site="http://localhost:3000",
    api="http://localhost:3001",
    login="http://localhost:3002",
    runtime="http://localhost:3003",
    conversations=Path("/state/conversations"),
)

SMALL = """
Parameters:
  Name:
    Type: String
    Default: chat
    AllowedPattern: ^[a-z]+$
    MaxLength: 8
    ConstraintDescription: up to 8 small letters.
  Kind:
    Type: String
    Default: big
    AllowedValues: [big, small]
    ConstraintDescription: big or small.
  Days:
    Type: Number
    Default: 30
    AllowedValues: [1, 30, 365]
    ConstraintDescription: 1, 30 or 365 days.
  Seconds:
    Type: Number
    Default: 900
    MinValue: 60
    MaxValue: 28800
    ConstraintDescription: 60 to 28800 seconds.
Conditions:
  IsBig: !Equals [!Ref Kind, big]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Condition: IsBig
    Properties:
      RetentionInDays: !Ref Days
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub ${Name}-${AWS::Region}
      Tags:
        - !If [IsBig, { Key: kind, Value: !Ref Kind }, !Ref AWS::NoValue]
        - { Key: seconds, Value: !Ref Seconds }
      AccessControl: !If [IsBig, Private, !Ref AWS::NoValue]
Outputs:
  Arn:
    Value: !GetAtt Bucket.Arn
"""

Resolve = Callable[..., Template]


@pytest.fixture
def resolve(tmp_path: Path) -> Resolve:
    """Resolve SMALL, or another text, for some parameters."""

    def resolve(text: str = SMALL, **parameters: str) -> Template:
        path = tmp_path / "template.yaml"
        path.write_text(text)
        return load(path, parameters, ORIGINS)

    return resolve


def resolve_real(**parameters: str) -> Template:
    """The template of this repository, as `make dev` resolves it but for some parameters."""
    given = {**read_parameters(ROOT / "samconfig.toml"), **parameters}
    return load(sluices_template(), given, ORIGINS)


@pytest.fixture(scope="module")
def real() -> Template:
    """The template of this repository, as `make dev` resolves it."""
    return resolve_real()


# ---- What is refused


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named(resolve: Resolve) -> None:
    with pytest.raises(TemplateError, match=r"no parameter Kin; there are Days, Kind, Name"):
        resolve(Kin="big")


@pytest.mark.parametrize(
    ("parameters", "constraint"),
    [
        ({"Name": "Chat"}, "up to 8 small letters."),
        ({"Name": "chatterbox"}, "up to 8 small letters."),
        ({"Kind": "medium"}, "big or small."),
        ({"Days": "2"}, "1, 30 or 365 days."),
        ({"Seconds": "59"}, "60 to 28800 seconds."),
        ({"Seconds": "28801"}, "60 to 28800 seconds."),
        ({"Seconds": "many"}, "60 to 28800 seconds."),
    ],
)
def test_a_forbidden_value_is_refused_with_what_would_be_allowed(
    resolve: Resolve, parameters: dict[str, str], constraint: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        resolve(**parameters)
    assert next(iter(parameters)) in str(refused.value)
    assert constraint in str(refused.value)


def test_a_parameter_without_a_default_must_be_given(resolve: Resolve) -> None:
    with pytest.raises(TemplateError, match="Parameter Name has no default and was given no value"):
        resolve(SMALL.replace("    Default: chat\n", ""))


def test_a_combination_that_a_rule_forbids_is_refused_with_the_rules_own_words() -> None:
    with pytest.raises(TemplateError, match=r"Rule OneOriginOnly: .*DevUrl to an empty value"):
        resolve_real(CorsOrigin="https://chat.example.com")


def test_a_combination_that_a_rule_allows_is_not_refused() -> None:
    template = resolve_real(CorsOrigin="https://chat.example.com", DevUrl="")
    assert template.parameters["CorsOrigin"] == "https://chat.example.com"


def test_yaml_that_cannot_be_read_is_refused_with_its_line(resolve: Resolve) -> None:
    broken = SMALL.replace("  Bucket:\n    Type", "  Bucket\n    Type")
    line = broken.splitlines().index("  Bucket") + 2
    with pytest.raises(TemplateError, match=rf"template.yaml cannot be read: (.|\n)*line {line}\b"):
        resolve(broken)


def test_a_template_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"template\.yaml cannot be read"):
        load(tmp_path / "template.yaml", {}, ORIGINS)


@pytest.mark.parametrize("text", ["", "- a list", "Parameters: {}", "Resources:"])
def test_a_file_without_resources_is_refused(resolve: Resolve, text: str) -> None:
    with pytest.raises(TemplateError, match="has no Resources section"):
        resolve(text)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("!Ref Seconds", "!Ref Second", "Second"),
        ("${Name}", "${Nam}", "Nam"),
        ("!GetAtt Bucket.Arn", "!GetAtt Buckt.Arn", "Buckt"),
        ("!If [IsBig, Private", "!If [IsBi, Private", "IsBi"),
        ("!Ref Days", "!Rfe Days", "Rfe"),
    ],
)
def test_a_reference_to_nothing_is_refused_by_its_name(
    resolve: Resolve, old: str, new: str, named: str
) -> None:
    with pytest.raises(TemplateError, match=rf"template.yaml.*\b{named}\b"):
        resolve(SMALL.replace(old, new))


def test_a_resource_without_a_type_is_refused_by_name(resolve: Resolve) -> None:
    with pytest.raises(TemplateError, match="Bucket"):
        resolve(SMALL.replace("    Type: AWS::S3::Bucket\n", ""))


def test_a_type_that_must_be_there_once_is_refused_otherwise(resolve: Resolve) -> None:
    with pytest.raises(TemplateError, match=r"exactly one AWS::SQS::Queue; it has none"):
        resolve().only("AWS::SQS::Queue")
    twice = SMALL.replace("  Log:\n", "  Other:\n    Type: AWS::S3::Bucket\n  Log:\n")
    with pytest.raises(TemplateError, match=r"exactly one AWS::S3::Bucket; it has .*\bOther\b"):
        resolve(twice).only("AWS::S3::Bucket")


# ---- Conditions and values


def test_a_condition_keeps_what_it_is_about(resolve: Resolve) -> None:
    template = resolve()
    assert set(template.resources) == {"Log", "Bucket"}
    bucket = template.only("AWS::S3::Bucket").properties
    assert bucket["AccessControl"] == "Private"
    assert [tag["Value"] for tag in bucket["Tags"]] == ["big", "900"]


def test_a_condition_takes_away_resources_properties_and_entries_of_lists(resolve: Resolve) -> None:
    template = resolve(Kind="small")
    assert set(template.resources) == {"Bucket"}
    bucket = template.only("AWS::S3::Bucket").properties
    assert "AccessControl" not in bucket
    assert [tag["Value"] for tag in bucket["Tags"]] == ["900"]


def test_numbers_are_text_as_cloudformation_hands_them_on(resolve: Resolve) -> None:
    template = resolve(Seconds="60")
    assert template.parameters["Seconds"] == "60"
    assert template.only("AWS::Logs::LogGroup").properties["RetentionInDays"] == "30"


def callbacks(template: Template) -> list[str]:
    urls: list[str] = template.only("AWS::Cognito::UserPoolClient").properties["CallbackURLs"]
    return urls


def test_without_a_development_page_sign_in_returns_to_the_site_alone() -> None:
    assert callbacks(resolve_real(DevUrl="http://localhost:4000")) == [
        ORIGINS.site,
        "http://localhost:4000",
    ]
    assert callbacks(resolve_real(DevUrl="")) == [ORIGINS.site]


def rules(template: Template) -> list[str]:
    bucket = template.resources["ConversationsBucket"].properties
    return [rule["Id"] for rule in bucket["LifecycleConfiguration"]["Rules"]]


def test_conversations_expire_unless_their_days_are_zero(real: Template) -> None:
    assert rules(real) == ["AbandonedUploads", "OldConversations"]
    assert rules(resolve_real(ConversationDays="0")) == ["AbandonedUploads"]


def policies(template: Template) -> list[str]:
    return [each["PolicyName"] for each in template.resources["RuntimeRole"].properties["Policies"]]


def test_a_runtime_without_a_guardrail_may_not_apply_one(real: Template) -> None:
    assert policies(real) == ["Conversations", "Model", "Telemetry"]
    guarded = policies(resolve_real(GuardrailId="abc123"))
    assert guarded == ["Conversations", "Model", "Guardrail", "Telemetry"]


# ---- Physical names, and local addresses in the place of AWS's


def test_ids_have_the_shapes_of_aws(real: Template) -> None:
    shapes = {
        "UserPoolId": r"us-east-1_[0-9A-Za-z]{9}",
        "UserPoolClientId": r"[0-9a-z]{26}",
        "DistributionId": r"E[0-9A-Z]{13}",
        "RuntimeId": r"[A-Za-z][A-Za-z0-9_]{0,47}-[A-Za-z0-9]{10}",
        "RuntimeArn": r"arn:aws:bedrock-agentcore:us-east-1:\d{12}:runtime/.+",
        "SpaBucket": r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "ConversationsBucket": r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    }
    for output, shape in shapes.items():
        assert re.fullmatch(shape, real.outputs[output]), real.outputs[output]
    assert real.only("AWS::Cognito::UserPoolDomain").properties["Domain"] == "sluice-123456789012"


def test_ids_stay_the_same_and_differ_from_each_other(real: Template) -> None:
    assert resolve_real().outputs == real.outputs
    assert real.outputs["SpaBucket"] != real.outputs["ConversationsBucket"]


def test_outputs_lead_to_this_machine(real: Template) -> None:
    pool = real.outputs["UserPoolId"]
    assert real.outputs.items() >= {
        ("SpaUrl", "http://localhost:3000"),
        ("ApiUrl", "http://localhost:3001/prod"),
        ("LoginUrl", "http://localhost:3002"),
        ("Issuer", f"http://localhost:3002/{pool}"),
    }


def test_services_are_led_to_each_other_on_this_machine(real: Template) -> None:
    runtime = real.only("AWS::BedrockAgentCore::Runtime").properties
    authorizer = runtime["AuthorizerConfiguration"]["CustomJWTAuthorizer"]
    discovery = f"{real.outputs['Issuer']}/.well-known/openid-configuration"
    assert authorizer["DiscoveryUrl"] == discovery
    api = real.only("AWS::Serverless::Api").properties
    post = api["DefinitionBody"]["paths"]["/chat"]["post"]
    assert post["x-amazon-apigateway-integration"]["uri"] == (
        "http://localhost:3003/runtimes/${stageVariables.RuntimeId}/invocations"
        "?qualifier=DEFAULT&accountId=123456789012"
    )
    assert api["Variables"] == {"RuntimeId": real.outputs["RuntimeId"]}
    assert set(callbacks(real)) == {"http://localhost:3000"}
    headers = real.only("AWS::CloudFront::ResponseHeadersPolicy").properties
    policy = json.dumps(headers)
    assert "connect-src 'self' http://localhost:3001 http://localhost:3002;" in policy


def test_the_agent_keeps_conversations_in_the_state_folder(real: Template) -> None:
    runtime = real.only("AWS::BedrockAgentCore::Runtime").properties
    assert runtime["EnvironmentVariables"]["SLUICE_CONVERSATIONS"] == "/state/conversations"


def test_no_address_of_aws_is_left(real: Template) -> None:
    def addresses(node: Any) -> set[str]:
        return set(re.findall(r"(?:https|s3)://[^\"' ;]+", json.dumps(node)))

    left = addresses(real.outputs)
    for resource in real.resources.values():
        left |= addresses(resource.properties)
    assert left == set()


# ---- samconfig.toml


def test_parameters_come_from_samconfig(tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text('[local.deploy.parameters]\nparameter_overrides = ["A=1", "B=x=y", "C="]\n')
    assert read_parameters(path) == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        "[local.deploy.parameters]\n",
        '[local.deploy.parameters]\nparameter_overrides = "A=\\"1"\n',
        '[local.deploy.parameters]\nparameter_overrides = ["A"]\n',
        "[local.deploy.parameters]\nparameter_overrides = [1]\n",
    ],
)
def test_a_samconfig_of_another_form_is_refused_with_the_form_it_needs(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=r"samconfig.toml: .* a list of NAME=value strings"):
        read_parameters(path)


def test_the_one_string_of_sam_deploy_guided_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text('[local.deploy.parameters]\nparameter_overrides = \'A="1 = 2" B=""\'\n')
    assert read_parameters(path) == {"A": "1 = 2", "B": ""}


def test_checking_parameters_leaves_the_template_as_it_was() -> None:
    """Two templates are compared after it (ops/deploy.py)."""
    document = {"Parameters": {"Days": {"Type": "Number", "AllowedValues": [1, 30], "Default": 1}}}
    assert parameter_values(document, {"Days": "30"}) == {"Days": "30"}
    assert document["Parameters"]["Days"]["AllowedValues"] == [1, 30]
