"""More of mutations.py: features that are off by default, each broken while all are on."""

from collections.abc import Mapping

from . import api, domains, permissions, runtime, sign_in, site, stage, watch
from .mutations import Edits
from .subject import Policy

_CONNECT = """              - ApiHost: !If
                  - HasApiDomain
                  - !Ref ApiDomain
"""
_LOGOUT = "      LogoutURLs:\n        - !If [HasSiteDomain, !Sub 'https://${SiteDomain}', "
_TLS = "            MinimumProtocolVersion: TLSv1.2_2021\n"
_RATE = "Statement: { RateBasedStatement: { AggregateKeyType: IP, Limit: !Ref WafRate } }"
_MAPPING = """    Type: AWS::ApiGateway::BasePathMapping
    Condition: HasApiDomain
    DependsOn: ApiprodStage # as SAM names the stage that it makes of Api
"""
_BOUNDARY = (
    "      PermissionsBoundary: !If [HasBoundary, !Ref PermissionsBoundaryArn, !Ref AWS::NoValue]\n"
)
_WAF_FILTERED = """          WAF_FILTERED:
            statusCode: 403
"""

# With a model of another server, which excludes a guardrail and reasoning.
MUTATIONS_OF_OPENAI: Mapping[Policy, Mapping[str, Edits]] = {
    permissions.the_agent_reads_the_key_of_its_model_and_no_other_secret: {
        "every secret": ("Resource: !Ref ModelSecretArn", "Resource: '*' # any"),
        "it may not": ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
        "the key in clear": (
            "        SLUICE_MODEL_URL:",
            "        SLUICE_MODEL_KEY: !Ref Prefix\n        SLUICE_MODEL_URL:",
        ),
    },
    runtime.the_agent_finds_its_model_and_its_bucket: {
        "no address": ("!If [HasModelUrl, !Ref ModelUrl, !Ref AWS::NoValue]", "''"),
        "no secret": ("!If [HasModelSecret, !Ref ModelSecretArn, !Ref AWS::NoValue]", "''"),
    },
}

# With Mfa, which cannot be on together with Passkeys.
MUTATIONS_OF_MFA: Mapping[Policy, Mapping[str, Edits]] = {
    sign_in.a_second_factor_is_asked_for_as_the_parameter_says: {
        "for some only": ("!If [HasMfa, 'ON', 'OFF']", "OPTIONAL"),
        "by text message": ("[SOFTWARE_TOKEN_MFA]", "[SMS_MFA]"),
    },
}

MUTATIONS_OF_FEATURES: Mapping[Policy, Mapping[str, Edits]] = {
    sign_in.passkeys_belong_to_the_sign_in_page: {
        "of another host": (
            "      WebAuthnUserVerification:",
            "      WebAuthnRelyingPartyID: example.com\n      WebAuthnUserVerification:",
        ),
        "no way to add one": ("/passkeys/add?client_id=${UserPoolClient}", "/passkeys/add?x=1"),
        "without a finger or a PIN": (
            "WebAuthnUserVerification: !If [HasPasskeys, required,",
            "WebAuthnUserVerification: !If [HasPasskeys, preferred,",
        ),
        "the page's client has no flow for them": (
            "!If [HasPasskeys, ALLOW_USER_AUTH, !Ref AWS::NoValue]",
            "!If [HasPasskeys, !Ref AWS::NoValue, ALLOW_USER_AUTH]",
        ),
        "one-time codes beside them": ("[PASSWORD, WEB_AUTHN],", "[PASSWORD, WEB_AUTHN, SMS_OTP],"),
    },
    sign_in.people_come_from_this_pool_and_the_given_provider: {
        "the provider is of no client": (
            "        - !If [HasOidc, !Ref UserPoolOidc, !Ref AWS::NoValue]\n",
            "",
        ),
        "the secret is written down": (
            "client_secret: !Sub '{{resolve:secretsmanager:${OidcSecretArn}}}'",
            "client_secret: sesame",
        ),
        "every address counts as verified": ("email_verified: email_verified, ", ""),
        "another redirect": ("amazoncognito.com/oauth2/idpresponse", "amazoncognito.com/callback"),
    },
    sign_in.sign_in_returns_to_this_page_only: {
        "signing out leads to CloudFront's domain": (
            _LOGOUT,
            _LOGOUT.replace("'https://${SiteDomain}'", "'https://${Site.DomainName}'"),
        ),
    },
    site.the_page_talks_to_the_api_and_sign_in_only: {
        "API Gateway's own domain": (
            _CONNECT,
            _CONNECT.replace(
                "!Ref ApiDomain", "!Sub ${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
            ),
        ),
    },
    domains.the_page_has_its_domain_and_no_old_tls: {
        "TLS 1.0": (_TLS, _TLS.replace("TLSv1.2_2021", "TLSv1")),
        "no alias": (
            "        Aliases: !If [HasSiteDomain, [!Ref SiteDomain], !Ref AWS::NoValue]\n",
            "",
        ),
    },
    domains.the_api_has_its_domain_and_the_same_paths: {
        "other paths": ("      BasePath: prod # so", "      # so"),
        "TLS 1.0": ("SecurityPolicy: TLS_1_2", "SecurityPolicy: TLS_1_0"),
    },
    domains.addresses_are_those_of_the_domains: {
        "API Gateway's own": (
            "      - !Sub https://${ApiDomain}/prod\n",
            "      - !Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod\n",
        ),
    },
    domains.records_lead_to_the_domains: {
        "no IPv6": ("      Type: AAAA\n", "      Type: A\n"),
        "to nowhere": (
            "DNSName: !GetAtt ApiDomainName.RegionalDomainName",
            "DNSName: !Ref ApiDomain",
        ),
    },
    stage.a_firewall_stands_before_the_stage_when_asked_for: {
        "a fixed rate": (_RATE, _RATE.replace("!Ref WafRate", "1000000")),
        "it only counts": (
            "          Action: { Block: {} }\n",
            "          Action: { Count: {} }\n",
        ),
        "its group only counts": ("OverrideAction: { None: {} }", "OverrideAction: { Count: {} }"),
        "another group": ("AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesLinuxRuleSet"),
        "samples of tokens": (
            "SampledRequestsEnabled: false # samples",
            "SampledRequestsEnabled: true # samples",
        ),
        "before another stage": ("/restapis/${Api}/stages/prod", "/restapis/${Api}/stages/Stage"),
    },
    stage.what_needs_the_stage_waits_for_it: {
        "the mapping may come first": (_MAPPING, _MAPPING.split("    DependsOn")[0]),
    },
    stage.requests_are_traced_when_asked_for: {
        "never": ("TracingEnabled: !If [HasTracing, true, false]", "TracingEnabled: false"),
    },
    api.a_page_can_read_every_refusal: {
        "no CORS on the firewall's": (_WAF_FILTERED, f"{_WAF_FILTERED}          OTHER:\n"),
    },
    runtime.the_agent_stands_in_the_network_of_the_parameters: {
        "the public network": ("        - NetworkMode: VPC\n", "        - NetworkMode: PUBLIC\n"),
        "the subnets' groups": (
            "SecurityGroups: !Split [',', !Sub '${RuntimeSecurityGroups}']",
            "SecurityGroups: !Split [',', !Sub '${RuntimeSubnets}']",
        ),
    },
    runtime.the_agent_finds_its_model_and_its_bucket: {
        "another version of the guardrail": (
            "!If [HasGuardrail, !Ref GuardrailVersion, !Ref AWS::NoValue]",
            "!If [HasGuardrail, DRAFT, !Ref AWS::NoValue]",
        ),
        "no code": ("[HasCodeInterpreter, 'on',", "[HasCodeInterpreter, 'off',"),
        "no knowledge base": (
            "!If [HasKnowledgeBase, !Ref KnowledgeBaseId,",
            "!If [HasKnowledgeBase, !Ref GuardrailId,",
        ),
        "other servers": ("!If [HasMcp, !Ref McpServers,", "!If [HasMcp, '[]',"),
        "traces that nobody gets": ("        SLUICE_TRACES:", "        SLUICE_TRACE:"),
        "reasoning that nobody asked for": (
            "SLUICE_THINKING: !Ref ThinkingTokens",
            "SLUICE_THINKING: '4096'",
        ),
    },
    permissions.the_agent_may_use_its_guardrail_and_its_knowledge_base: {
        "it may not": ("Action: bedrock:ApplyGuardrail", "Action: logs:FilterLogEvents"),
        "it may not search": ("Action: bedrock:Retrieve\n", "Action: logs:FilterLogEvents\n"),
    },
    permissions.the_agent_reads_and_writes_conversations_only: {
        "every guardrail": ("guardrail/${GuardrailId}", "guardrail/* # any"),
        "every knowledge base": ("knowledge-base/${KnowledgeBaseId}", "knowledge-base/* # any"),
    },
    permissions.the_agent_runs_code_only_in_awss_own_sandbox: {
        "any interpreter of the account": (
            "aws:code-interpreter/aws.codeinterpreter.v1",
            "${AWS::AccountId}:code-interpreter/*",
        ),
        "it may not": ("bedrock-agentcore:InvokeCodeInterpreter]", "bedrock-agentcore:GetGateway]"),
    },
    permissions.the_agent_calls_gateways_only_where_it_has_servers: {
        "it may not": ("bedrock-agentcore:InvokeGateway", "bedrock-agentcore:GetGateway"),
        "of any account": ("${AWS::AccountId}:gateway/*", "*:gateway/*"),
    },
    permissions.roles_cannot_make_themselves_stronger: {
        "policies that nobody asked for": ("!Sub '${AgentPolicyArns}'", "'arn:x'"),
    },
    permissions.every_role_is_bounded_when_a_boundary_is_given: {
        "the gateway's is not": (
            f"{_BOUNDARY}      ManagedPolicyArns:\n",
            "      ManagedPolicyArns:\n",
        ),
    },
    watch.alarms_watch_the_gate_and_the_runtime: {
        "another stage": ("        - { Name: Stage, Value: prod }\n", ""),
        "a metric that nobody makes": ("MetricName: 5XXError", "MetricName: 5xx"),
        "every runtime": (
            """SELECT SUM(SystemErrors) FROM "AWS/Bedrock-AgentCore" WHERE Resource = '${Run""",
            """SELECT SUM(SystemErrors) FROM "AWS/Bedrock-AgentCore" # '${Run""",
        ),
    },
    watch.alarms_tell_somebody_and_say_what_to_read: {
        "nobody": ("      Endpoint: !Ref AlarmEmail", "      Endpoint: nobody@example.com"),
        "no page": ("failed five times in 5 minutes (docs/operations.md)", "failed five times"),
    },
    watch.metrics_of_the_access_log_name_what_it_holds: {
        "a field that is not there": ("MetricValue: $.firstContentMs", "MetricValue: $.firstMs"),
        "another name": ("          MetricName: FirstContent\n", "          MetricName: First\n"),
    },
    watch.the_dashboard_shows_this_stack: {
        "not JSON": ('"title": "API: requests and refusals",', '"title": "API": "refusals",'),
        "every stage": ('"${AWS::StackName}", "Stage", "prod"],', '"${AWS::StackName}"],'),
        "every runtime": (
            'MetricName=\\"Sessions\\" Resource=\\"${Runtime.AgentRuntimeArn}\\"',
            'MetricName=\\"Sessions\\" ${Runtime}',
        ),
        "a widget with half a place": ('"x": 12, "y": 0,', '"x": 12,'),
    },
    watch.what_is_shown_of_the_agent_is_what_it_writes: {
        "a name of its own": ('[".", "OutputTokens",', '[".", "TokensOut",'),
    },
    watch.the_budget_warns_before_and_at_its_end: {
        "at its end only": (
            "            NotificationType: ACTUAL\n",
            "            NotificationType: FORECASTED\n",
        ),
        "of a day": ("TimeUnit: MONTHLY", "TimeUnit: DAILY"),
    },
}
