"""AWS::BedrockAgentCore::Runtime, kept where MiniStack's AgentCore control plane keeps its own.

So a runtime that a stack made can be listed and described with boto3 (bedrock-agentcore-control).
What AWS refuses beyond the type's schema is refused here too; each refusal names its source.
"""

import json
import re

import schemas
from ministack.services import bedrock_agentcore, iam, s3

TYPE = "AWS::BedrockAgentCore::Runtime"
OPTIONAL = (
    "description",
    "protocolConfiguration",
    "environmentVariables",
    "authorizerConfiguration",
    "requestHeaderConfiguration",
    "lifecycleConfiguration",
)


def create(_logical_id, properties, _stack_name):
    """CreateAgentRuntime. Returns the runtime's id (what Ref gives) and its attributes."""
    answer = call(bedrock_agentcore._create_agent_runtime, json.dumps(request(properties)))
    return answer["agentRuntimeId"], attributes(answer["agentRuntimeId"])


def update(runtime_id, old, new, stack_name):
    """UpdateAgentRuntime, which makes a new version; a new name makes a new runtime instead."""
    if old["AgentRuntimeName"] != new["AgentRuntimeName"]:
        return create(None, new, stack_name)
    body = request(new)
    record = bedrock_agentcore._runtimes[runtime_id]
    for name in OPTIONAL:
        record.pop(name, None)
    call(bedrock_agentcore._update_agent_runtime, runtime_id, json.dumps(body))
    return runtime_id, attributes(runtime_id)


def delete(runtime_id, _properties):
    """DeleteAgentRuntime; one that is gone already is no fault of the stack's."""
    bedrock_agentcore._delete_agent_runtime(runtime_id)


def attributes(runtime_id):
    """What Fn::GetAtt can ask of a runtime."""
    record = bedrock_agentcore._runtimes[runtime_id]
    return {
        "AgentRuntimeArn": record["agentRuntimeArn"],
        "AgentRuntimeId": runtime_id,
        "AgentRuntimeVersion": record["agentRuntimeVersion"],
        "Status": record["status"],
    }


def request(properties):
    """The API's request for a template's properties. Raises ValueError for what AWS refuses."""
    schema = schemas.load(TYPE)
    given = schemas.coerce(properties, schema, schema)
    refuse(given)
    body = lower(given)
    if "EnvironmentVariables" in given:
        body["environmentVariables"] = given["EnvironmentVariables"]  # the names are people's own
    if "ProtocolConfiguration" in given:
        body["protocolConfiguration"] = {"serverProtocol": given["ProtocolConfiguration"]}
    body.pop("tags", None)
    return body


def refuse(given):
    """Raise ValueError for what the service refuses though the schema lets it pass."""
    name = given["AgentRuntimeName"]
    # The schema's pattern is not anchored; the service's is (CreateAgentRuntime, API reference).
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,47}", name):
        raise ValueError(
            f"1 validation error detected: Value '{name}' at 'agentRuntimeName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            "[a-zA-Z][a-zA-Z0-9_]{0,47} "
            "(Service: BedrockAgentCoreControl, Status Code: 400)"
        )
    if "NetworkConfiguration" not in given:
        raise ValueError("networkConfiguration is required")
    # Whoever creates the runtime reads the zip ("Direct code deployment", AgentCore guide).
    code = given["AgentRuntimeArtifact"].get("CodeConfiguration", {}).get("Code", {}).get("S3")
    if code and s3._get_object_data(code["Bucket"], code["Prefix"]) is None:
        raise ValueError(
            f"The S3 object s3://{code['Bucket']}/{code['Prefix']} does not exist "
            "(Service: BedrockAgentCoreControl, Status Code: 400)"
        )
    if not any(role["Arn"] == given["RoleArn"] for role in iam._roles.values()):
        raise ValueError(f"Role validation failed for '{given['RoleArn']}'.")
    # "Pass custom headers to Amazon Bedrock AgentCore Runtime" (AgentCore guide).
    headers = given.get("RequestHeaderConfiguration", {}).get("RequestHeaderAllowlist", [])
    for header in map(str.lower, headers):
        if header.startswith(("x-amz-", "x-amzn-")) and not header.startswith(
            "x-amzn-bedrock-agentcore-runtime-custom-"
        ):
            raise ValueError(f"Header {header} cannot be in the request header allowlist.")
        if header == "authorization" and "AuthorizerConfiguration" not in given:
            raise ValueError("Authorization can be allowed only with a JWT authorizer.")


def lower(value):
    """A template's PascalCase keys as the API's camelCase; only S3 is not S3 any more."""
    if isinstance(value, dict):
        return {"s3" if k == "S3" else k[0].lower() + k[1:]: lower(v) for k, v in value.items()}
    return [lower(item) for item in value] if isinstance(value, list) else value


def call(action, *arguments):
    """The answer of one of MiniStack's actions; its refusal as a ValueError."""
    status, _headers, body = action(*arguments)
    answer = json.loads(body)
    if status >= 400:
        message = answer.get("message", body)
        raise ValueError(f"{message} (Service: BedrockAgentCoreControl, Status Code: {status})")
    return answer


HANDLER = {"create": create, "update": update, "delete": delete}
