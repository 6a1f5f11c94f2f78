"""The doctor looks at a deployed stack: intact, and broken in each way, one at a time."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_fake import Answers, FakeAws, Refusal
from commands import run_command
from e2e_stack import RunningStack
from support import serve

from ops.doctor.check import Result
from ops.doctor.deployed import DEPLOYED, DeployedStack, runtime, subject

Fake = dict[str, dict[str, Any]]
Break = Callable[[Fake], object]

THEN = datetime(2026, 9, 1, tzinfo=UTC)
ACCOUNT, RUNTIME, CLIENT, POOL = "123456789012", "sluice-a1b2c3", "client1", "us-east-1_abc"
ARN = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/{RUNTIME}"
KEY, NEWER = f"agent/{'a' * 64}.zip", f"agent/{'b' * 64}.zip"
OUTPUTS = {
    "SpaUrl": "https://d1.cloudfront.net",
    "ApiUrl": "https://api1.execute-api.us-east-1.amazonaws.com/prod",
    "Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}",
    "LoginUrl": f"https://sluice-{ACCOUNT}.auth.us-east-1.amazoncognito.com",
    "UserPoolId": POOL,
    "UserPoolClientId": CLIENT,
    "RuntimeArn": ARN,
    "RuntimeId": RUNTIME,
    "SpaBucket": "page",
    "ConversationsBucket": "conversations",
    "DistributionId": "E1",
}
CONFIG = {
    "issuer": OUTPUTS["Issuer"],
    "clientId": CLIENT,
    "apiUrl": OUTPUTS["ApiUrl"],
    "loginUrl": OUTPUTS["LoginUrl"],
}
INTEGRATION: dict[str, Any] = {
    "type": "HTTP_PROXY",
    "httpMethod": "POST",
    "uri": "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/"
    f"${{stageVariables.RuntimeId}}/invocations?qualifier=DEFAULT&accountId={ACCOUNT}",
    "requestParameters": {
        "integration.request.header.Authorization": "method.request.header.Authorization"
    },
    "timeoutInMillis": 900_000,
    "responseTransferMode": "STREAM",
}
CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}


def outputs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]


def export(integration: Mapping[str, Any]) -> dict[str, Any]:
    """What an export of the stage says; types are in small letters there."""
    exported = {**integration, "type": str(integration["type"]).lower()}
    paths = {"/chat": {"post": {"x-amazon-apigateway-integration": exported}}}
    return {"contentType": "application/json", "body": json.dumps({"paths": paths}).encode()}


def metric(**dimensions: str) -> dict[str, Any]:
    """One metric of AgentCore's, as ListMetrics tells it."""
    return {
        "Namespace": "AWS/Bedrock-AgentCore",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def intact() -> Fake:
    """The answers about a stack that is as template.yaml says."""
    summary = {"LastUpdatedTimestamp": THEN, "ResourceStatus": "CREATE_COMPLETE"}
    resources = {
        "AWS::ApiGateway::RestApi": "api1",
        "AWS::ApiGateway::Stage": "prod",
        "AWS::Cognito::UserPoolDomain": f"sluice-{ACCOUNT}",
    }
    return {
        "cloudformation": {
            "DescribeStacks": {
                "Stacks": [
                    {
                        "StackName": "chat",
                        "StackId": "arn:aws:cloudformation:us-east-1:1:stack/chat/1",
                        "CreationTime": THEN,
                        "StackStatus": "UPDATE_COMPLETE",
                        "Outputs": outputs(OUTPUTS),
                    }
                ]
            },
            "ListStackResources": {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": type_.rpartition(":")[2],
                        "PhysicalResourceId": id_,
                        "ResourceType": type_,
                        **summary,
                    }
                    for type_, id_ in resources.items()
                ]
            },
            "DescribeStackEvents": {"StackEvents": []},
        },
        "apigateway": {
            "GetRestApi": {"id": "api1", "endpointConfiguration": {"types": ["REGIONAL"]}},
            "GetStage": {
                "deploymentId": "d1",
                "stageName": "prod",
                "variables": {"RuntimeId": RUNTIME},
                "methodSettings": {"*/*": {"throttlingRateLimit": 50.0, "throttlingBurstLimit": 9}},
                "accessLogSettings": {"destinationArn": "arn:aws:logs:x", "format": "$x"},
            },
            "GetResources": {
                "items": [
                    {"id": "r0", "path": "/"},
                    {"id": "r1", "path": "/chat", "resourceMethods": {"POST": {}, "OPTIONS": {}}},
                ]
            },
            "GetMethod": {
                "httpMethod": "POST",
                "authorizationType": "COGNITO_USER_POOLS",
                "authorizerId": "a1",
            },
            "GetIntegration": {"POST": dict(INTEGRATION), "OPTIONS": {"type": "MOCK"}},
            "GetAuthorizers": {
                "items": [
                    {
                        "id": "a1",
                        "type": "COGNITO_USER_POOLS",
                        "providerARNs": [
                            f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{POOL}"
                        ],
                    }
                ]
            },
            "GetGatewayResponses": {
                "items": [
                    {"responseType": "UNAUTHORIZED", "responseParameters": dict(CORS)},
                    {"responseType": "DEFAULT_4XX", "responseParameters": dict(CORS)},
                    {"responseType": "DEFAULT_5XX", "responseParameters": dict(CORS)},
                    {"responseType": "THROTTLED", "defaultResponse": True},
                ]
            },
            "GetExport": export(INTEGRATION),
            "GetAccount": {"cloudwatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/logs"},
        },
        "cognito-idp": {
            "DescribeUserPoolClient": {
                "UserPoolClient": {
                    "AllowedOAuthFlowsUserPoolClient": True,
                    "AllowedOAuthFlows": ["code"],
                    "AllowedOAuthScopes": ["openid", "email", "profile"],
                    "CallbackURLs": [OUTPUTS["SpaUrl"]],
                    "LogoutURLs": [OUTPUTS["SpaUrl"]],
                    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
                    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
                }
            },
            "DescribeUserPoolDomain": {
                "DomainDescription": {"Status": "ACTIVE", "ManagedLoginVersion": 2}
            },
            "DescribeManagedLoginBrandingByClient": {
                "ManagedLoginBranding": {"UseCognitoProvidedValues": True}
            },
        },
        "bedrock-agentcore-control": {
            "GetAgentRuntime": {
                "agentRuntimeArn": ARN,
                "agentRuntimeName": "sluice",
                "agentRuntimeId": RUNTIME,
                "agentRuntimeVersion": "1",
                "createdAt": THEN,
                "lastUpdatedAt": THEN,
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/agent",
                "networkConfiguration": {"networkMode": "PUBLIC"},
                "status": "READY",
                "lifecycleConfiguration": {},
                "agentRuntimeArtifact": {
                    "codeConfiguration": {
                        "code": {"s3": {"bucket": "code", "prefix": KEY}},
                        "runtime": "PYTHON_3_13",
                        "entryPoint": ["main.py"],
                    }
                },
                "authorizerConfiguration": {
                    "customJWTAuthorizer": {
                        "discoveryUrl": f"{OUTPUTS['Issuer']}/.well-known/openid-configuration",
                        "allowedAudience": [CLIENT],
                    }
                },
                "requestHeaderConfiguration": {"requestHeaderAllowlist": ["Authorization"]},
                "environmentVariables": {
                    "SLUICE_MODEL": "bedrock",
                    "SLUICE_MODEL_ID": "global.anthropic.claude-sonnet-4-6",
                    "SLUICE_KNOWLEDGE_BASE": "KB0123ABCD",
                    "SLUICE_CODE_INTERPRETER": "on",
                    "SLUICE_TRACES": "https://xray.us-east-1.amazonaws.com/v1/traces",
                },
            }
        },
        "bedrock": {
            "GetInferenceProfile": {
                "inferenceProfileName": "Global",
                "inferenceProfileArn": "arn:aws:bedrock:us-east-1:1:inference-profile/global.x",
                "models": [
                    {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude"}
                ],
                "inferenceProfileId": "global.anthropic.claude-sonnet-4-6",
                "status": "ACTIVE",
                "type": "SYSTEM_DEFINED",
            },
            "GetFoundationModelAvailability": {
                "modelId": "anthropic.claude",
                "agreementAvailability": {"status": "AVAILABLE"},
                "authorizationStatus": "AUTHORIZED",
                "entitlementAvailability": "AVAILABLE",
                "regionAvailability": "AVAILABLE",
            },
        },
        "bedrock-agent": {
            "GetKnowledgeBase": {
                "knowledgeBase": {
                    "knowledgeBaseId": "KB0123ABCD",
                    "name": "docs",
                    "knowledgeBaseArn": "arn:aws:bedrock:us-east-1:1:knowledge-base/KB0123ABCD",
                    "roleArn": "arn:aws:iam::123456789012:role/knowledge",
                    "knowledgeBaseConfiguration": {"type": "VECTOR"},
                    "status": "ACTIVE",
                    "createdAt": THEN,
                    "updatedAt": THEN,
                }
            }
        },
        "iam": {"SimulatePrincipalPolicy": {}},
        "s3": {"objects": {"/page/index.html": b"<!doctype html>", f"/code/{KEY}": b"zip"}},
        "cloudfront": {
            "GetDistribution": {
                "Distribution": {
                    "Id": "E1",
                    "ARN": "arn:aws:cloudfront::1:distribution/E1",
                    "Status": "Deployed",
                    "LastModifiedTime": THEN,
                    "InProgressInvalidationBatches": 0,
                    "DomainName": "d1.cloudfront.net",
                    "DistributionConfig": {
                        "CallerReference": "x",
                        "Origins": {
                            "Quantity": 1,
                            "Items": [{"Id": "site", "DomainName": "page.s3.amazonaws.com"}],
                        },
                        "DefaultCacheBehavior": {
                            "TargetOriginId": "site",
                            "ViewerProtocolPolicy": "https-only",
                        },
                        "Comment": "",
                        "Enabled": True,
                    },
                }
            }
        },
        "cloudwatch": {
            "ListMetrics": {"Metrics": [metric(Service="AgentCore.Runtime", Resource=ARN)]}
        },
        "xray": {
            "GetTraceSegmentDestination": {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}
        },
        # Not a service: what the tests themselves set.
        "test": {"config": dict(CONFIG), "denied": set(), "newest": KEY},
    }


def playable(fake: Fake) -> Answers:
    """The fake's answers, with those that depend on what is asked."""
    answers = {name: dict(service) for name, service in fake.items() if name != "test"}
    integrations = answers["apigateway"]["GetIntegration"]
    answers["apigateway"]["GetIntegration"] = lambda params: integrations[params["http_method"]]
    objects = {
        "/page/config.json": json.dumps(fake["test"]["config"]).encode(),
        **answers["s3"].pop("objects"),
    }

    def get(params: Mapping[str, str]) -> Any:
        if objects.get(params["path"]) is None:
            return Refusal("NoSuchKey", 404)
        return {"Body": objects[params["path"]]}

    def head(params: Mapping[str, str]) -> Any:
        return {} if objects.get(params["path"]) is not None else Refusal("404", 404)

    def simulate(params: Mapping[str, str]) -> Any:
        actions = [value for key, value in params.items() if key.startswith("ActionNames.")]
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": each,
                    "EvalDecision": "implicitDeny" if each in fake["test"]["denied"] else "allowed",
                }
                for each in actions
            ]
        }

    answers["s3"] = {"GetObject": get, "HeadObject": head}
    answers["iam"]["SimulatePrincipalPolicy"] = simulate
    return answers


def put(*path: Any, value: Any) -> Break:
    """A break that sets one thing in the answers; None takes it away."""

    def edit(fake: Fake) -> None:
        node: Any = fake
        for key in path[:-1]:
            node = node[key]
        if value is None:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return edit


def both(*breaks: Break) -> Break:
    def edit(fake: Fake) -> None:
        for each in breaks:
            each(fake)

    return edit


def integration(**changes: Any) -> Break:
    """The integration changed, and deployed so."""
    changed = {**INTEGRATION, **changes}
    return both(
        put("apigateway", "GetIntegration", "POST", value=changed),
        put("apigateway", "GetExport", value=export(changed)),
    )


def events(reason: str) -> dict[str, Any]:
    """Newest first: the rollback, the failure, the start."""
    common = {"StackId": "s", "EventId": "e", "StackName": "chat", "Timestamp": THEN}
    whole = {**common, "LogicalResourceId": "chat", "ResourceType": "AWS::CloudFormation::Stack"}
    failed = {"LogicalResourceId": "Runtime", "ResourceType": "AWS::BedrockAgentCore::Runtime"}
    return {
        "StackEvents": [
            {**whole, "ResourceStatus": "ROLLBACK_COMPLETE"},
            {
                **{**common, **failed, "LogicalResourceId": "Other"},
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": "Resource creation cancelled",
            },
            {
                **{**common, **failed},
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": reason,
            },
            {**whole, "ResourceStatus": "CREATE_IN_PROGRESS"},
        ]
    }


_STACK = ("cloudformation", "DescribeStacks", "Stacks", 0)
_RUNTIME = ("bedrock-agentcore-control", "GetAgentRuntime")
_JWT = (*_RUNTIME, "authorizerConfiguration", "customJWTAuthorizer")
_CLIENT = ("cognito-idp", "DescribeUserPoolClient", "UserPoolClient")
_DOMAIN = ("cognito-idp", "DescribeUserPoolDomain", "DomainDescription")
_MODEL = ("bedrock", "GetFoundationModelAvailability")
_DISTRIBUTION = ("cloudfront", "GetDistribution", "Distribution")
_SETTINGS = ("apigateway", "GetStage", "methodSettings", "*/*")

MUTATIONS: Mapping[str, tuple[str, Break]] = {
    "a creation that was rolled back": (
        "stack: No such role.",
        both(
            put(*_STACK, "StackStatus", value="ROLLBACK_COMPLETE"),
            put("cloudformation", "DescribeStackEvents", value=events("No such role.")),
        ),
    ),
    "an update that was rolled back": (
        "stack: UPDATE_ROLLBACK_COMPLETE",
        put(*_STACK, "StackStatus", value="UPDATE_ROLLBACK_COMPLETE"),
    ),
    "an output of another version": (
        "outputs: DistributionId",
        put(*_STACK, "Outputs", value=outputs({**OUTPUTS})[:-1]),
    ),
    "an edge endpoint": (
        "endpoint: EDGE",
        put("apigateway", "GetRestApi", "endpointConfiguration", "types", value=["EDGE"]),
    ),
    "a buffered answer": (
        "streams: BUFFERED",
        integration(responseTransferMode="BUFFERED", timeoutInMillis=29_000),
    ),
    "a stream of half a minute": ("timeout: 30 s", integration(timeoutInMillis=30_000)),
    "no accountId": (
        "target: invocations",
        integration(uri=INTEGRATION["uri"].partition("&")[0]),
    ),
    "another runtime": (
        "target: other-1",
        put("apigateway", "GetStage", "variables", "RuntimeId", value="other-1"),
    ),
    "an open API": (
        "authorizer: NONE",
        put("apigateway", "GetMethod", "authorizationType", value="NONE"),
    ),
    "scopes": (
        "authorizer: email",
        put("apigateway", "GetMethod", "authorizationScopes", value=["email"]),
    ),
    "another pool at the gate": (
        "authorizer: other",
        put("apigateway", "GetAuthorizers", "items", 0, "providerARNs", value=["arn:other"]),
    ),
    "a 401 that no page can read": (
        "refusals: UNAUTHORIZED",
        put("apigateway", "GetGatewayResponses", "items", 0, "responseParameters", value=None),
    ),
    "no headers on what is left": (
        "refusals: DEFAULT_5XX",
        put(
            *("apigateway", "GetGatewayResponses", "items", 2),
            value={"responseType": "DEFAULT_5XX", "defaultResponse": True},
        ),
    ),
    "an old deployment": (
        "stale: timeoutInMillis 29000",
        put("apigateway", "GetExport", value=export({**INTEGRATION, "timeoutInMillis": 29_000})),
    ),
    "a deployment from before the method": (
        "stale: does not serve POST /chat",
        put("apigateway", "GetExport", "body", value=b'{"paths": {}}'),
    ),
    "a throttle of 0": ("throttle: 0 requests", put(*_SETTINGS, "throttlingRateLimit", value=0.0)),
    "a burst of 0": ("throttle: 0 at once", put(*_SETTINGS, "throttlingBurstLimit", value=0)),
    "no role for logs": ("log-role: no CloudWatch role", put("apigateway", "GetAccount", value={})),
    "OAuth switched off": (
        "oauth: False",
        put(*_CLIENT, "AllowedOAuthFlowsUserPoolClient", value=None),
    ),
    "no openid": ("oauth: email", put(*_CLIENT, "AllowedOAuthScopes", value=["email"])),
    "a callback with a slash": (
        "callback: CallbackURLs",
        put(*_CLIENT, "CallbackURLs", value=[f"{OUTPUTS['SpaUrl']}/"]),
    ),
    "no sign-out address": ("callback: LogoutURLs", put(*_CLIENT, "LogoutURLs", value=None)),
    "no rotation": ("rotation: DISABLED", put(*_CLIENT, "RefreshTokenRotation", value=None)),
    "a domain under way": ("domain: CREATING", put(*_DOMAIN, "Status", value="CREATING")),
    "the older sign-in pages": ("domain: version 1", put(*_DOMAIN, "ManagedLoginVersion", value=1)),
    "no branding": (
        "branding: none",
        put(
            *("cognito-idp", "DescribeManagedLoginBrandingByClient"),
            value=Refusal("ResourceNotFoundException"),
        ),
    ),
    "a runtime that failed": (
        "runtime: UPDATE_FAILED: No wheel.",
        both(
            put(*_RUNTIME, "status", value="UPDATE_FAILED"),
            put(*_RUNTIME, "failureReason", value="No wheel."),
        ),
    ),
    "both lists of the authorizer": (
        "audience: allowedClients",
        put(*_JWT, "allowedClients", value=[CLIENT]),
    ),
    "another audience": ("audience: other", put(*_JWT, "allowedAudience", value=["other"])),
    "another issuer": ("issuer: https://x", put(*_JWT, "discoveryUrl", value="https://x")),
    "an allowlist without Authorization": (
        "allowlist: X-Other",
        put(
            *(*_RUNTIME, "requestHeaderConfiguration", "requestHeaderAllowlist"), value=["X-Other"]
        ),
    ),
    "code that was not deployed": (f"code: {KEY}", put("test", "newest", value=NEWER)),
    "a zip that is gone": ("zip: code/agent", put("s3", "objects", f"/code/{KEY}", value=None)),
    "no ListBucket": ("role: s3:ListBucket", put("test", "denied", value={"s3:ListBucket"})),
    "no InvokeModel": (
        "role: bedrock:InvokeModelWithResponseStream",
        put("test", "denied", value={"bedrock:InvokeModelWithResponseStream"}),
    ),
    "a model nobody asked for": (
        "model: NOT_AUTHORIZED",
        put(*_MODEL, "authorizationStatus", value="NOT_AUTHORIZED"),
    ),
    "a profile of other regions": (
        "model: not known",
        put("bedrock", "GetInferenceProfile", value=Refusal("ResourceNotFoundException", 404)),
    ),
    "a model without an agreement": (
        "model: agreement NOT_AVAILABLE",
        put(*_MODEL, "agreementAvailability", "status", value="NOT_AVAILABLE"),
    ),
    "a model of other regions": (
        "model: regionAvailability",
        put(*_MODEL, "regionAvailability", value="NOT_AVAILABLE"),
    ),
    "no Retrieve": (
        "role: bedrock:Retrieve",
        put("test", "denied", value={"bedrock:Retrieve"}),
    ),
    "a role that may not run code": (
        "role: bedrock-agentcore:InvokeCodeInterpreter",
        put("test", "denied", value={"bedrock-agentcore:InvokeCodeInterpreter"}),
    ),
    "a knowledge base that is gone": (
        "knowledge: KB0123ABCD",
        put("bedrock-agent", "GetKnowledgeBase", value=Refusal("ResourceNotFoundException", 404)),
    ),
    "a knowledge base that failed": (
        "knowledge: FAILED",
        put("bedrock-agent", "GetKnowledgeBase", "knowledgeBase", "status", value="FAILED"),
    ),
    "an empty bucket": (
        "published: no page",
        put("s3", "objects", "/page/index.html", value=None),
    ),
    "another stack's config.json": (
        "published: clientId other",
        put("test", "config", "clientId", value="other"),
    ),
    "a distribution under way": (
        "distribution: InProgress",
        put(*_DISTRIBUTION, "Status", value="InProgress"),
    ),
    "metrics under another name": (
        f"metrics: Agent {RUNTIME}",
        put("cloudwatch", "ListMetrics", "Metrics", value=[metric(Agent=RUNTIME)]),
    ),
    "no Transaction Search": (
        "traces: XRay",
        put("xray", "GetTraceSegmentDestination", "Destination", value="XRay"),
    ),
    "Transaction Search under way": (
        "traces: PENDING",
        put("xray", "GetTraceSegmentDestination", "Status", value="PENDING"),
    ),
    "a distribution switched off": (
        "distribution: not enabled",
        put(*_DISTRIBUTION, "DistributionConfig", "Enabled", value=False),
    ),
}


class Account:
    """An AWS account with one stack in it. Its clients are made once: that takes a second."""

    def __init__(self, app: FakeAws, code: Path) -> None:
        self._app, self._code, self._clients = app, code, dict[str, Any]()

    def examine(self, fake: Fake) -> list[Result]:
        """The doctor's findings when AWS says what the fake says."""
        self._code.write_text(f"AgentCodeBucket: code\nAgentCodeKey: {fake['test']['newest']}\n")
        self._app.answers = playable(fake)
        return DEPLOYED.examine(DeployedStack("chat", self._clients))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account, and a checkout from which an agent's zip was uploaded."""
    code = tmp_path_factory.mktemp("build") / "code.yaml"
    app = FakeAws(playable(intact()))
    with serve(app) as url, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in app.environment(url).items():
            patch.setenv(name, value)
        patch.setattr(runtime, "CODE", code)
        yield Account(app, code)


def test_the_intact_stack_has_no_fault_and_hides_nothing(account: Account) -> None:
    results = account.examine(intact())
    assert [(each.id, each.faults, each.hindrance) for each in results] == [
        (each.id, (), "") for each in results
    ]


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_break_is_named_and_nothing_else_is(name: str, account: Account) -> None:
    expected, edit = MUTATIONS[name]
    fake = intact()
    edit(fake)
    results = account.examine(fake)
    id_, _, saw = expected.partition(": ")
    faults = {each.id: each.faults for each in results if each.faults}
    assert list(faults) == [f"deployed.{id_}"], faults
    assert saw in faults[f"deployed.{id_}"][0].saw


def test_every_check_of_a_deployed_stack_has_a_break() -> None:
    seen = {f"deployed.{expected.partition(': ')[0]}" for expected, _ in MUTATIONS.values()}
    assert seen | {"deployed.clock"} == {check.id for check in DEPLOYED.checks}


@pytest.mark.parametrize(("offset", "saw"), [(400, "s ahead"), (-90, "s behind")])
def test_a_clock_that_differs_from_awss_is_named(
    offset: int, saw: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SimpleNamespace(time=lambda: time.time() + offset)
    monkeypatch.setattr(subject, "time", wrong)
    faults = {each.id: each.faults for each in account.examine(intact()) if each.faults}
    assert list(faults) == ["deployed.clock"]
    assert saw in faults["deployed.clock"][0].saw


@pytest.mark.parametrize(
    ("edit", "id_", "why"),
    [
        (put(*_STACK, "StackStatus", value="UPDATE_IN_PROGRESS"), "stack", "UPDATE_IN_PROGRESS"),
        (put(*_RUNTIME, "environmentVariables", "SLUICE_MODEL", value="openai"), "model", "not"),
        (put("test", "newest", value="}"), "code", "make bundle-agent"),
        (put("cloudwatch", "ListMetrics", "Metrics", value=[]), "metrics", "15 minutes"),
        (
            put("cloudwatch", "ListMetrics", "Metrics", value=[metric(Resource="arn:other")]),
            *("metrics", "15 minutes"),
        ),
    ],
    ids=[
        "an update under way",
        "another model",
        "nothing uploaded from here",
        "nothing asked yet",
        "nothing asked yet beside another runtime",
    ],
)
def test_what_cannot_be_seen_is_said_and_is_no_fault(
    edit: Break, id_: str, why: str, account: Account
) -> None:
    fake = intact()
    edit(fake)
    results = account.examine(fake)
    assert not [each for each in results if each.faults]
    assert why in next(each.hindrance for each in results if each.id == f"deployed.{id_}")


@pytest.mark.parametrize("address", [None, "https://collector.example:4318"])
def test_spans_that_go_elsewhere_are_no_business_of_x_ray(
    address: str | None, account: Account
) -> None:
    fake = intact()
    put(*_RUNTIME, "environmentVariables", "SLUICE_TRACES", value=address)(fake)
    put("xray", "GetTraceSegmentDestination", "Destination", value="XRay")(fake)
    assert not [each for each in account.examine(fake) if each.faults or each.hindrance]


def test_a_permission_that_the_doctor_lacks_hides_one_check_and_no_other(account: Account) -> None:
    fake = intact()
    denied = Refusal("AccessDeniedException", 403, "not authorized to perform: bedrock:Get")
    fake["bedrock"]["GetFoundationModelAvailability"] = denied
    results = account.examine(fake)
    assert [each.id for each in results if each.hindrance] == ["deployed.model"]
    assert "bedrock:Get" in next(each.hindrance for each in results if each.hindrance)


def test_a_stack_that_does_not_exist_is_said_and_is_no_fault() -> None:
    fake = intact()
    missing = Refusal("ValidationError", 400, "Stack with id gone does not exist")
    fake["cloudformation"]["DescribeStacks"] = missing
    app = FakeAws(playable(fake))
    with serve(app) as url:
        ran = run_command(
            *("doctor", "--only", "deployed", "--only", "live"),
            environment={**app.environment(url), "STACK": "gone"},
        )
    assert "There is no stack gone in us-east-1" in ran.stdout


def test_a_deployed_stack_is_looked_at_from_all_sides(stack: RunningStack) -> None:
    """AWS's answers are the fake's; the stack's parts answer where the local ones do."""
    fake = intact()
    fake["cloudformation"]["DescribeStacks"]["Stacks"][0]["Outputs"] = outputs(
        {**stack.outputs, "RuntimeArn": ARN}
    )
    app = FakeAws(playable(fake))
    token = stack.tokens()["id_token"]
    with serve(app) as url:
        ran = run_command(
            *("doctor", "--json", "--only", "token", "--only", "live"),
            environment={**app.environment(url), "STACK": "chat", "SLUICE_TOKEN": token},
        )
    results = json.loads(ran.stdout)
    assert {each["id"]: each["result"] for each in results if each["result"] != "ok"} == {}
    assert token not in ran.stdout
