"""Spans that go straight to CloudWatch are signed; an independent signing says the same."""

import logging

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sluice.telemetry.xray import Signature, find_region

URL = "https://xray.eu-west-1.amazonaws.com/v1/traces"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> pytest.MonkeyPatch:
    """One without credentials, whatever machine this is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def prepare() -> requests.PreparedRequest:
    return requests.Request("POST", URL, data=b"\x0aspans").prepare()


def test_a_post_is_signed_for_xray_in_the_endpoints_region(environment) -> None:
    environment.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    environment.setenv("AWS_SESSION_TOKEN", "token")
    told = Signature("eu-west-1")(prepare()).headers
    assert told["X-Amz-Security-Token"] == "token"
    again = AWSRequest("POST", URL, {"X-Amz-Security-Token": "token"}, b"\x0aspans")
    again.context["timestamp"] = told["X-Amz-Date"]
    again.headers["X-Amz-Date"] = told["X-Amz-Date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", "token"), "xray", "eu-west-1")
    signature = signer.signature(
        signer.string_to_sign(again, signer.canonical_request(again)), again
    )
    assert told["Authorization"].endswith(f"Signature={signature}")
    assert "/eu-west-1/xray/aws4_request" in told["Authorization"]


def test_without_credentials_one_line_says_so(environment, caplog) -> None:
    sign = Signature("eu-west-1")
    with caplog.at_level(logging.WARNING, "sluice"):
        assert "Authorization" not in sign(prepare()).headers
        sign(prepare())
    assert [record.message for record in caplog.records] == [
        "traces cannot be sent: there are no AWS credentials to sign with"
    ]


@pytest.mark.parametrize(
    ("collector", "region"),
    [
        (URL, "eu-west-1"),
        ("https://xray.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("http://xray.eu-west-1.amazonaws.com/v1/traces", None),
        ("https://xray.eu-west-1.amazonaws.com.example.org/v1/traces", None),
        ("http://127.0.0.1:4318", None),
    ],
)
def test_only_cloudwatchs_own_endpoint_is_signed(collector: str, region: str | None) -> None:
    assert find_region(collector) == region
