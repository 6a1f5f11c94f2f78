"""template.yaml broken on purpose: for each policy, small edits that it, and it alone, must notice.

A break is a name and its edits: text that stands in template.yaml once, and what takes its place,
alternating. The table is long because it is the list of mistakes that no linter sees.
"""

from collections.abc import Mapping

from . import (
    api,
    buckets,
    circles,
    form,
    limits,
    names,
    permissions,
    runtime,
    sign_in,
    site,
    stage,
)
from .subject import Policy

Edits = tuple[str, ...]

_SECURITY = "              security: [{ SignedIn: [] }]"
_SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_MAPPED_SESSION = (
    f"                  integration.request.header.{_SESSION}: method.request.header.{_SESSION}\n"
)
_URI = "{!stageVariables.RuntimeId}/invocations?qualifier=DEFAULT&accountId=${AWS::AccountId}"
_UNAUTHORIZED = """          UNAUTHORIZED:
            statusCode: 401
            responseParameters:
"""
_ALLOWED_ORIGIN = (
    "              gatewayresponse.header.Access-Control-Allow-Origin: !Sub \"'${CorsOrigin}'\"\n"
)
_CALLBACK = (
    "      CallbackURLs:\n        - !If [HasSiteDomain, !Sub 'https://${SiteDomain}', "
    "!Sub 'https://${Site.DomainName}']\n"
)
_SITE_BUCKET = (
    "publishing an older commit restores it\n    Properties:\n"  # the end of its Metadata
)
_ENCRYPTED = """      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }
"""
_OWNED = "      OwnershipControls: { Rules: [{ ObjectOwnership: BucketOwnerEnforced }] }\n"
_SITE_ARNS = "[!GetAtt SiteBucket.Arn, !Sub '${SiteBucket.Arn}/*']"
_SKIP = "        config: { ignore_checks: [E3004, W1033] }\n"
_SKIP_REASON = "        # E3004 as at UserPoolClient; W1033 splits"
_FLOW = "        - ALLOW_USER_SRP_AUTH\n"
_PASSKEY_FLOW = (
    "        - !If [HasPasskeys, ALLOW_USER_AUTH, !Ref AWS::NoValue] "
    "# the one flow that has passkeys\n"
)

MUTATIONS: Mapping[Policy, Mapping[str, Edits]] = {
    api.every_operation_asks_for_a_token: {
        "the authorizer is removed": (f"{_SECURITY} #", "              #"),
        "security is empty": (_SECURITY, "              security: []"),
        "a call without a token is an alternative": (
            f"{_SECURITY} #",
            f"{_SECURITY[:-1]}, {{}}] #",
        ),
        "the authorizer is not defined": (_SECURITY, _SECURITY.replace("SignedIn", "SigndIn")),
        "security stands at the root only": (
            *(f"{_SECURITY} #", "              #"),
            *("        paths:\n", "        security: [{ SignedIn: [] }]\n        paths:\n"),
        ),
    },
    api.the_authorizer_is_this_templates_user_pool: {
        "another pool": ("[!GetAtt UserPool.Arn]", "['arn:x']"),
        "a scheme without an authorizer": (
            "              x-amazon-apigateway-authorizer:\n",
            "              x-authorizer:\n",
        ),
    },
    api.operations_want_an_id_token: {
        "a scope": (_SECURITY, _SECURITY.replace("[]", "[openid]")),
    },
    api.answers_are_streamed: {
        "STREAM is misspelt": ("responseTransferMode: STREAM", "responseTransferMode: STREEM"),
        "BUFFERED": ("responseTransferMode: STREAM", "responseTransferMode: BUFFERED"),
    },
    api.a_stream_may_last_fifteen_minutes: {
        "the default": ("timeoutInMillis: 900000", "#"),
    },
    stage.the_endpoint_is_regional: {
        "EDGE": ("{ Type: REGIONAL }", "{ Type: EDGE }"),
    },
    stage.a_changed_parameter_reaches_the_api: {
        "no AlwaysDeploy": ("AlwaysDeploy: true", "#"),
    },
    api.requests_go_to_the_runtime: {
        "no account": (_URI, _URI.removesuffix("&accountId=${AWS::AccountId}")),
        "another runtime": ("RuntimeId: !Ref Runtime }", "RuntimeId: other }"),
        "another host": (
            "uri: !Sub https://bedrock-agentcore.${AWS::Region}",
            "uri: !Sub https://agents",
        ),
        "http_proxy is misspelt": ("type: http_proxy", "type: http_proxi"),
    },
    api.the_token_and_the_session_reach_the_runtime: {
        "the session is not mapped": (_MAPPED_SESSION, ""),
        "the token is not declared": ("{ name: Authorization, in: header", "{ name: X, in: header"),
        "the gateway adds a name": (
            _MAPPED_SESSION,
            f"{_MAPPED_SESSION}                  integration.request.header.X-Owner: "
            "context.authorizer.claims.sub\n",
        ),
    },
    api.a_preflight_allows_what_the_page_sends: {
        "a header is not allowed": (f"'Authorization,Content-Type,{_SESSION}'", "'*'"),
        "it wants a token from the runtime": ("type: mock", "type: http_proxy"),
    },
    api.bodies_are_checked_at_the_gate: {
        "no validator": ("x-amazon-apigateway-request-validator: body", "#"),
        "the validator looks away": ("validateRequestBody: true", "validateRequestBody: false"),
        "the model is not defined": ("schemas/ChatRequest'", "schemas/ChatReqeust'"),
    },
    api.a_page_can_read_every_refusal: {
        "no CORS on 401": (f"{_UNAUTHORIZED}{_ALLOWED_ORIGIN}", _UNAUTHORIZED),
        "no answer to the other 5XX": ("DEFAULT_5XX:", "API_CONFIGURATION_ERROR:"),
    },
    api.a_refusal_is_json_with_its_status: {
        "401 becomes 200": ("statusCode: 401", "statusCode: 200"),
        "no quotation marks": ('"$context.error.validationErrorString"', "$context.error.message"),
    },
    stage.every_request_is_logged: {
        "no access log": ("      AccessLogSetting:\n", "      Tags:\n"),
        "kept for ever": ("RetentionInDays: !Ref LogDays", "LogGroupClass: STANDARD"),
    },
    stage.logs_hold_no_content: {
        "the body": ('"bytes":"', '"body":"$input.body","bytes":"'),
        "the email": ("$context.authorizer.claims.sub", "$context.authorizer.claims.email"),
        "execution logs": (
            "          MetricsEnabled: true\n",
            "          DataTraceEnabled: true\n",
        ),
    },
    stage.requests_are_throttled: {
        "no rate": ("          ThrottlingRateLimit: !Ref ThrottleRate\n", ""),
    },
    stage.sam_leaves_the_api_as_it_is_written: {
        "SAM adds a stage": ("OpenApiVersion: 3.0.1", "#"),
    },
    runtime.the_runtime_checks_tokens_of_the_user_pool: {
        "another issuer": ("DiscoveryUrl: !Sub ${UserPool.ProviderURL}", "DiscoveryUrl: https://x"),
    },
    runtime.the_runtime_takes_id_tokens_of_the_page: {
        "no audience": ("AllowedAudience: [!Ref UserPoolClient]", "#"),
        "AllowedClients beside it": (
            "          AllowedAudience: ",
            "          AllowedClients: [!Ref UserPoolClient]\n          AllowedAudience: ",
        ),
    },
    runtime.the_agent_is_told_who_asks_by_the_token_only: {
        "the allowlist is emptied": ("Allowlist: [Authorization]", "Allowlist: []"),
        "a header names the user": (
            "Allowlist: [Authorization]",
            "Allowlist: [Authorization, X-Amzn-Bedrock-AgentCore-Runtime-Custom-User]",
        ),
    },
    runtime.the_runtimes_name_has_no_hyphen: {
        "hyphens stay": (
            "AgentRuntimeName: !Join ['_', !Split ['-', !Ref Prefix]]",
            "AgentRuntimeName: !Ref Prefix",
        ),
    },
    runtime.new_code_has_a_new_key: {
        "a fixed key": ("Prefix: !Ref AgentCodeKey", "Prefix: agent.zip"),
        "any key": (r"[0-9a-f]{64}\.zip$", r"\.zip$"),
    },
    runtime.the_runtime_has_the_python_that_tests_run_on: {
        "another Python": ("Runtime: PYTHON_3_13", "Runtime: PYTHON_3_12"),
    },
    runtime.the_agent_stands_in_the_network_of_the_parameters: {
        "a VPC": ("        - NetworkMode: PUBLIC\n", "        - NetworkMode: VPC\n"),
    },
    runtime.the_platform_is_the_parameters: {
        "AWS's default": ("      PlatformVersion: !Ref PlatformVersion # never", "      # never"),
        "the agent is told of another": (
            "SLUICE_PLATFORM: !Ref PlatformVersion",
            "SLUICE_PLATFORM: V1",
        ),
    },
    runtime.the_environment_fits: {
        "a list of servers that does not": ("    MaxLength: 1024\n", "    MaxLength: 4096\n"),
        "a value without an end": (
            "    MaxLength: 256\n    Description: >-\n      OpenTelemetry",
            "    Description: >-\n      OpenTelemetry",
        ),
    },
    runtime.sessions_end_when_the_parameters_say: {
        "a fixed idle time": ("IdleRuntimeSessionTimeout: !Ref IdleSeconds", "MaxLife: 28800"),
    },
    runtime.the_agent_finds_its_model_and_its_bucket: {
        "another bucket": ("s3://${ConversationsBucket}", "s3://conversations"),
        "a setting that nobody reads": ("SLUICE_MODEL_REGION:", "SLUICE_MODEL_REGOIN:"),
        "a setting that is missing": ("SLUICE_MODEL_REGION:", "MODEL_REGION:"),
        "no model": (
            "SLUICE_MODEL_ID: !Ref ModelId",
            "SLUICE_MODEL_ID: !Ref AWS::NoValue",
        ),
    },
    runtime.no_output_shows_the_mcp_servers: {
        "an output shows it": (
            "    Description: The user pool.\n    Value: !Ref UserPool\n",
            "    Description: The user pool.\n    Value: !Sub ${UserPool}${McpServers}\n",
        ),
    },
    limits.every_limit_reaches_the_agent: {
        "a number in its place": ("SLUICE_MAX_TURNS: !Ref MaxTurns", "SLUICE_MAX_TURNS: '20'"),
        "not told": ("        SLUICE_DAILY_TOKENS_PER_USER: !Ref DailyTokensPerUser\n", ""),
        "another name": ("        SLUICE_MAX_SECONDS:", "        MAX_TIME:"),
        "another limit": (
            "SLUICE_MAX_TOKENS: !Ref MaxTokens",
            "SLUICE_MAX_TOKENS: !Ref MaxContext",
        ),
    },
    limits.no_limit_is_off_by_default: {
        "a day without end": ("    Default: 1000000\n", "    Default: 0\n"),
    },
    limits.the_agent_takes_whatever_a_limit_may_be: {
        "more than it reads": (
            "    MaxValue: 1000000\n    Description: >-\n      Tokens of a",
            "    MaxValue: 100000000\n    Description: >-\n      Tokens of a",
        ),
        "no turn at all": (
            "    MinValue: 1\n    MaxValue: 200\n",
            "    MinValue: 0\n    MaxValue: 200\n",
        ),
    },
    limits.the_gate_lets_the_longest_message_through: {
        "a shorter one": ("minLength: 1, maxLength: 32000", "minLength: 1, maxLength: 16000"),
        "a longer parameter": ("    MaxValue: 32000 #", "    MaxValue: 64000 #"),
    },
    sign_in.nobody_signs_up: {
        "self sign-up": ("AllowAdminCreateUserOnly: true", "AllowAdminCreateUserOnly: false"),
    },
    sign_in.people_sign_in_with_a_verified_email: {
        "unverified": ("AutoVerifiedAttributes: [email]", "AutoVerifiedAttributes: []"),
    },
    sign_in.passwords_are_long_and_mixed: {
        "no digit": ("RequireNumbers: true", "RequireNumbers: false"),
    },
    sign_in.managed_login_has_its_tier_and_version: {
        "the older pages": ("ManagedLoginVersion: 2", "ManagedLoginVersion: 1"),
    },
    sign_in.the_sign_in_page_has_a_branding: {
        "the branding is of no client": ("      ClientId: !Ref UserPoolClient\n", ""),
        "it may come before the domain": ("    DependsOn: UserPoolDomain\n", ""),
    },
    sign_in.only_the_code_grant_is_open: {
        "the implicit grant": ("AllowedOAuthFlows: [code]", "AllowedOAuthFlows: [code, implicit]"),
        "OAuth is off": ("AllowedOAuthFlowsUserPoolClient: true", "#"),
    },
    sign_in.tokens_say_who_and_no_more: {
        "the scope that changes accounts": (
            "[openid, email, profile]",
            "[openid, email, profile, aws.cognito.signin.user.admin]",
        ),
    },
    sign_in.a_second_factor_is_asked_for_as_the_parameter_says: {
        "left out when it is off": ("'ON', 'OFF'] # written out", "'ON', !Ref AWS::NoValue] #"),
    },
    sign_in.the_client_has_no_secret: {
        "a secret": ("GenerateSecret: false", "GenerateSecret: true"),
    },
    sign_in.no_flow_takes_a_password: {
        "passwords": (_FLOW, f"{_FLOW}        - ALLOW_USER_PASSWORD_AUTH\n"),
    },
    sign_in.refresh_tokens_rotate: {
        "the flow that excludes it": (
            _FLOW,
            f"{_FLOW}        - ALLOW_REFRESH_TOKEN_AUTH\n",
        ),
        "the default flows": (f"      ExplicitAuthFlows:\n{_FLOW}{_PASSKEY_FLOW}", ""),
        "no rotation": ("Feature: ENABLED", "Feature: DISABLED"),
    },
    sign_in.tokens_live_no_longer_than_said: {
        "days in place of minutes": ("IdToken: minutes", "IdToken: days"),
    },
    sign_in.signing_out_revokes_tokens: {
        "no revocation": ("EnableTokenRevocation: true", "EnableTokenRevocation: false"),
    },
    sign_in.the_sign_in_page_tells_nobody_who_has_an_account: {
        "it tells": ("ExistenceErrors: ENABLED", "ExistenceErrors: LEGACY"),
    },
    sign_in.sign_in_returns_to_this_page_only: {
        "over plain HTTP": (_CALLBACK, _CALLBACK.replace("https:", "http:")),
        "a wildcard": (_CALLBACK, f"{_CALLBACK}        - https://*.example.com\n"),
        "a slash at the end": (_CALLBACK, _CALLBACK.replace("Name}", "Name}/")),
        "another list for sign-out": (
            "      LogoutURLs:\n",
            "      LogoutURLs:\n        - https://x\n",
        ),
    },
    sign_in.a_development_page_is_on_this_machine: {
        "anywhere": ("^$|^http://localhost:[0-9]{2,5}$", "^$|^https?://.+$"),
    },
    site.only_the_distribution_reads_the_page: {
        "no access control": ("            OriginAccessControlId: !Ref SiteAccess\n", ""),
        "unsigned requests": ("SigningBehavior: always", "SigningBehavior: never"),
    },
    site.the_page_is_read_over_https: {
        "plain HTTP": (
            "ViewerProtocolPolicy: redirect-to-https",
            "ViewerProtocolPolicy: allow-all",
        ),
    },
    site.scripts_and_all_else_come_from_the_page: {
        "unsafe-inline": ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        "inline styles": ("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
    },
    site.the_page_talks_to_the_api_and_sign_in_only: {
        "a wildcard": ("connect-src 'self'", "connect-src 'self' *"),
    },
    site.no_string_becomes_markup: {
        "no Trusted Types": ("require-trusted-types-for 'script';", ""),
        "any policy": ("trusted-types 'none'", "trusted-types *"),
    },
    site.browsers_are_told_to_be_strict: {
        "for a day": ("AccessControlMaxAgeSec: 63072000", "AccessControlMaxAgeSec: 86400"),
    },
    site.every_answer_of_the_site_has_these_headers: {
        "not attached": ("          ResponseHeadersPolicyId: !Ref SiteHeaders\n", ""),
        "an object's own header wins": (
            "ContentTypeOptions: { Override: true }",
            "ContentTypeOptions: { Override: false }",
        ),
    },
    buckets.buckets_are_private: {
        "no blocks": (
            f"{_SITE_BUCKET}{_ENCRYPTED}{_OWNED}      PublicAccessBlockConfiguration:",
            f"{_SITE_BUCKET}{_ENCRYPTED}{_OWNED}      Tags:",
        ),
    },
    buckets.buckets_are_encrypted: {
        "not encrypted": (f"{_SITE_BUCKET}{_ENCRYPTED}", _SITE_BUCKET),
    },
    buckets.buckets_answer_over_tls_only: {
        "the bucket, but not what is in it": (_SITE_ARNS, "[!GetAtt SiteBucket.Arn]"),
    },
    buckets.nobody_unnamed_is_let_into_a_bucket: {
        "everybody": ("Principal: { Service: cloudfront.amazonaws.com }", "Principal: '*'"),
        "any distribution": ("distribution/${Site}", "distribution/*"),
    },
    buckets.what_people_wrote_outlives_the_stack: {
        "conversations go with it": (
            "    DeletionPolicy: RetainExceptOnCreate # what people wrote",
            "    DeletionPolicy: Delete # what people wrote",
        ),
    },
    stage.the_accounts_setting_keeps_its_role: {
        "but for a first deployment that failed": (
            "    DeletionPolicy: Retain # as long as the account's",
            "    DeletionPolicy: RetainExceptOnCreate # as long as the account's",
        ),
    },
    buckets.conversations_end_when_the_parameter_says: {
        "never": ("              ExpirationInDays: !Ref ConversationDays\n", ""),
    },
    permissions.no_action_is_a_wildcard: {
        "all of CloudWatch": ("Action: cloudwatch:PutMetricData", "Action: cloudwatch:*"),
        "all but one": ("Action: cloudwatch:PutMetricData", "NotAction: cloudwatch:PutMetricData"),
    },
    permissions.a_wide_resource_gives_its_reason: {
        "a reason is removed": (" # X-Ray has no resources to name for these", ""),
    },
    permissions.the_agents_role_is_for_this_accounts_runtimes: {
        "any account": ("{ aws:SourceAccount: !Ref AWS::AccountId }", "{ aws:SourceOrgID: o-1 }"),
    },
    permissions.roles_cannot_make_themselves_stronger: {
        "roles are passed": ("Action: cloudwatch:PutMetricData", "Action: iam:PassRole"),
        "an administrator": ("AmazonAPIGatewayPushToCloudWatchLogs", "AdministratorAccess"),
    },
    permissions.the_agent_reads_and_writes_conversations_only: {
        "the page's bucket": (
            "Resource: !Sub ${Convers",
            "Resource: !Sub ${SiteBucket.Arn}/* # ${",
        ),
        "it may not delete": (", s3:DeleteObject]", "]"),
        "it may make others read": (", s3:DeleteObject]", ", s3:DeleteObject, s3:PutObjectAcl]"),
        "it cannot list": ("Action: s3:ListBucket #", "Action: logs:FilterLogEvents #"),
        "every model": ("::foundation-model/${ModelId}", "::foundation-model/* # any"),
        "a condition is removed": ("bedrock:InferenceProfileArn:", "aws:ResourceTag/x:"),
    },
    permissions.the_agent_may_subscribe_to_its_model_by_way_of_bedrock: {
        "it may not": (
            "Action: [aws-marketplace:Subscribe, aws-marketplace:ViewSubscriptions]",
            "Action: aws-marketplace:ViewSubscriptions",
        ),
        "to anything": ("{ aws:CalledViaLast: bedrock.amazonaws.com }", "{ aws:SourceVpc: x }"),
    },
    permissions.the_agent_calls_gateways_only_where_it_has_servers: {
        "whether it has servers or not": (
            "          - HasMcp\n          - PolicyName: Tools\n",
            "          - HasBedrock\n          - PolicyName: Tools\n",
        ),
    },
    names.nothing_is_named_without_need: {
        "a bucket": (_SITE_BUCKET, f"{_SITE_BUCKET}      BucketName: !Sub ${{Prefix}}-site\n"),
    },
    names.no_partition_region_or_account_is_written_out: {
        "the partition": ("arn:${AWS::Partition}:iam::aws:policy", "arn:aws:iam::aws:policy"),
        "the suffix": (
            "uri: !Sub https://bedrock-agentcore.${AWS::Region}.${AWS::URLSuffix}",
            "uri: !Sub https://bedrock-agentcore.${AWS::Region}.amazonaws.com",
        ),
        "the region": ("SLUICE_MODEL_REGION: !Ref AWS::Region", "SLUICE_MODEL_REGION: us-east-1"),
    },
    form.every_parameter_stands_in_one_group_with_a_label: {
        "no group": ("[ConversationDays, LogDays]", "[ConversationDays]"),
        "no label": ("      Model: { default: Where the model runs }\n", ""),
    },
    form.every_parameter_says_what_it_takes: {
        "anything": ("    AllowedPattern: ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$\n", ""),
        "no sentence": ("    ConstraintDescription: bedrock or openai.\n", ""),
    },
    form.every_rule_says_what_to_do: {
        "no sentence": (
            *("AssertDescription: Only Model bedrock has", "Description: Only Model bedrock has"),
        ),
    },
    form.every_output_is_there_and_described: {
        "another name": ("  SpaBucket:\n", "  PageBucket:\n"),
        "no description": ("    Description: The user pool.\n", ""),
    },
    form.conditions_are_named_has_or_is: {
        "another name": (
            *("  HasBudget: !Not", "  Budgeted: !Not"),
            *("    Condition: HasBudget\n", "    Condition: Budgeted\n"),
        ),
    },
    form.everything_stands_in_its_order: {
        "an attribute before the type": (
            "    Type: AWS::Cognito::ManagedLoginBranding\n    DependsOn: UserPoolDomain\n",
            "    DependsOn: UserPoolDomain\n    Type: AWS::Cognito::ManagedLoginBranding\n",
        ),
    },
    form.cloudformation_can_read_the_file: {
        "an anchor and its alias": (
            *("RequireUppercase: true", "RequireUppercase: &yes true"),
            *("RequireNumbers: true", "RequireNumbers: *yes"),
        ),
    },
    form.a_linter_is_silenced_for_a_reason_only: {
        "another check": (_SKIP, _SKIP.replace("]", ", E3002]")),
        "no reason": (_SKIP_REASON, "        reason:"),
        "no reason for checkov": (
            "            comment: the parameter Tracing turns it on\n",
            "            comment: not now\n",
        ),
        "the whole file": ("Metadata:\n  AWS::Cl", "Metadata:\n  cfn-lint: {}\n  AWS::Cl"),
    },
    circles.nothing_waits_for_itself: {
        "the API's body names the runtime": ("${!stageVariables.RuntimeId}", "${Runtime}"),
    },
}
