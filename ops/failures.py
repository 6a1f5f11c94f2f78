"""Why a deployment failed: the resource, AWS's reason, and what to do about it."""

import re
from collections.abc import Iterable

from ops.stacks import Event, Stack

# Patterns in CloudFormation's reasons, to what a person can do. The first that fits is told.
_ADVICE = (
    (
        r"is not authorized to perform:? (?P<what>[\w-]+:\w+)",
        "Your credentials lack {what}: docs/deployer-policy.json lists what a deployment needs.",
    ),
    (
        r"S3 object|NoSuchKey|specified key does not exist",
        "The agent's zip is not where AgentCodeBucket and AgentCodeKey say: run `make deploy` "
        "again, which uploads it.",
    ),
    (
        r"(?i)limit|quota",
        "The account is at a quota of this service: delete what you no longer need, or ask for "
        "more in Service Quotas.",
    ),
    (
        r"Properties validation failed|Encountered unsupported property|does not exist in schema",
        "AWS does not take this property: fix {resource} in template.yaml.",
    ),
)
# Refusals of a name that somebody has already, by the type of the resource that wanted it.
_TAKEN = {
    "AWS::Cognito::UserPoolDomain": "The sign-in domain is taken, here or by another account: "
    "give another Prefix in samconfig.toml.",
    "AWS::BedrockAgentCore::Runtime": "Another runtime of this account and region has the name: "
    "give another Prefix in samconfig.toml.",
    "AWS::CloudFront::OriginAccessControl": "CloudFront's names are the account's, whatever the "
    "region: give another STACK.",
    "AWS::CloudFront::ResponseHeadersPolicy": "CloudFront's names are the account's, whatever the "
    "region: give another STACK.",
}
_CANCELLED = ("Resource creation cancelled", "Resource update cancelled")

STUCK = {
    "ROLLBACK_COMPLETE": "Its first deployment failed and was rolled back, and AWS updates no such "
    "stack. Nothing is left in it: remove it with `make destroy STACK={name}`, then deploy again.",
    "ROLLBACK_FAILED": "Its first deployment failed, and so did the rollback: remove it with "
    "`make destroy STACK={name}`, then deploy again.",
    "CREATE_FAILED": "Its first deployment failed: remove it with `make destroy STACK={name}`, "
    "then deploy again.",
    "DELETE_FAILED": "It could not be deleted whole: finish with `make destroy STACK={name}`, "
    "then deploy again.",
    "UPDATE_ROLLBACK_FAILED": "An update failed, and so did the way back. Fix what the stack's "
    "events name, then run `aws cloudformation continue-update-rollback --stack-name {name}`.",
}


def obstacle(stack: Stack) -> str | None:
    """Why this stack cannot be deployed to now, and what to do; None if it can."""
    if stack.status in STUCK:
        advice = STUCK[stack.status].format(name=stack.name)
    elif stack.status.endswith("_IN_PROGRESS"):
        advice = "Another deployment is under way: wait until it ends, then try again."
    else:
        return None
    return f"Stack {stack.name} is {stack.status}. {advice}"


def explain(history: Iterable[Event], stack: Stack) -> str:
    """The first failure among events (newest first) of one deployment, in two or three sentences.

    What failed later is mostly what AWS cancelled because of the first.
    """
    failed = [
        event
        for event in history
        if event.status.endswith("_FAILED")
        and event.resource != stack.name
        and not event.reason.startswith(_CANCELLED)
    ]
    if not failed:
        return f"The deployment of {stack.name} failed; it is {stack.status}."
    first = failed[-1]
    sentences = [f"{first.resource} ({first.type}) failed: {first.reason.strip().rstrip('.')}."]
    if advice := _advice(first):
        sentences.append(advice)
    if also := sorted({event.resource for event in failed} - {first.resource}):
        sentences.append(f"Also failed: {', '.join(also)}.")
    if stack.status in STUCK:
        sentences.append(str(obstacle(stack)))
    elif "ROLLBACK" in stack.status:
        sentences.append(f"{stack.name} is as it was before.")
    return "\n".join(sentences)


def _advice(event: Event) -> str | None:
    if re.search(r"(?i)already (exists|associated|in use|taken)", event.reason):
        taken = _TAKEN.get(event.type)
        if taken:
            return taken
    for pattern, advice in _ADVICE:
        if found := re.search(pattern, event.reason):
            return advice.format(resource=event.resource, what=found.groupdict().get("what"))
    return None
