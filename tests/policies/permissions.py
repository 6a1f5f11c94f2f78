"""Who may do what: roles, their trust, and the reasons for wide permissions."""

from collections.abc import Iterator
from typing import Any

import yaml

from local.physical_ids import ACCOUNT, REGION

from .nodes import entries, nodes
from .subject import Subject, at, listed, policy, walk

PUSH_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
"""The one managed policy: API Gateway asks for these permissions, on all log groups, before it
takes the role ("Set up CloudWatch logging for REST APIs")."""


def _allowed(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that allows something, with its place."""
    for resource in subject.template.resources.values():
        for place, node in walk(resource.properties, resource.id):
            if "Statement" in node:
                for statement in listed(node["Statement"]):
                    if statement.get("Effect") == "Allow":
                        yield place, statement


@policy
def no_action_is_a_wildcard(subject: Subject) -> Iterator[str]:
    """And none is "all but": a list of what is forbidden grows holes with every new service."""
    for place, statement in _allowed(subject):
        for action in listed(statement.get("Action")):
            if "*" in action:
                yield f"{place} allows {action}"
        for key in {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
            yield f"{place} allows by {key}"


@policy
def a_wide_resource_gives_its_reason(subject: Subject) -> Iterator[str]:
    """A wildcard in what a statement allows stands beside a comment or under a Condition."""
    for node in nodes(subject.root):
        statement = entries(node)
        if not {"Effect", "Resource"} <= statement.keys() or statement["Effect"].value != "Allow":
            continue
        wide = [
            each
            for each in nodes(statement["Resource"])
            if isinstance(each, yaml.ScalarNode) and "*" in each.value
        ]
        if wide and "Condition" not in statement and not subject.comment_in(node):
            line = wide[0].start_mark.line + 1
            yield f"line {line}: nothing says why {wide[0].value} must be so wide"


@policy
def the_agents_role_is_for_this_accounts_runtimes(subject: Subject) -> Iterator[str]:
    """No confused deputy: AgentCore may take the role for this account's runtimes only."""
    conditions = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:*"},
    }
    role = subject.only("AWS::BedrockAgentCore::Runtime").properties.get("RoleArn")
    for each in subject.every("AWS::IAM::Role"):
        for statement in listed(each.properties["AssumeRolePolicyDocument"]["Statement"]):
            service = statement.get("Principal")
            # API Gateway takes its role for the account's logs, whichever API they are of.
            expected = (
                ({"Service": "bedrock-agentcore.amazonaws.com"}, conditions)
                if each.attributes["Arn"] == role
                else ({"Service": "apigateway.amazonaws.com"}, None)
            )
            if (service, statement.get("Condition")) != expected:
                yield f"{each.id} can be taken by {service} under {statement.get('Condition')}"


@policy
def roles_cannot_make_themselves_stronger(subject: Subject) -> Iterator[str]:
    """No passing and no taking of roles, no IAM, and no policy written by somebody else, but for
    those that a parameter gives to the agent."""
    for place, statement in _allowed(subject):
        for action in listed(statement.get("Action")):
            taken = action == "sts:AssumeRole" and "AssumeRolePolicyDocument" not in place
            if action.startswith("iam:") or taken:
                yield f"{place} allows {action}"
    agents = subject.only("AWS::BedrockAgentCore::Runtime").properties.get("RoleArn")
    given = [arn for arn in subject.template.parameters["AgentPolicyArns"].split(",") if arn]
    for role in subject.every("AWS::IAM::Role"):
        expected = given if role.attributes["Arn"] == agents else [PUSH_LOGS]
        if (role.properties.get("ManagedPolicyArns") or []) != expected:
            yield f"{role.id} has other managed policies than {expected}"


@policy
def the_agent_reads_and_writes_conversations_only(subject: Subject) -> Iterator[str]:
    """T1, T4. Of all buckets, the agent's role opens one, and of all models the one that is set.

    A conditional write asks for no more than the read and the write it is made of (S3 User Guide,
    "How to prevent object overwrites with conditional writes").
    """
    bucket = subject.template.resources["ConversationsBucket"].attributes["Arn"]
    model = f"/{subject.template.parameters['ModelId']}"
    wanted = {
        "bedrock:ApplyGuardrail": f"/{subject.template.parameters['GuardrailId'] or None}",
        "bedrock:Retrieve": f"/{subject.template.parameters['KnowledgeBaseId'] or None}",
    }
    opened = set()
    for place, statement in _allowed(subject):
        if not place.startswith("RuntimeRole.Policies"):
            continue
        for action in listed(statement.get("Action")):
            for resource in listed(statement.get("Resource")):
                if action.startswith("s3:"):
                    opened.add((action, resource))
                profile = at(statement, "Condition", "StringEquals", "bedrock:InferenceProfileArn")
                end = wanted.get(action, model)
                if action.startswith("bedrock:") and not (profile or resource).endswith(end):
                    yield f"{place} allows {action} on {resource}"
    needed = {(f"s3:{command}Object", f"{bucket}/*") for command in ("Get", "Put", "Delete")}
    needed.add(("s3:ListBucket", bucket))
    for action, resource in sorted(opened ^ needed):
        yield f"the agent {'may' if (action, resource) in opened else 'cannot'} {action} {resource}"


@policy
def every_role_is_bounded_when_a_boundary_is_given(subject: Subject) -> Iterator[str]:
    """Accounts that ask for one refuse a role without it, or let it do more than they think."""
    boundary = subject.template.parameters["PermissionsBoundaryArn"] or None
    for role in subject.every("AWS::IAM::Role"):
        if role.properties.get("PermissionsBoundary") != boundary:
            yield f"{role.id} has the boundary {role.properties.get('PermissionsBoundary')}"


@policy
def the_agent_may_use_its_guardrail_and_its_knowledge_base(subject: Subject) -> Iterator[str]:
    """Without the permission every request would end in an error, with it but nothing to use none
    would be needed."""
    for action, parameter in (
        ("bedrock:ApplyGuardrail", "GuardrailId"),
        ("bedrock:Retrieve", "KnowledgeBaseId"),
    ):
        asked = any(action in listed(statement.get("Action")) for _, statement in _allowed(subject))
        if asked != bool(subject.template.parameters[parameter]):
            yield f"{action} is {'' if asked else 'not '}allowed"


@policy
def the_agent_may_subscribe_to_its_model_by_way_of_bedrock(subject: Subject) -> Iterator[str]:
    """The account's first call of another company's model subscribes to it, by the rights of who
    calls ("Request access to models", Bedrock User Guide); called directly, it may buy nothing."""
    by_bedrock = {"StringEquals": {"aws:CalledViaLast": "bedrock.amazonaws.com"}}
    allowed = {
        action
        for _, statement in _allowed(subject)
        for action in listed(statement.get("Action"))
        if action.startswith("aws-marketplace:") and statement.get("Condition") == by_bedrock
    }
    anyhow = {
        action
        for _, statement in _allowed(subject)
        for action in listed(statement.get("Action"))
        if action.startswith("aws-marketplace:")
    }
    needed = {"aws-marketplace:Subscribe", "aws-marketplace:ViewSubscriptions"}
    expected = needed if subject.template.parameters["Model"] == "bedrock" else set()
    if allowed != expected or anyhow != expected:
        yield f"by way of Bedrock the agent may {sorted(allowed)}, in all {sorted(anyhow)}"


@policy
def the_agent_reads_the_key_of_its_model_and_no_other_secret(subject: Subject) -> Iterator[str]:
    """T8. The key itself stands in no parameter and no variable."""
    allowed = [
        (action, resource)
        for _, statement in _allowed(subject)
        for action in listed(statement.get("Action"))
        for resource in listed(statement.get("Resource"))
        if action.startswith("secretsmanager:")
    ]
    arn = subject.template.parameters["ModelSecretArn"]
    expected = [("secretsmanager:GetSecretValue", arn)] if arn else []
    if allowed != expected:
        yield f"of secrets the agent may {allowed}, not {expected}"
    variables = at(subject.document, "Resources", "Runtime", "Properties", "EnvironmentVariables")
    if "SLUICE_MODEL_KEY" in (variables or {}):
        yield "SLUICE_MODEL_KEY shows the model's key to whoever may read the runtime"


@policy
def the_agent_runs_code_only_in_awss_own_sandbox(subject: Subject) -> Iterator[str]:
    """T4. One that an account makes may have a role and the internet. Without CodeInterpreter,
    nothing at all."""
    allowed = {
        (action.removeprefix("bedrock-agentcore:"), resource)
        for _, statement in _allowed(subject)
        for action in listed(statement.get("Action"))
        for resource in listed(statement.get("Resource"))
        if "CodeInterpreter" in action
    }
    name = "code-interpreter/aws.codeinterpreter.v1"
    is_on = subject.template.parameters["CodeInterpreter"] == "on"
    expected = {
        (f"{action}CodeInterpreter{kind}", f"arn:aws:bedrock-agentcore:{REGION}:aws:{name}")
        for action, kind in (("Start", "Session"), ("Invoke", ""))
        if is_on
    }
    for action, resource in sorted(allowed ^ expected):
        yield f"{action} on {resource} is {'' if (action, resource) in allowed else 'not '}allowed"


@policy
def the_agent_calls_gateways_only_where_it_has_servers(subject: Subject) -> Iterator[str]:
    """T4. AgentCore gateways of this account and region, and none without McpServers ("Gateway
    access permissions", AgentCore Developer Guide)."""
    allowed = {
        resource
        for _, statement in _allowed(subject)
        for action in listed(statement.get("Action"))
        for resource in listed(statement.get("Resource"))
        if action == "bedrock-agentcore:InvokeGateway"
    }
    gateways = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/*"
    expected = {gateways} if subject.template.parameters["McpServers"] else set()
    if allowed != expected:
        yield f"the agent may call the gateways {sorted(allowed)}, not {sorted(expected)}"
