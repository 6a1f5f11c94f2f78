"""The doctor looks at a stack that `make deploy` made: intact, and then broken by hand."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from .conftest import Project

pytestmark = pytest.mark.slow

FORGOTTEN = {
    "deployed.streams": "MiniStack keeps no responseTransferMode",
    "deployed.refusals": "MiniStack does not read gateway responses out of the body",
    "deployed.rotation": "MiniStack keeps no RefreshTokenRotation",
    "deployed.model": "MiniStack has no inference profiles of Bedrock's own",
}
"""What the emulator drops, so that the doctor rightly misses it; each shows that it would."""


def drop_throttle(project: Project, outputs: Mapping[str, str]) -> None:
    path = "/*/*/throttling/rateLimit"
    project.emulator.client("apigateway").update_stage(
        restApiId=outputs["ApiUrl"].removeprefix("https://").split(".")[0],
        stageName="prod",
        patchOperations=[{"op": "replace", "path": path, "value": "0"}],
    )


def drop_page(project: Project, outputs: Mapping[str, str]) -> None:
    client = project.emulator.client("s3")
    client.delete_object(Bucket=outputs["SpaBucket"], Key="config.json")


def drop_zip(project: Project, outputs: Mapping[str, str]) -> None:
    control = project.emulator.client("bedrock-agentcore-control")
    runtime = control.get_agent_runtime(agentRuntimeId=outputs["RuntimeId"])
    place = runtime["agentRuntimeArtifact"]["codeConfiguration"]["code"]["s3"]
    client = project.emulator.client("s3")
    for version in client.list_object_versions(Bucket=place["bucket"]).get("Versions", []):
        client.delete_object(
            Bucket=place["bucket"], Key=version["Key"], VersionId=version["VersionId"]
        )
    client.delete_object(Bucket=place["bucket"], Key=place["prefix"])


def drop_callback(project: Project, outputs: Mapping[str, str]) -> None:
    cognito = project.emulator.client("cognito-idp")
    ids = {"UserPoolId": outputs["UserPoolId"], "ClientId": outputs["UserPoolClientId"]}
    client = cognito.describe_user_pool_client(**ids)["UserPoolClient"]
    kept = ("AllowedOAuthFlows", "AllowedOAuthScopes", "AllowedOAuthFlowsUserPoolClient")
    kept += ("LogoutURLs", "ExplicitAuthFlows")
    cognito.update_user_pool_client(
        **ids, **{key: client[key] for key in kept}, CallbackURLs=["https://other.example"]
    )


MUTATIONS: Mapping[str, Callable[[Project, Mapping[str, str]], None]] = {
    "deployed.throttle": drop_throttle,
    "deployed.published": drop_page,
    "deployed.zip": drop_zip,
    "deployed.callback": drop_callback,
}


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    """The project after its first `make deploy`."""
    project.deploy()
    return project


def examine(project: Project) -> dict[str, Any]:
    """What the doctor finds, by the check's id."""
    ran = project.run(
        *("doctor", "--json", "--only", "template", "--only", "deployed"), STACK="sluice"
    )
    assert ran.out, ran.err
    return {each["id"]: each for each in json.loads(ran.out)}


def test_a_stack_that_was_just_deployed_lacks_only_what_the_emulator_drops(
    deployed: Project,
) -> None:
    results = examine(deployed)
    assert {id_ for id_, each in results.items() if each["faults"]} == set(FORGOTTEN)
    # MiniStack does not say what type an API's endpoint has, and nobody asked the agent anything.
    blind = {id_ for id_, each in results.items() if each["result"] == "could not look"}
    assert blind == {"deployed.endpoint", "deployed.metrics"}


def test_each_thing_that_is_broken_by_hand_is_named(deployed: Project) -> None:
    """One after the other: what was named stays named, and nothing else comes to it."""
    expected = set(FORGOTTEN)
    for id_, break_ in MUTATIONS.items():
        break_(deployed, deployed.outputs())
        expected.add(id_)
        found = {name for name, each in examine(deployed).items() if each["faults"]}
        assert found == expected
