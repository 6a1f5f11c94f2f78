"""Run MiniStack with the resource types it lacks, and with more of CloudFormation's strictness.

Runs in the emulator's environment (.build/emulator), not in the tests': it imports MiniStack.
"""

import branding
import runtime
import strictness
from ministack import app
from ministack.services.cloudformation import provisioners

if __name__ == "__main__":
    provisioners._RESOURCE_HANDLERS["AWS::BedrockAgentCore::Runtime"] = runtime.HANDLER
    provisioners._RESOURCE_HANDLERS["AWS::Cognito::ManagedLoginBranding"] = branding.HANDLER
    branding.install()
    strictness.install()
    app.main()
