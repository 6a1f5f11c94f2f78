"""Clients of AWS, and what their failures say to people."""

import json
import subprocess

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from commands import run_command
from e2e_stack import RunningStack
from ops_support import Deployed

from ops import aws
from ops.oauth import open_http

ACTION = "cognito-idp:AdminCreateUser"
DENIED = (
    f"User: arn:aws:iam::1:user/x is not authorized to perform: {ACTION} on resource: "
    "arn:aws:cognito-idp:eu-west-1:1:userpool/p because no identity-based policy allows it"
)


def refusal(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "AdminCreateUser")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (exceptions.NoCredentialsError(), "aws sso login"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), "a part is missing"),
        (exceptions.NoRegionError(), "REGION="),
        # What a missing REQUESTS_CA_BUNDLE ends in.
        (exceptions.HTTPClientError(error=FileNotFoundError()), "REQUESTS_CA_BUNDLE"),
        (exceptions.UnauthorizedSSOTokenError(), "expired"),
        (exceptions.ProfileNotFound(profile="work"), "work"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x.test"), "https://x.test"),
        (refusal("ExpiredTokenException"), "expired"),
        (refusal("UnrecognizedClientException"), "does not accept these credentials"),
        (refusal("InvalidSignatureException", "Signature expired: 1 is now earlier"), "clock"),
        (refusal("InvalidSignatureException", "The request signature is wrong"), "credentials"),
        (refusal("RequestTimeTooSkewed"), "clock"),
        (refusal("AccessDeniedException", DENIED), f"may not do {ACTION} on arn:aws:cognito"),
        (refusal("AccessDenied", "Access Denied"), "may not do AdminCreateUser:"),
        (refusal("TooManyRequestsException"), "throttled AdminCreateUser"),
        (refusal("InvalidPasswordException", "Too short."), "Too short."),
    ],
)
def test_a_failure_is_one_sentence_that_names_the_mend(error: Exception, words: str) -> None:
    said = aws.explain(error)
    assert words in said
    assert "\n" not in said
    assert said.endswith(".")


ODD_SHELLS = [
    {"HTTPS_PROXY": "socks5://127.0.0.1:9"},
    {"HTTPS_PROXY": "http://[::1"},
    {"ALL_PROXY": "socks://127.0.0.1:9"},
    {"SSL_CERT_FILE": "/nowhere.pem"},
]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://[::1", "http://127.0.0.1:9"])
def test_a_proxy_that_botocore_cannot_use_is_named(monkeypatch, proxy) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in {"AWS_REGION": "eu-west-1", "HTTPS_PROXY": proxy, **keys}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="HTTPS_PROXY"), aws.failures_in_words():
        aws.client("sts").get_caller_identity()


@pytest.mark.parametrize("shell", ODD_SHELLS)
def test_proxies_and_certificates_that_httpx_cannot_use_are_named(monkeypatch, shell) -> None:
    for name, value in {"STACK": "sluice", **shell}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        open_http()
    assert all(name in str(ended.value) for name in shell)
    monkeypatch.delenv("STACK")
    with open_http():
        pass


def test_the_region_is_aws_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert aws.client("logs").meta.region_name == "eu-central-1"
    monkeypatch.delenv("AWS_REGION")
    assert aws.client("logs").meta.region_name == "us-east-1"


def test_the_outputs_of_a_deployed_stack_have_the_same_names(
    deployed: Deployed, stack: RunningStack
) -> None:
    printed = json.loads(run_command("outputs", environment=deployed.environment).stdout)
    assert printed.keys() == stack.outputs.keys()
    assert printed["ApiUrl"] == stack.outputs["ApiUrl"]


def test_a_stack_that_is_not_there_is_named_with_its_region(deployed: Deployed) -> None:
    ended = run_command("outputs", environment={**deployed.environment, "STACK": "elsewhere"})
    check_sentence(ended, "no stack elsewhere in us-east-1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "REGION="),
        ({"AWS_PROFILE": "no-such-profile"}, "no-such-profile"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
)
def test_a_lack_is_said_in_a_sentence(
    changes: dict[str, str], words: str, deployed: Deployed
) -> None:
    check_sentence(run_command("outputs", environment={**deployed.environment, **changes}), words)


@pytest.mark.parametrize("command", ["token", "logs", "create-user"])
def test_every_verb_does_without_a_traceback_where_credentials_lack(
    command: str, deployed: Deployed
) -> None:
    lacking = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "EMAIL": "a@example.com"}
    environment = {**deployed.environment, **lacking}
    check_sentence(run_command(command, environment=environment), "no AWS credentials")


def check_sentence(ended: subprocess.CompletedProcess[str], words: str) -> None:
    """It failed, and said so in one line."""
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not ended.stdout
