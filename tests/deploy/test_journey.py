"""A stack's life, by the real `sam`, from the first deployment on. What these tests look at is what
the emulator then holds, not what a command says of itself.

Each test makes one change to one stack and leaves it deployed; none needs another to have run.
"""

import time

import pytest
from botocore.exceptions import ClientError

from .conftest import Project

# Each starts sam or the commands several times, which a busy machine makes slow.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ASSET = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    """The project after its first `make deploy`."""
    ran = project.deploy()
    (project.folder / "first.txt").write_text(ran.out)
    return project


def runtime(project: Project) -> dict:
    """The stack's runtime, as AgentCore describes it."""
    client = project.emulator.client("bedrock-agentcore-control")
    return client.get_agent_runtime(agentRuntimeId=project.outputs()["RuntimeId"])


def code_key(project: Project) -> str:
    """The S3 key of the code that the runtime runs."""
    return runtime(project)["agentRuntimeArtifact"]["codeConfiguration"]["code"]["s3"]["prefix"]


def deployments(project: Project) -> list[str]:
    """The ids of the API's deployments."""
    api = project.emulator.client("apigateway")
    return [d["id"] for d in api.get_deployments(restApiId=api_id(project))["items"]]


def api_id(project: Project) -> str:
    """The REST API's id."""
    return project.outputs()["ApiUrl"].removeprefix("https://").split(".")[0]


def stage(project: Project) -> dict:
    """The API's stage."""
    return project.emulator.client("apigateway").get_stage(
        restApiId=api_id(project), stageName="prod"
    )


def client(project: Project) -> dict:
    """The user pool's client."""
    outputs = project.outputs()
    return project.emulator.client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["UserPoolId"], ClientId=outputs["UserPoolClientId"]
    )["UserPoolClient"]


def test_the_first_deployment_names_the_addresses_and_the_next_step(deployed: Project) -> None:
    said = (deployed.folder / "first.txt").read_text()
    outputs = deployed.outputs()
    for name in ("SpaUrl", "ApiUrl", "LoginUrl"):
        assert outputs[name] in said
    assert "make create-user EMAIL=you@example.com STACK=sluice" in said


def test_the_agents_zip_is_in_a_private_bucket_and_the_runtime_names_it(deployed: Project) -> None:
    code = runtime(deployed)["agentRuntimeArtifact"]["codeConfiguration"]["code"]["s3"]
    s3 = deployed.emulator.client("s3")
    stored = s3.get_object(Bucket=code["bucket"], Key=code["prefix"])["Body"].read()
    assert stored == (deployed.folder / ".build" / "agent.zip").read_bytes()
    block = s3.get_public_access_block(Bucket=code["bucket"])["PublicAccessBlockConfiguration"]
    assert all(block.values())


def test_the_site_is_published_with_types_and_cache_headers(deployed: Project) -> None:
    found = {
        key: (head["ContentType"], head["CacheControl"])
        for key, head in deployed.objects(deployed.outputs()["SpaBucket"]).items()
    }
    assert found.pop("index.html") == ("text/html; charset=utf-8", "no-cache")
    assert found.pop("config.json") == ("application/json; charset=utf-8", "no-cache")
    types = {key.rsplit(".")[-1]: headers for key, headers in found.items()}
    assert types == {
        "js": ("text/javascript; charset=utf-8", ASSET),
        "svg": ("image/svg+xml; charset=utf-8", ASSET),
    }


def test_the_page_is_told_the_stacks_own_addresses(deployed: Project) -> None:
    outputs = deployed.outputs()
    s3 = deployed.emulator.client("s3")
    config = s3.get_object(Bucket=outputs["SpaBucket"], Key="config.json")["Body"].read().decode()
    for name in ("Issuer", "UserPoolClientId", "ApiUrl", "LoginUrl"):
        assert f'"{outputs[name]}"' in config


def test_the_api_leads_to_the_runtime_and_only_for_those_who_signed_in(deployed: Project) -> None:
    items = deployed.emulator.client("apigateway").get_resources(
        restApiId=api_id(deployed), embed=["methods"]
    )["items"]
    methods = next(item for item in items if item["path"] == "/chat")["resourceMethods"]
    assert methods.keys() == {"POST", "OPTIONS"}
    assert methods["POST"]["authorizationType"] == "COGNITO_USER_POOLS"
    assert methods["POST"]["methodIntegration"]["type"] == "HTTP_PROXY"
    assert methods["POST"]["methodIntegration"]["uri"].startswith(
        "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/${stageVariables.RuntimeId}/"
    )
    assert stage(deployed)["variables"]["RuntimeId"] == deployed.outputs()["RuntimeId"]


def test_people_sign_in_by_code_for_the_page_alone(deployed: Project) -> None:
    found = client(deployed)
    assert found["AllowedOAuthFlowsUserPoolClient"] is True
    assert found["AllowedOAuthFlows"] == ["code"]
    assert found["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]
    assert deployed.outputs()["SpaUrl"] in found["CallbackURLs"]
    authorizer = runtime(deployed)["authorizerConfiguration"]["customJWTAuthorizer"]
    assert authorizer["allowedAudience"] == [found["ClientId"]]


def test_a_second_run_without_changes_changes_nothing(deployed: Project) -> None:
    deployed.deploy()
    before = deployed.stack(), runtime(deployed), deployments(deployed)
    objects = deployed.objects(deployed.outputs()["SpaBucket"])
    modified = {key: head["LastModified"] for key, head in objects.items()}
    began = time.monotonic()
    ran = deployed.deploy()
    assert time.monotonic() - began < 10
    assert "sluice is up to date" in ran.out
    assert "none changed" in ran.out
    after = deployed.stack(), runtime(deployed), deployments(deployed)
    for was, now in zip(before, after, strict=True):
        if isinstance(was, dict):
            was.pop("ResponseMetadata", None), now.pop("ResponseMetadata", None)
        assert was == now
    objects = deployed.objects(deployed.outputs()["SpaBucket"])
    assert modified == {key: head["LastModified"] for key, head in objects.items()}


def test_a_changed_agent_reaches_the_runtime_under_a_key_of_its_own(deployed: Project) -> None:
    before = code_key(deployed), runtime(deployed)["agentRuntimeVersion"]
    (deployed.folder / "agent" / "main.py").write_text(f"print('at {time.time_ns()}')\n")
    ran = deployed.deploy()
    after = code_key(deployed), runtime(deployed)["agentRuntimeVersion"]
    assert before[0] != after[0]
    assert int(after[1]) == int(before[1]) + 1
    assert "A session that is warm keeps the old one" in ran.out


def test_a_changed_template_is_taken_up(deployed: Project) -> None:
    deployed.edit(
        "template.yaml", "Description: !Sub The agent of", "Description: !Sub An agent of"
    )
    deployed.deploy()
    assert runtime(deployed)["description"] == "An agent of sluice"


def test_a_changed_parameter_is_taken_up_and_one_taken_away_has_its_default_again(
    deployed: Project,
) -> None:
    before = deployments(deployed)
    deployed.edit("samconfig.toml", '"Prefix=sluice"', '"Prefix=sluice", "ThrottleRate=7"')
    ran = deployed.deploy()
    assert stage(deployed)["methodSettings"]["*/*"]["throttlingRateLimit"] == 7
    assert set(deployments(deployed)) - set(before), "the API has no new deployment"
    assert "template: validating" not in ran.out
    # DevUrl turns a condition, and is otherwise in no resource.
    assert "http://localhost:3000" in client(deployed)["CallbackURLs"]
    deployed.edit("samconfig.toml", '"ThrottleRate=7"', '"DevUrl="')
    deployed.deploy()
    assert client(deployed)["CallbackURLs"] == [deployed.outputs()["SpaUrl"]]
    assert stage(deployed)["methodSettings"]["*/*"]["throttlingRateLimit"] == 50


def test_a_changed_page_replaces_the_old_one_and_its_files(deployed: Project) -> None:
    outputs = deployed.outputs()
    page = deployed.folder / "spa" / "dist"
    stack_before = deployed.stack()
    for old in (page / "assets").glob("*.js"):
        old.unlink()
    (page / "assets" / "index-9z8y7x6w.js").write_text("console.log('second')\n")
    (page / "index.html").write_text("<script src='/assets/index-9z8y7x6w.js'></script>\n")
    ran = deployed.run("publish-spa", STACK="sluice")
    assert ran.ok, ran.err
    scripts = [key for key in deployed.objects(outputs["SpaBucket"]) if key.endswith(".js")]
    assert scripts == ["assets/index-9z8y7x6w.js"]
    cloudfront = deployed.emulator.client("cloudfront")
    items = cloudfront.list_invalidations(DistributionId=outputs["DistributionId"])
    newest = items["InvalidationList"]["Items"][0]["Id"]
    batch = cloudfront.get_invalidation(DistributionId=outputs["DistributionId"], Id=newest)
    paths = batch["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]
    assert sorted(paths) == ["/", "/index.html"]
    assert deployed.stack() == stack_before


def test_a_property_that_aws_refuses_is_named_and_the_stack_is_as_before(
    deployed: Project,
) -> None:
    before = runtime(deployed)["agentRuntimeArtifact"]
    deployed.edit("template.yaml", "[Authorization]", "[Authorization, X-Amz-Date]")
    ran = deployed.run("deploy")
    deployed.edit("template.yaml", "[Authorization, X-Amz-Date]", "[Authorization]")
    assert not ran.ok
    assert "Runtime (AWS::BedrockAgentCore::Runtime) failed: Header x-amz-date" in ran.err
    assert "sluice is as it was before" in ran.err
    assert "Traceback" not in ran.err
    assert runtime(deployed)["agentRuntimeArtifact"] == before


def test_a_first_deployment_that_fails_says_why_and_how_to_go_on(deployed: Project) -> None:
    ran = deployed.run("deploy", STACK="second")
    assert not ran.ok
    assert "UserPoolDomain (AWS::Cognito::UserPoolDomain) failed:" in ran.err
    assert "The sign-in domain is taken" in ran.err
    assert "give another Prefix in samconfig.toml" in ran.err
    assert deployed.stack("second")["StackStatus"] == "ROLLBACK_COMPLETE"
    for said in (ran.err, deployed.run("deploy", STACK="second").err):
        assert "make destroy STACK=second" in said
    assert deployed.run("destroy", "--yes", STACK="second").ok
    with pytest.raises(ClientError, match="does not exist"):
        deployed.stack("second")


def test_another_prefix_is_refused_before_anything_is_deployed(deployed: Project) -> None:
    before = deployed.stack()
    deployed.edit("samconfig.toml", '"Prefix=sluice"', '"Prefix=other"')
    ran = deployed.run("deploy")
    deployed.edit("samconfig.toml", '"Prefix=other"', '"Prefix=sluice"')
    assert not ran.ok
    assert "Stack sluice has the Prefix sluice, which is final" in ran.err
    buckets = deployed.emulator.client("s3").list_buckets()["Buckets"]
    assert not [each for each in buckets if each["Name"].startswith("other")]
    assert deployed.stack() == before


def test_a_template_that_the_linter_refuses_is_never_uploaded(deployed: Project) -> None:
    before = deployed.stack()
    deployed.edit("template.yaml", "AllowedAudience: [", "AllowedAudiences: [")
    ran = deployed.run("deploy")
    deployed.edit("template.yaml", "AllowedAudiences: [", "AllowedAudience: [")
    assert not ran.ok
    assert "AllowedAudiences" in ran.err
    assert deployed.stack() == before


def test_a_template_that_is_no_yaml_is_refused_with_its_line(deployed: Project) -> None:
    deployed.edit("template.yaml", "\nOutputs:\n", "\nOutputs: [\n")
    ran = deployed.run("deploy")
    deployed.edit("template.yaml", "\nOutputs: [\n", "\nOutputs:\n")
    assert not ran.ok
    assert ran.err.startswith("template.yaml cannot be read: ")
    assert ", line " in ran.err
    assert "Traceback" not in ran.err


def test_a_parameter_that_the_template_forbids_is_refused_before_anything_is_deployed(
    deployed: Project,
) -> None:
    before = deployed.stack()
    deployed.edit("samconfig.toml", '"Prefix=sluice"', '"Prefix=sluice", "IdleSeconds=5"')
    ran = deployed.run("deploy")
    deployed.edit("samconfig.toml", ', "IdleSeconds=5"', "")
    assert not ran.ok
    assert "Parameter IdleSeconds cannot be 5" in ran.err
    assert deployed.stack() == before
