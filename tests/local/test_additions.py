"""What an adopter adds to template.yaml, as the local stack takes it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from additions import extended
from policies.subject import OPEN, ORIGINS, ROOT

from local.functions import functions_of, without_permission
from local.gateway import Api
from local.runtime import RuntimeConfig
from local.template import Template, load
from local.unsupported_resources import absences
from ops.doctor.template import TEMPLATE, TemplateFile


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """template.yaml with additions of every kind."""
    path = tmp_path_factory.mktemp("extended") / "template.yaml"
    path.write_text(extended())
    return load(path, {**OPEN, "Tier": "large"}, ORIGINS)


@pytest.fixture(scope="module")
def environment(template: Template) -> Mapping[str, str]:
    """The agent's variables."""
    return RuntimeConfig.of(template).environment


def test_every_addition_that_is_not_played_is_named_once(template: Template) -> None:
    named = [sentence.split(" ")[0] for sentence in absences(template)]
    assert named == ["Orders", "Jobs", "News", "Uploads", "Secret", "Hello", "Phone"]
    played = absences(template, {"Hello"})
    assert [sentence.split(" ")[0] for sentence in played] == [*named[:5], "Phone"]


def test_a_function_has_what_globals_say_and_its_routes_are_known(template: Template) -> None:
    (arn,) = Api.of(template).functions
    function = functions_of(template, ROOT)[arn]
    assert (function.id, function.handler, function.seconds) == ("Hello", "app.handler", 7)
    variables = function.environment
    assert (variables["TABLE"], variables["ALL"]) == ("orders", "True")
    assert "not a folder" in function.absence


def test_a_function_that_api_gateway_may_not_call_is_named(template: Template) -> None:
    arns = Api.of(template).functions
    assert without_permission(template, arns) == []
    resources = {
        name: each for name, each in template.resources.items() if name != "HelloPermission"
    }
    (named,) = without_permission(replace(template, resources=resources), arns)
    assert named.startswith("Hello has no AWS::Lambda::Permission")


def test_an_open_route_is_named(template: Template) -> None:
    (note,) = Api.of(template).notes
    assert note.startswith("GET /orders asks for no token")


def test_the_doctor_warns_of_an_open_route_and_of_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(extended())
    results = TEMPLATE.examine(TemplateFile(tmp_path / "template.yaml", OPEN))
    (found,) = (each for each in results if each.faults or each.hindrance)
    assert (found.id, found.severity) == ("template.open-route", "warning")
    (fault,) = found.faults
    assert fault.saw == "anybody may call GET /orders"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ORDERS_TABLE", "orders"),
        ("ORDERS_ARN", "arn:aws:dynamodb:us-east-1:123456789012:table/orders"),
        ("ORDERS_STREAM", "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream"),
    ],
)
def test_a_name_that_is_written_out_is_the_one_that_the_agent_gets(
    environment: Mapping[str, str], variable: str, value: str
) -> None:
    assert environment[variable] == value


def test_another_id_has_the_shape_that_aws_gives_it(environment: Mapping[str, str]) -> None:
    assert environment["NEWS_TOPIC"].startswith("arn:aws:sns:us-east-1:123456789012:sluice-local-")
    assert environment["SECRET"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:")


def test_a_bucket_of_ones_own_is_not_the_conversations(environment: Mapping[str, str]) -> None:
    assert environment["UPLOADS"].startswith("s3://sluice-local-uploads-")
    assert environment["SLUICE_CONVERSATIONS"] == str(ORIGINS.conversations)


def test_a_second_client_leaves_the_page_its_own(template: Template) -> None:
    ours = template.only("AWS::Cognito::UserPoolClient")
    assert ours.id == "UserPoolClient"
    assert RuntimeConfig.of(template).audience == {ours.attributes["ClientId"]}
