"""What `make deploy` says at its end."""

import pytest

from ops import deploy
from ops.stacks import Stack


def stack(**outputs: str) -> Stack:
    """A stack that was deployed before, with these outputs beside its addresses."""
    parameters = {"OidcName": "Company", "OidcClientId": "c-1", "IdleSeconds": "900"}
    addresses = dict.fromkeys(("SpaUrl", "ApiUrl", "LoginUrl"), "https://x.example")
    return Stack("chat", "arn:of-chat", "UPDATE_COMPLETE", parameters, addresses | outputs)


def test_an_identity_provider_is_to_be_given_the_redirect_that_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cognito takes the provider's answer at its own address, and not at the page's."""
    deployed = stack(OidcRedirectUrl="https://x.example/oauth2/idpresponse")
    deploy.report(deployed, deployed)
    printed = capsys.readouterr().out
    assert "Company has to know this redirect of the client c-1:" in printed
    assert "\nhttps://x.example/oauth2/idpresponse\n" in printed


def test_without_a_provider_nothing_is_said_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    deploy.report(stack(), stack())
    assert "redirect" not in capsys.readouterr().out
