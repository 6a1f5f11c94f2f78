"""The agent as it is at AWS: runtime, code, role and model."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ops import aws
from ops.bundle import CODE
from ops.doctor.check import CannotLookError, Fault, Symptom
from ops.doctor.deployed.subject import DEPLOYED, DeployedStack, code_of
from ops.doctor.template.runtime import CODE_INTERPRETER, KNOWLEDGE, MODEL, STORAGE


def _authorizer(subject: DeployedStack) -> dict[str, Any]:
    configuration = subject.runtime.get("authorizerConfiguration") or {}
    found: dict[str, Any] = configuration.get("customJWTAuthorizer") or {}
    return found


def _code(subject: DeployedStack) -> dict[str, str]:
    code = subject.runtime.get("agentRuntimeArtifact", {}).get("codeConfiguration", {})
    if "code" not in code:
        raise CannotLookError("The runtime runs a container image, not a zip.")
    found: dict[str, str] = code["code"]["s3"]
    return found


@DEPLOYED.check("runtime", "the runtime's status", Symptom.NO_ANSWER)
def runtime(subject: DeployedStack) -> Iterator[Fault]:
    status, reason = subject.runtime["status"], subject.runtime.get("failureReason")
    if status != "READY":
        yield Fault(
            f"{status}{f': {reason}' if reason else ''}",
            "READY",
            "Ask again in a minute"
            if status.endswith("ING")
            else f"{subject.deploy}; make logs STACK={subject.name} has the agent's last words",
        )


@DEPLOYED.check("audience", "the tokens that the runtime takes", Symptom.REFUSED)
def audience(subject: DeployedStack) -> Iterator[Fault]:
    found, client = _authorizer(subject), subject.output("UserPoolClientId")
    lists = {name: found.get(name) or [] for name in ("allowedClients", "allowedScopes")}
    if client not in (found.get("allowedAudience") or []) or any(lists.values()):
        yield Fault(
            f"allowedAudience {found.get('allowedAudience') or []}, "
            + ", ".join(f"{name} {values}" for name, values in lists.items()),
            f"allowedAudience [{client}] alone: no token of Cognito has both aud and client_id",
            f"template.yaml, CustomJWTAuthorizer: AllowedAudience; {subject.deploy}",
        )


@DEPLOYED.check("issuer", "the issuer whose tokens the runtime takes", Symptom.REFUSED)
def issuer(subject: DeployedStack) -> Iterator[Fault]:
    right = f"{subject.output('Issuer')}/.well-known/openid-configuration"
    found = _authorizer(subject).get("discoveryUrl")
    if found != right:
        yield Fault(
            f"discoveryUrl {found}",
            right,
            f"template.yaml, CustomJWTAuthorizer: DiscoveryUrl; {subject.deploy}",
        )


@DEPLOYED.check("allowlist", "the headers that reach the agent", Symptom.MODEL)
def allowlist(subject: DeployedStack) -> Iterator[Fault]:
    configuration = subject.runtime.get("requestHeaderConfiguration") or {}
    names = configuration.get("requestHeaderAllowlist") or []
    if "authorization" not in map(str.lower, names):
        yield Fault(
            f"requestHeaderAllowlist {names}",
            "Authorization among them: the agent reads from it who is asking, and refuses without",
            f"template.yaml: RequestHeaderAllowlist: [Authorization]; {subject.deploy}",
        )


@DEPLOYED.check("code", "the zip that the runtime runs", Symptom.STALE, "warning")
def code(subject: DeployedStack) -> Iterator[Fault]:
    """Warm sessions run the old code on until they end; new ones run this."""
    key = _code(subject)["prefix"]
    try:
        newest = yaml.safe_load(CODE.read_text())["AgentCodeKey"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise CannotLookError(
            "No zip was uploaded from this checkout yet: run make bundle-agent."
        ) from error
    if key != newest:
        yield Fault(f"{key}", f"{newest}, which was uploaded last from here", subject.deploy)


@DEPLOYED.check("zip", "whether that zip is in its bucket", Symptom.NO_ANSWER)
def zip_(subject: DeployedStack) -> Iterator[Fault]:
    place = _code(subject)
    try:
        subject.client("s3").head_object(Bucket=place["bucket"], Key=place["prefix"])
    except aws.Failure as error:
        if code_of(error) not in ("404", "NoSuchKey", "NoSuchBucket"):
            raise
        yield Fault(
            f"s3://{place['bucket']}/{place['prefix']} is not there",
            "the agent's zip: a new session cannot start without it",
            f"make bundle-agent; {subject.deploy}",
        )


@DEPLOYED.check("role", "what the agent's role may do", Symptom.MODEL)
def role(subject: DeployedStack) -> Iterator[Fault]:
    """Simulated by IAM, so that boundaries count; policies of the organization may not."""
    partition = subject.output("RuntimeArn").split(":")[1]
    bucket = f"arn:{partition}:s3:::{subject.output('ConversationsBucket')}"
    questions = [
        (f"{bucket}/*", [each for each in STORAGE if each != "s3:ListBucket"]),
        (bucket, ["s3:ListBucket"]),
        *([(_model_arn(subject), list(MODEL))] if _model(subject) else []),
        *([(_knowledge_arn(subject), list(KNOWLEDGE))] if _knowledge(subject) else []),
        *([(_interpreter_arn(subject), list(CODE_INTERPRETER))] if _runs_code(subject) else []),
    ]
    denied = []
    for resource, actions in questions:
        answer = subject.client("iam").simulate_principal_policy(
            PolicySourceArn=subject.runtime["roleArn"],
            ActionNames=actions,
            ResourceArns=[resource],
        )
        denied += [
            f"{each['EvalActionName']} on {resource}"
            for each in answer["EvaluationResults"]
            if each["EvalDecision"] != "allowed"
        ]
    if denied:
        yield Fault(
            f"it may not {', '.join(denied)}",
            "S3 on the conversations (ListBucket too), the model's two actions, and those of a "
            "knowledge base and of the code interpreter where they are on",
            f"template.yaml, RuntimeRole: Policies; {subject.deploy}",
        )


@DEPLOYED.check("model", "whether this account may use the model", Symptom.MODEL)
def model(subject: DeployedStack) -> Iterator[Fault]:
    name = _model(subject)
    if not name:
        raise CannotLookError("The agent runs a model that is not Bedrock's.")
    bedrock = subject.client("bedrock")
    # "Request access to models", Bedrock User Guide: there is no page to ask for it any more.
    fix = (
        "Ask the agent something: the first call subscribes the account, within 15 minutes. If it "
        "stays so: Anthropic wants a use case once (Bedrock console, Model catalog), AWS "
        f"Marketplace a way to pay; or {subject.deploy} with another ModelId"
    )
    try:
        answer = bedrock.get_foundation_model_availability(modelId=_foundation(subject, name))
    except aws.Failure as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        yield Fault(f"{name} is not known in this region", "a model or profile of it", fix)
        return
    wanted = {
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }
    wrong = [
        f"{key} {answer.get(key)}" for key, value in wanted.items() if answer.get(key) != value
    ]
    agreement = answer.get("agreementAvailability") or {}
    if agreement.get("status") != "AVAILABLE":
        wrong.append(f"agreement {agreement.get('status')}")
    if wrong:
        yield Fault(
            f"{name}: {', '.join(wrong)}",
            "authorized, entitled, agreed to, and offered in this region",
            fix,
        )


@DEPLOYED.check("knowledge", "the knowledge base that answers rest on", Symptom.MODEL, "warning")
def knowledge(subject: DeployedStack) -> Iterator[Fault]:
    name = _knowledge(subject)
    if not name:
        return
    fix = f"KnowledgeBaseId in samconfig.toml; {subject.deploy}"
    try:
        found = subject.client("bedrock-agent").get_knowledge_base(knowledgeBaseId=name)
    except aws.Failure as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        yield Fault(f"there is no {name} in this region", "a knowledge base of it", fix)
        return
    if (status := found["knowledgeBase"]["status"]) not in ("ACTIVE", "UPDATING"):
        yield Fault(f"{name} is {status}", "ACTIVE", fix)


def _variable(subject: DeployedStack, name: str) -> str:
    """The value of one of the agent's variables, or ""."""
    return str((subject.runtime.get("environmentVariables") or {}).get(name, ""))


def _runs_code(subject: DeployedStack) -> bool:
    return _variable(subject, "SLUICE_CODE_INTERPRETER") == "on"


def _interpreter_arn(subject: DeployedStack) -> str:
    _, partition, _, region, _ = subject.output("RuntimeArn").split(":", 4)
    name = "code-interpreter/aws.codeinterpreter.v1"
    return f"arn:{partition}:bedrock-agentcore:{region}:aws:{name}"


def _knowledge(subject: DeployedStack) -> str:
    """The id of the agent's knowledge base, or ""."""
    return _variable(subject, "SLUICE_KNOWLEDGE_BASE")


def _knowledge_arn(subject: DeployedStack) -> str:
    _, partition, _, region, account, _ = subject.output("RuntimeArn").split(":", 5)
    return f"arn:{partition}:bedrock:{region}:{account}:knowledge-base/{_knowledge(subject)}"


def _model(subject: DeployedStack) -> str:
    """The Bedrock model or profile that the agent asks; "" when it asks another provider."""
    if _variable(subject, "SLUICE_MODEL") not in ("", "bedrock"):
        return ""
    return _variable(subject, "SLUICE_MODEL_ID")


def _model_arn(subject: DeployedStack) -> str:
    """The ARN that a call of the model names."""
    _, partition, _, region, account, _ = subject.output("RuntimeArn").split(":", 5)
    name = _model(subject)
    if _is_profile(name):
        return f"arn:{partition}:bedrock:{region}:{account}:inference-profile/{name}"
    return f"arn:{partition}:bedrock:{region}::foundation-model/{name}"


def _foundation(subject: DeployedStack, name: str) -> str:
    """The foundation model behind an inference profile: the grant is the model's."""
    if not _is_profile(name):
        return name
    profile = subject.client("bedrock").get_inference_profile(inferenceProfileIdentifier=name)
    return str(profile["models"][0]["modelArn"]).rpartition("/")[2]


def _is_profile(name: str) -> bool:
    """Profiles of Bedrock's own begin with a geography: global., us., eu., apac. ..."""
    return bool(re.match(r"[a-z-]+\.[a-z0-9-]+\.", name))
