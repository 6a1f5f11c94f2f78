"""The doctor names what is wrong with a template file: each break, and nothing beside it.

Most breaks are those of tests/policies: one list of mistakes, judged twice by code that shares
nothing. A policy says what template.yaml must be; the doctor says why a template does not work,
so that it is silent about a break that people would not notice.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
from additions import OPEN_ROUTE as ROUTE
from commands import run_command
from policies import api, runtime, sign_in, stage
from policies.additions import sluices_template
from policies.mutations import MUTATIONS, Edits
from policies.subject import CLOSED, FULL, OPEN, ROOT, Policy

from ops.doctor.template import TEMPLATE, TemplateFile, deploy_parameters

TEXT = sluices_template().read_text()

_TIMEOUT = "timeoutInMillis: 900000"
_STREAM = "responseTransferMode: STREAM"
_PAGE = (
    "        - !If [HasSiteDomain, !Sub 'https://${SiteDomain}', "
    "!Sub 'https://${Site.DomainName}']\n"
)
_MODEL = "                  Action: [bedrock:InvokeModel, bedrock:InvokeModelWithResponseStream]"
_RATE = "          ThrottlingRateLimit: !Ref ThrottleRate\n"

OF_POLICIES: Mapping[Policy, Mapping[str, str]] = {
    api.every_operation_asks_for_a_token: {
        "the authorizer is removed": "token-asked",
        "security is empty": "token-asked",
        "a call without a token is an alternative": "api",
        "the authorizer is not defined": "api",
        "security stands at the root only": "api",
    },
    api.the_authorizer_is_this_templates_user_pool: {
        "another pool": "authorizer-pool",
        "a scheme without an authorizer": "api",
    },
    api.operations_want_an_id_token: {"a scope": "token-kind"},
    api.answers_are_streamed: {"STREAM is misspelt": "api"},
    api.a_stream_may_last_fifteen_minutes: {"the default": "timeout"},
    api.requests_go_to_the_runtime: {
        "no account": "target",
        "another runtime": "target",
        "another host": "target",
        "http_proxy is misspelt": "api",
    },
    api.the_token_and_the_session_reach_the_runtime: {"the token is not declared": "api"},
    api.a_preflight_allows_what_the_page_sends: {"a header is not allowed": "preflight"},
    api.bodies_are_checked_at_the_gate: {"the model is not defined": "api"},
    api.a_page_can_read_every_refusal: {
        "no CORS on 401": "refusals",
        "no answer to the other 5XX": "refusals",
    },
    stage.the_endpoint_is_regional: {"EDGE": "endpoint"},
    stage.a_changed_parameter_reaches_the_api: {"no AlwaysDeploy": "redeploy"},
    runtime.the_runtime_checks_tokens_of_the_user_pool: {"another issuer": "issuer"},
    runtime.the_runtime_takes_id_tokens_of_the_page: {
        "no audience": "audience",
        "AllowedClients beside it": "audience",
    },
    runtime.the_agent_is_told_who_asks_by_the_token_only: {"the allowlist is emptied": "allowlist"},
    runtime.the_runtimes_name_has_no_hyphen: {"hyphens stay": "name"},
    runtime.new_code_has_a_new_key: {"a fixed key": "code-key", "any key": "code-key"},
    sign_in.managed_login_has_its_tier_and_version: {"the older pages": "sign-in"},
    sign_in.the_sign_in_page_has_a_branding: {
        "the branding is of no client": "sign-in",
        "it may come before the domain": "branding-order",
    },
    sign_in.only_the_code_grant_is_open: {
        "the implicit grant": "sign-in",
        "OAuth is off": "sign-in",
    },
    sign_in.refresh_tokens_rotate: {
        "the flow that excludes it": "sign-in",
        "the default flows": "sign-in",
    },
    sign_in.sign_in_returns_to_this_page_only: {"a slash at the end": "callback"},
}

OWN: Mapping[str, Mapping[str, Edits]] = {
    "open-route": {
        "an adopter's": ("          # --- your routes", f"{ROUTE}          # --- your routes"),
    },
    "resolves": {
        "a reference to nothing": ("RoleArn: !GetAtt RuntimeRole.Arn", "RoleArn: !Ref Nobody"),
        "a resource without a type": ("    Type: AWS::Logs::LogGroup\n", ""),
    },
    "api": {
        "longer than a buffered answer may take": (_STREAM, "responseTransferMode: BUFFERED"),
        "a stage variable that is not there": ("RuntimeId: !Ref Runtime }", "Other: x }"),
    },
    "runtime": {
        "a header that is barred": ("Allowlist: [Authorization]", "Allowlist: [X-Amz-Date]"),
        "no entry point": ("          EntryPoint: [main.py]\n", ""),
        "an output is gone": ("  RuntimeId:\n    Description", "  RuntimeName:\n    Description"),
    },
    "environment": {
        "more than the platform takes": (
            "SLUICE_MODEL_REGION: !Ref AWS::Region",
            f"SLUICE_MODEL_REGION: {'x' * 1400}",
        ),
    },
    "streams": {
        "BUFFERED": (
            *(_STREAM, "responseTransferMode: BUFFERED"),
            *(_TIMEOUT, "timeoutInMillis: 29000"),
        ),
        "the default": (_STREAM, "#", _TIMEOUT, "timeoutInMillis: 29000"),
    },
    "endpoint": {
        "SAM's default": ("EndpointConfiguration: { Type: REGIONAL }", "#"),
    },
    "forwarded": {
        "a literal in place of the token": (
            "header.Authorization: method.request.header.Authorization",
            "header.Authorization: \"'Bearer'\"",
        ),
        "the token is looked for elsewhere": (
            "              name: Authorization\n",
            "              name: X-Token\n",
        ),
    },
    "throttle": {"nothing is let through": (_RATE, "          ThrottlingRateLimit: 0\n")},
    "log-role": {
        "the stage does not wait": ("    DependsOn: ApiAccount #", "    #"),
    },
    "role": {
        "conversations cannot be listed": ("Action: s3:ListBucket #", "Action: s3:ListAll #"),
        "the model cannot be streamed": (
            *(f"{_MODEL}\n                  Resource:", "                  Resource:"),
            *(
                f"{_MODEL}\n                  # A",
                "                  Action: x:Y\n                  # A",
            ),
        ),
    },
    "thinking": {
        "as much as the whole answer": (
            "SLUICE_THINKING: !Ref ThinkingTokens",
            "SLUICE_THINKING: !Ref MaxTokens",
        ),
    },
    "callback": {
        "the page is not registered": (f"      CallbackURLs:\n{_PAGE}", "      CallbackURLs:\n"),
        "sign-out goes nowhere": (f"      LogoutURLs:\n{_PAGE}", "      LogoutURLs:\n"),
    },
    "connect-src": {
        "the API is not named": ("https://${Api}.execute-api.${AWS::Region}", "https://${Api}"),
        "sign-in is not named": ("${UserPoolDomain}.auth.${AWS::Region}.amazoncognito.com;", ";"),
    },
}

CASES = [
    pytest.param(id_, MUTATIONS[policy][name], id=f"{id_}: {policy.__name__}: {name}")
    for policy, breaks in OF_POLICIES.items()
    for name, id_ in breaks.items()
] + [
    pytest.param(id_, edits, id=f"{id_}: {name}")
    for id_, breaks in OWN.items()
    for name, edits in breaks.items()
]


def findings(path: Path, parameters: Mapping[str, str]) -> list[str]:
    """The ids of the checks that found a fault, without the group's name."""
    results = TEMPLATE.examine(TemplateFile(path, parameters))
    return [each.id.removeprefix("template.") for each in results if each.faults]


def broken(edits: Edits) -> str:
    """The template after the edits, each of which must find its text once."""
    text = TEXT
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1, f"template.yaml has this {text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    "parameters",
    [OPEN, CLOSED, FULL, deploy_parameters(ROOT, "default")],
    ids=[
        "with a page under development",
        "for its own page only",
        "with all",
        "as make deploy has it",
    ],
)
def test_the_intact_template_has_no_fault_and_hides_nothing(parameters: dict[str, str]) -> None:
    results = TEMPLATE.examine(TemplateFile(sluices_template(), parameters))
    assert [(each.id, each.faults, each.hindrance) for each in results] == [
        (each.id, (), "") for each in results
    ]


@pytest.mark.parametrize(("id_", "edits"), CASES)
def test_each_break_is_named_and_nothing_else_is(id_: str, edits: Edits, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(broken(edits))
    results = TEMPLATE.examine(TemplateFile(path, OPEN))
    faults = {each.id: each.faults for each in results if each.faults}
    assert list(faults) == [f"template.{id_}"], faults
    for fault in faults[f"template.{id_}"]:
        assert fault.saw
        assert fault.should
        assert fault.fix


def test_every_check_of_a_template_has_a_break() -> None:
    seen = {case.values[0] for case in CASES}
    assert {f"template.{id_}" for id_ in seen} == {check.id for check in TEMPLATE.checks}


@pytest.mark.parametrize("text", ["[", "- a list", "Resources: 1", None])
def test_a_file_that_is_no_template_is_one_fault(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    if text is not None:
        path.write_text(text)
    assert findings(path, OPEN) == ["resolves"]


def test_a_parameter_that_the_template_refuses_is_named(tmp_path: Path) -> None:
    assert findings(ROOT / "template.yaml", {**OPEN, "ThrottleRate": "0"}) == ["resolves"]


def test_an_environment_that_samconfig_does_not_have_hides_the_template() -> None:
    ran = run_command("doctor", "--only", "template", environment={"ENV": "nowhere"})
    assert "[nowhere.deploy.parameters]" in ran.stdout
    assert " 0 faults, " in ran.stdout
