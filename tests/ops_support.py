"""What tests of the commands know of a deployed stack."""

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from emulator import ROOT, Emulator

STACK_NAME = "chat"
_FAKE_BROWSER = ROOT / "tests" / "fake_browser.py"


@dataclass(frozen=True)
class Deployed:
    """A stack that CloudFormation knows; its parts answer at the local stack's addresses."""

    emulator: Emulator
    dev_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a command is run with to be about this stack."""
        return {
            **self.emulator.environment,
            "STACK": STACK_NAME,
            "BROWSER": f"{shlex.join([sys.executable, str(_FAKE_BROWSER)])} %s",
            "PYTHONPATH": str(ROOT),
        }


def deploy(emulator: Emulator, name: str, outputs: Mapping[str, str], dev_url: str) -> None:
    """Create a stack with these outputs, and with a user pool and an access log of its own."""
    policy = {
        "MinimumLength": 12,
        "RequireLowercase": False,
        "RequireNumbers": True,
        "RequireSymbols": False,
        "RequireUppercase": False,
    }
    template = {
        "Parameters": {"DevUrl": {"Type": "String"}},
        "Resources": {
            "ApiLog": {"Type": "AWS::Logs::LogGroup"},
            "UserPool": {
                "Type": "AWS::Cognito::UserPool",
                "Properties": {
                    "UsernameAttributes": ["email"],
                    "Policies": {"PasswordPolicy": policy},
                },
            },
        },
        "Outputs": {
            **{key: {"Value": value} for key, value in outputs.items()},
            "UserPoolId": {"Value": {"Ref": "UserPool"}},
        },
    }
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "DevUrl", "ParameterValue": dev_url}],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
