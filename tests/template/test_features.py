"""Every feature that is off by default: alone and with all others, and what cannot go together."""

import json
import re

import pytest
from policies.features import FEATURES
from policies.subject import CLOSED, EACH, FULL, OPEN, ORIGINS, PARAMETERS, ROOT, SERVER

from local.errors import TemplateError
from local.shipped import RESOURCES
from local.template import Template, load, parse

TEXT = (ROOT / "template.yaml").read_text()


def resolve(**parameters: str) -> Template:
    return load(ROOT / "template.yaml", {**OPEN, **parameters}, ORIGINS)


def test_the_list_of_features_is_whole() -> None:
    listed = {name for parameters, _ in FEATURES.values() for name in parameters}
    assert listed == EACH.keys() - OPEN.keys()
    assert parse(TEXT)["Parameters"].keys() >= PARAMETERS


def test_off_by_default_nothing_of_them_is_made() -> None:
    made = resolve().resources.keys()
    for _, resources in FEATURES.values():
        assert not made & resources


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_brings_what_it_needs_and_nothing_else(feature: str) -> None:
    names, resources = FEATURES[feature]
    off, on = resolve(), resolve(**{name: EACH[name] for name in names})
    assert (on.resources.keys() - off.resources.keys()) & RESOURCES == resources
    assert off.resources.keys() <= on.resources.keys()
    assert on != off


def test_a_feature_that_is_off_leaves_no_property_behind_but_what_must_be_switched_off() -> None:
    """An empty property could be refused, or mean something; one that is absent cannot, unless AWS
    keeps what it last said (MfaConfiguration, SignInPolicy, TracingEnabled)."""
    texts = {}
    for name, given in {"off": {}, "on": FULL}.items():
        made = resolve(**given).resources
        texts[name] = json.dumps([made[id_].properties for id_ in made.keys() & RESOURCES])
    for word in ("WebAuthn", "WEB_AUTHN", "Aliases", '"TracingEnabled": true'):
        assert word not in texts["off"]
        assert word in texts["on"]
    for word in ("PermissionsBoundary", "SLUICE_GUARDRAIL", "NetworkModeConfig", "AWS::NoValue"):
        assert word not in texts["off"]
    for word in (
        "SLUICE_MCP",
        "InvokeGateway",
        "SLUICE_TRACES",
        "bedrock:Retrieve",
        "KNOWLEDGE",
        "CODE_INTER",
    ):
        assert word not in texts["off"]
        assert word in texts["on"]
    assert "AWS::NoValue" not in texts["on"]


IMPOSSIBLE = {
    "GuardrailOfBedrockOnly": {"GuardrailId": "abc", "Model": "openai"},
    "ThinkingOfBedrockOnly": {"ThinkingTokens": "1024", "Model": "openai"},
    "ServerOfOpenAIOnly": {"ModelUrl": SERVER["ModelUrl"]},
    "ModelOfTheServer": {**SERVER, "ModelId": "global.anthropic.claude-sonnet-4-6"},
    "SubnetsWithSecurityGroups": {"RuntimeSubnets": FULL["RuntimeSubnets"]},
    "PasskeysWithoutMfa": {"Passkeys": "on", "Mfa": "required"},
    "WholeIdentityProvider": {"OidcIssuer": FULL["OidcIssuer"]},
    "SiteDomainWithCertificate": {"SiteDomain": FULL["SiteDomain"]},
    "ApiDomainWithCertificate": {"ApiCertificateArn": FULL["ApiCertificateArn"]},
    "RecordsOfDomains": {"HostedZoneId": FULL["HostedZoneId"]},
    "EmailOfAlarms": {"AlarmEmail": FULL["AlarmEmail"]},
    "BudgetWithEmail": {"BudgetDollars": "10"},
    "OneOriginOnly": {"CorsOrigin": CLOSED["CorsOrigin"]},
}


@pytest.mark.parametrize("rule", IMPOSSIBLE)
def test_what_cannot_go_together_is_refused_before_anything_is_made(rule: str) -> None:
    with pytest.raises(TemplateError, match=f"Rule {rule}: "):
        resolve(**IMPOSSIBLE[rule])


def test_every_rule_has_such_a_case() -> None:
    assert parse(TEXT)["Rules"].keys() >= IMPOSSIBLE.keys()


WRONG = {
    "Model": ["gpt", "Bedrock", ""],
    "ModelUrl": ["models.example.com", "https://key@models.example.com", "https://m/v1?key=1"],
    "ModelSecretArn": [
        *("sesame", "arn:aws:ssm:us-east-1:123456789012:parameter/model"),
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:model",
    ],
    "GuardrailId": ["arn:aws:bedrock:us-east-1:123456789012:guardrail/abc", "ABC"],
    "GuardrailVersion": ["", "0", "latest"],
    "ThinkingTokens": ["-1", "1000", "much"],
    "CodeInterpreter": ["yes", "ON"],
    "KnowledgeBaseId": ["arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB0123ABCD", "KB"],
    "McpServers": ["https://tools.example.com/mcp", "{}", "[", '[{"url":\n""}]', f"[{'1' * 1023}]"],
    "RuntimeSubnets": ["subnet-1", "subnet-0a1b2c3d, subnet-4e5f6a7b", "sg-0a1b2c3d"],
    "RuntimeSecurityGroups": ["default", "sg-0a1b2c3d,"],
    "AgentPolicyArns": [
        *("orders", "arn:aws:iam::123456789012:role/orders", "arn:aws:iam::aws:policy/a,"),
        "arn:aws:iam::aws:policy/a, arn:aws:iam::aws:policy/b",
    ],
    "Mfa": ["on", "ON", "optional", ""],
    "Passkeys": ["yes", "true"],
    "OidcName": ["COGNITO", "My company", "a_b", ""],
    "OidcIssuer": ["http://id.example.com", "https://id.example.com/", "id.example.com"],
    "OidcClientId": ["a b"],
    "OidcSecretArn": ["sesame", "arn:aws:ssm:us-east-1:123456789012:parameter/x"],
    "Waf": ["yes"],
    "WafRate": ["9", "many"],
    "SiteDomain": ["https://chat.example.com", "Chat.example.com", "localhost", "*.example.com"],
    "SiteCertificateArn": ["arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"],
    "ApiDomain": ["api.example.com/prod", "-api.example.com"],
    "ApiCertificateArn": ["arn:aws:iam::123456789012:server-certificate/x"],
    "HostedZoneId": ["example.com", "/hostedzone/Z0123456789ABC"],
    "Alarms": ["yes"],
    "AlarmEmail": ["nobody", "a@b"],
    "Dashboard": ["yes"],
    "Tracing": ["Active"],
    "TracesEndpoint": ["collector:4318", "https://user@collector", "https://c/?key=1", "https://"],
    "BudgetDollars": ["-1", "ten"],
    "BudgetEmail": ["a b@example.com"],
    "PermissionsBoundaryArn": ["arn:aws:iam::123456789012:role/boundary", "boundary"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_a_wrong_value_is_refused_with_the_parameters_own_words(name: str, value: str) -> None:
    constraint = re.escape(parse(TEXT)["Parameters"][name]["ConstraintDescription"].strip())
    with pytest.raises(TemplateError, match=f"(?s)Parameter {name} cannot be .*{constraint}"):
        resolve(**{name: value})


def test_every_feature_has_a_wrong_value() -> None:
    assert WRONG.keys() == EACH.keys() - OPEN.keys()
