"""What Sluice's own template.yaml holds. Whatever else stands in it is its adopter's: checks let it
be, the local stack runs without it, and an upgrade never edits it (docs/customise.md)."""

from collections.abc import Iterable, Mapping

RESOURCES = frozenset(
    {
        *("UserPool", "UserPoolDomain", "UserPoolBranding", "UserPoolOidc", "UserPoolClient"),
        *("SiteBucket", "SiteBucketPolicy", "SiteAccess", "SiteHeaders", "Site"),
        *("SiteRecord", "SiteRecordIpv6"),
        *("Api", "ApiFirewall", "ApiFirewallAssociation", "ApiDomainName", "ApiDomainMapping"),
        *("ApiRecord", "ApiLog", "ApiAccount", "ApiAccountRole"),
        *("Runtime", "RuntimeRole", "ConversationsBucket", "ConversationsBucketPolicy"),
        *("FirstContentMetric", "ThrottledMetric", "AlarmTopic", "AlarmSubscription"),
        *("ApiFailureAlarm", "SlowAnswerAlarm", "ThrottledAlarm", "RuntimeFailureAlarm"),
        *("RunFailureAlarm", "RuntimeThrottledAlarm", "Overview", "Budget"),
    }
)
"""Logical ids."""

MADE_BY_SAM = frozenset({"ApiprodStage"})
"""Those that a deployed stack has beside them, of what Sluice's own become."""

OUTPUTS = frozenset(
    {
        *("SpaUrl", "ApiUrl", "Issuer", "LoginUrl", "UserPoolId", "UserPoolClientId"),
        *("RuntimeArn", "RuntimeId", "RuntimeUrl", "SpaBucket", "DistributionId"),
        *("ConversationsBucket", "OidcRedirectUrl", "PasskeyUrl", "SiteTarget", "ApiTarget"),
        "AlarmTopicArn",
    }
)

PATHS = frozenset({"/chat"})
"""Of the API."""

ROLE_POLICIES = frozenset(
    {
        *("Conversations", "Tools", "Model", "ModelKey", "Guardrail", "Knowledge"),
        *("CodeInterpreter", "Telemetry"),
    }
)
"""PolicyName of each policy in RuntimeRole."""

VARIABLES = "SLUICE_"
"""How the agent's own environment variables begin."""


def of_type(types: Mapping[str, str], type_: str) -> list[str]:
    """The logical ids of a type that are Sluice's. `types` has the type of every logical id.

    A template with other names than ours, such as the tutorial's, is judged as a whole.
    """
    found = [name for name, each in types.items() if each == type_]
    return [name for name in found if name in RESOURCES | MADE_BY_SAM] or found


def of_paths(paths: Iterable[str]) -> set[str]:
    """The paths of an API that are Sluice's, or all of them where none has such a name."""
    found = set(paths)
    return found & PATHS or found
