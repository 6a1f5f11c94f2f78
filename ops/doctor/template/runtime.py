"""The runtime, as the file describes it: tokens, headers, code, name, permissions."""

import re
from collections.abc import Iterator

from ops import environment
from ops.doctor.check import CannotLookError, Fault, Symptom
from ops.doctor.template.subject import TEMPLATE, TemplateFile, at

NAME = r"[a-zA-Z][a-zA-Z0-9_]{0,47}"
"""Pattern of agentRuntimeName in CreateAgentRuntime (AgentCore control plane API reference)."""

STORAGE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
KNOWLEDGE = ("bedrock:Retrieve",)
CODE_INTERPRETER = (
    "bedrock-agentcore:StartCodeInterpreterSession",
    "bedrock-agentcore:InvokeCodeInterpreter",
)
MODEL = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

_RUNTIME = "AWS::BedrockAgentCore::Runtime"


@TEMPLATE.check("audience", "the tokens that the runtime takes", Symptom.REFUSED)
def audience(subject: TemplateFile) -> Iterator[Fault]:
    """All that is listed must hold: aud is in ID tokens, client_id and scope in access tokens."""
    runtime, client = subject.runtime, subject.output("UserPoolClientId")
    lists = {
        "AllowedAudience": runtime.audience,
        "AllowedClients": runtime.clients,
        "AllowedScopes": runtime.scopes,
    }
    if client not in runtime.audience or runtime.clients or runtime.scopes:
        listed = (f"{name} {sorted(values)}" for name, values in lists.items() if values)
        yield Fault(
            "; ".join(listed) or "none of AllowedAudience, AllowedClients and AllowedScopes",
            f"AllowedAudience [{client}] alone: the page sends ID tokens, and no token of Cognito "
            "has both aud and client_id",
            "CustomJWTAuthorizer: AllowedAudience: [!Ref UserPoolClient]",
        )


@TEMPLATE.check("issuer", "the issuer whose tokens the runtime takes", Symptom.REFUSED)
def issuer(subject: TemplateFile) -> Iterator[Fault]:
    right = f"{subject.output('Issuer')}/.well-known/openid-configuration"
    if subject.runtime.discovery_url != right:
        yield Fault(
            f"DiscoveryUrl {subject.runtime.discovery_url}",
            right,
            "DiscoveryUrl: !Sub ${UserPool.ProviderURL}/.well-known/openid-configuration",
        )


@TEMPLATE.check("allowlist", "the headers that reach the agent", Symptom.MODEL)
def allowlist(subject: TemplateFile) -> Iterator[Fault]:
    if "authorization" not in subject.runtime.header_allowlist:
        yield Fault(
            f"RequestHeaderAllowlist {sorted(subject.runtime.header_allowlist)}",
            "Authorization among them: the agent reads from it who is asking, and refuses without",
            "RequestHeaderConfiguration: RequestHeaderAllowlist: [Authorization]",
        )


@TEMPLATE.check("name", "the runtime's name", Symptom.DEPLOY)
def name(subject: TemplateFile) -> Iterator[Fault]:
    """cfn-lint lets a hyphen pass; AgentCore does not."""
    found = str(subject.properties(_RUNTIME).get("AgentRuntimeName"))
    if not re.fullmatch(NAME, found):
        yield Fault(
            f"AgentRuntimeName {found}",
            "a letter, then letters, digits and underscores, 48 in all; no hyphen",
            "AgentRuntimeName: !Join ['_', !Split ['-', !Ref Prefix]]",
        )


@TEMPLATE.check("environment", "the size of the agent's environment variables", Symptom.DEPLOY)
def environment_size(subject: TemplateFile) -> Iterator[Fault]:
    variables = subject.runtime.environment
    if excess := environment.excess(variables):
        yield Fault(
            excess,
            f"at most {environment.limit(variables):,} bytes of names and values together",
            environment.FIX,
        )


@TEMPLATE.check("code-key", "the S3 key of the agent's zip", Symptom.STALE, "warning")
def code_key(subject: TemplateFile) -> Iterator[Fault]:
    """CloudFormation compares keys, not contents."""
    path = ("AgentRuntimeArtifact", "CodeConfiguration", "Code", "S3", "Prefix")
    written = at(subject.written(_RUNTIME), "Properties", *path)
    parameter = at(written, "Ref")
    pattern = at(subject.document, "Parameters", str(parameter), "AllowedPattern") or ""
    if not parameter or re.search(pattern, "agent.zip"):
        yield Fault(
            f"the parameter {parameter}, which may be agent.zip"
            if parameter
            else f"always {at(subject.properties(_RUNTIME), *path)}",
            "a parameter that must hold the zip's SHA-256: under a key that stays the same, new "
            "code never arrives",
            r"Prefix: !Ref AgentCodeKey, with AllowedPattern: ^.*[0-9a-f]{64}\.zip$",
        )


@TEMPLATE.check("role", "what the agent's role may do", Symptom.MODEL)
def role(subject: TemplateFile) -> Iterator[Fault]:
    arn = subject.properties(_RUNTIME).get("RoleArn")
    roles = [
        each
        for each in subject.template.resources.values()
        if each.type == "AWS::IAM::Role" and each.attributes.get("Arn") == arn
    ]
    if not roles:
        raise CannotLookError("The runtime's role is not in this template.")
    allowed: set[str] = set()
    for policy in roles[0].properties.get("Policies") or []:
        statements = at(policy, "PolicyDocument", "Statement") or []
        for statement in statements if isinstance(statements, list) else [statements]:
            actions = statement.get("Action", []) if statement.get("Effect") == "Allow" else []
            allowed.update([actions] if isinstance(actions, str) else actions)
    environment = subject.runtime.environment
    needs = (
        *STORAGE,
        *(MODEL if environment.get("SLUICE_MODEL", "bedrock") == "bedrock" else ()),
        *(KNOWLEDGE if environment.get("SLUICE_KNOWLEDGE_BASE") else ()),
        *(CODE_INTERPRETER if environment.get("SLUICE_CODE_INTERPRETER") == "on" else ()),
    )
    lacks = [each for each in needs if not _grants(allowed, each)]
    if lacks:
        yield Fault(
            f"{roles[0].id} does not allow {', '.join(lacks)}",
            "S3 on the conversations (ListBucket too, or a new conversation reads as forbidden), "
            "the model's two actions, and those of a knowledge base and of the code interpreter "
            "where they are on",
            f"{roles[0].id}: Policies: Action: [{', '.join(lacks)}]",
        )


@TEMPLATE.check("thinking", "the tokens that the model may reason with", Symptom.MODEL)
def thinking(subject: TemplateFile) -> Iterator[Fault]:
    """A rule of the template cannot compare two numbers; the agent answers nothing if it has to."""
    environment = subject.runtime.environment
    budget, most = (environment.get(name, "") for name in ("SLUICE_THINKING", "SLUICE_MAX_TOKENS"))
    if budget.isdecimal() and most.isdecimal() and 0 < int(most) <= int(budget):
        yield Fault(
            f"ThinkingTokens {budget}, MaxTokens {most}",
            "fewer tokens to reason with than a run may write in all",
            "a lower ThinkingTokens, or a higher MaxTokens, among the parameters in samconfig.toml",
        )


def _grants(allowed: set[str], action: str) -> bool:
    """Whether one of the allowed actions, wildcards included, is or covers `action`."""
    patterns = (re.escape(each).replace(r"\*", ".*") for each in allowed)
    return any(re.fullmatch(pattern, action, re.IGNORECASE) for pattern in patterns)
