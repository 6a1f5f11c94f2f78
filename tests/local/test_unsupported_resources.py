"""Features that are off by default: what `make dev` plays of them, and what it says of the rest."""

import pytest
from policies.additions import sluices_template
from policies.subject import FULL, ORIGINS, ROOT

from local.errors import TemplateError
from local.gateway import Api
from local.parameters import read_parameters
from local.pool import PoolConfig
from local.runtime import RuntimeConfig
from local.template import Resource, Template, load
from local.unsupported_resources import ABSENT, absences

LOCAL = read_parameters(ROOT / "samconfig.toml")
FEDERATED = {name: FULL[name] for name in ("OidcIssuer", "OidcClientId", "OidcSecretArn")}
PLAYED_OR_ABSENT = {
    name: FULL[name]
    for name in FULL.keys()
    - FEDERATED.keys()
    - {"Mfa", "Passkeys", "GuardrailId", "ThinkingTokens"}
}


def resolve(**parameters: str) -> Template:
    """The template as `make dev` resolves it, but for some parameters."""
    return load(sluices_template(), {**LOCAL, **parameters}, ORIGINS)


def test_as_make_dev_has_it_nothing_is_missed() -> None:
    assert absences(resolve()) == []


def test_whatever_is_missed_is_said_with_the_reason() -> None:
    template = resolve(**PLAYED_OR_ABSENT)
    said = absences(template)
    missed = [each for each in template.resources.values() if each.type in ABSENT]
    assert [sentence.split(" ")[0] for sentence in said] == [each.id for each in missed]
    assert {each.type for each in missed} == ABSENT.keys()
    assert all(" is not played here: " in sentence for sentence in said)


def test_with_everything_else_on_the_stack_is_still_played() -> None:
    template = resolve(**PLAYED_OR_ABSENT)
    assert PoolConfig.of(template).callback_urls[0] == ORIGINS.site
    assert RuntimeConfig.of(template).idle_seconds == int(FULL["IdleSeconds"])
    environment = RuntimeConfig.of(template).environment
    assert environment["SLUICE_MCP"] == FULL["McpServers"]
    assert environment["SLUICE_TRACES"] == FULL["TracesEndpoint"]
    assert environment["SLUICE_DAILY_TOKENS_PER_USER"] == FULL["DailyTokensPerUser"]
    assert Api.of(template).stage == "prod"
    assert template.outputs["ApiUrl"] == f"{ORIGINS.api}/prod"
    assert template.outputs["SpaUrl"] == ORIGINS.site


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Mfa": "required"}, r"EnabledMfas: .* Mfa=off"),
        ({"Passkeys": "on"}, r"WebAuthnUserVerification: .* Passkeys=off"),
        (FEDERATED, r"SupportedIdentityProviders must be \[COGNITO\]"),
    ],
    ids=["MFA for all", "passkeys", "another identity provider"],
)
def test_a_sign_in_that_the_local_pool_cannot_play_is_refused_by_name(
    parameters: dict[str, str], named: str
) -> None:
    with pytest.raises(TemplateError, match=named):
        PoolConfig.of(resolve(**parameters))


def test_the_stack_names_the_parameter_that_brought_the_provider() -> None:
    with pytest.raises(TemplateError, match=r"UserPoolOidc: .* an empty OidcIssuer"):
        absences(resolve(**FEDERATED))


def test_a_resource_of_sluices_that_nobody_thought_about_stops_the_start() -> None:
    template = resolve()
    template.resources["ApiLog"] = Resource("ApiLog", "AWS::SQS::Queue", {})
    with pytest.raises(
        TemplateError, match=r"ApiLog: the local stack does not know AWS::SQS::Queue"
    ):
        absences(template)


def test_resources_of_an_adopter_are_named_and_the_rest_runs() -> None:
    template = resolve()
    for id_, type_ in {"Jobs": "AWS::SQS::Queue", "Uploads": "AWS::S3::Bucket"}.items():
        template.resources[id_] = Resource(id_, type_, {})
    template.resources["JobsRole"] = Resource("JobsRole", "AWS::IAM::Role", {})
    assert [sentence.split(":")[0] for sentence in absences(template)] == [
        "Jobs is not played here",
        "Uploads is not played here",
    ]
    assert RuntimeConfig.of(template).id == template.outputs["RuntimeId"]
