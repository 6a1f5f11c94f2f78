"""The features of the template that are off by default."""

# A feature, the parameters that turn it on, and the resources that come with it.
FEATURES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "guardrail": (("GuardrailId", "GuardrailVersion"), set()),
    "a model of another server": (("Model", "ModelUrl", "ModelSecretArn"), set()),
    "knowledge base": (("KnowledgeBaseId",), set()),
    "code interpreter": (("CodeInterpreter",), set()),
    "thinking": (("ThinkingTokens",), set()),
    "tools of others": (("McpServers",), set()),
    "network": (("RuntimeSubnets", "RuntimeSecurityGroups"), set()),
    "policies of the agent": (("AgentPolicyArns",), set()),
    "second factor": (("Mfa",), set()),
    "passkeys": (("Passkeys",), set()),
    "identity provider": (
        ("OidcName", "OidcIssuer", "OidcClientId", "OidcSecretArn"),
        {"UserPoolOidc"},
    ),
    "firewall": (("Waf", "WafRate"), {"ApiFirewall", "ApiFirewallAssociation"}),
    "domain of the page": (("SiteDomain", "SiteCertificateArn"), set()),
    "domain of the page, with records": (
        ("SiteDomain", "SiteCertificateArn", "HostedZoneId"),
        {"SiteRecord", "SiteRecordIpv6"},
    ),
    "domain of the API": (
        ("ApiDomain", "ApiCertificateArn"),
        {"ApiDomainName", "ApiDomainMapping"},
    ),
    "domain of the API, with records": (
        ("ApiDomain", "ApiCertificateArn", "HostedZoneId"),
        {"ApiDomainName", "ApiDomainMapping", "ApiRecord"},
    ),
    "alarms": (
        ("Alarms",),
        {
            *("FirstContentMetric", "ThrottledMetric", "AlarmTopic", "ApiFailureAlarm"),
            *("SlowAnswerAlarm", "ThrottledAlarm", "RuntimeFailureAlarm", "RuntimeThrottledAlarm"),
            "RunFailureAlarm",
        },
    ),
    "alarms by mail": (
        ("Alarms", "AlarmEmail"),
        {
            *("FirstContentMetric", "ThrottledMetric", "AlarmTopic", "ApiFailureAlarm"),
            *("SlowAnswerAlarm", "ThrottledAlarm", "RuntimeFailureAlarm", "RuntimeThrottledAlarm"),
            *("RunFailureAlarm", "AlarmSubscription"),
        },
    ),
    "dashboard": (("Dashboard",), {"FirstContentMetric", "ThrottledMetric", "Overview"}),
    "tracing": (("Tracing",), set()),
    "traces of the agent": (("TracesEndpoint",), set()),
    "budget": (("BudgetDollars", "BudgetEmail"), {"Budget"}),
    "boundary": (("PermissionsBoundaryArn",), set()),
}
