"""What a model's failure means to a person: a code and a sentence that names the fix.

Exceptions are told apart by their names, because the packages of providers that are not in use
need not be installed. Their texts are never read into an answer.
"""

from collections.abc import Iterator

from sluice import network
from sluice.models.errors import is_quota_used_up
from sluice.service_error import Code, ServiceError
from sluice.settings import Settings

# AWS error codes (botocore ClientError) of Bedrock's ConverseStream API, and exception names of
# botocore, urllib3, Strands, openai, httpx and httpx2, to the keys of `_answers`.
_MEANINGS = {
    "ThrottlingException": "throttled",
    "ServiceQuotaExceededException": "throttled",
    "ModelThrottledException": "throttled",
    "AccessDeniedException": "denied",
    "UnrecognizedClientException": "no_credentials",
    "ExpiredTokenException": "no_credentials",
    "InvalidSignatureException": "no_credentials",
    "NoCredentialsError": "no_credentials",
    "PartialCredentialsError": "no_credentials",
    "CredentialRetrievalError": "no_credentials",
    "TokenRetrievalError": "no_credentials",
    # Of `aws sso login` and `aws login`: no sign-in, or one that has expired.
    "SSOError": "no_credentials",
    "LoginError": "no_credentials",
    "ProfileNotFound": "no_credentials",
    "ConfigParseError": "no_credentials",
    "ConfigNotFound": "no_credentials",
    "InvalidConfigError": "no_credentials",
    "UnknownCredentialError": "no_credentials",
    "ValidationException": "rejected",
    "ResourceNotFoundException": "rejected",
    "ReadTimeoutError": "slow",
    "ModelTimeoutException": "slow",
    "APITimeoutError": "slow",
    "ReadTimeout": "slow",
    "EndpointConnectionError": "unreachable",
    "ConnectTimeoutError": "unreachable",
    "ConnectionClosedError": "unreachable",
    "APIConnectionError": "unreachable",
    "ConnectError": "unreachable",
    "ConnectTimeout": "unreachable",
    "ProxyError": "unreachable",
    "ConnectionError": "unreachable",
    "ModelNotReadyException": "failing",
    "ModelErrorException": "failing",
    "ModelStreamErrorException": "failing",
    "ServiceUnavailableException": "failing",
    "InternalServerException": "failing",
    "EventStreamError": "failing",
    # What a stream that had begun well ends with: an error told in it, or a broken connection.
    "APIError": "failing",
    "ProtocolError": "failing",
    "RequestError": "failing",
    "SSLError": "failing",
    "HTTPClientError": "failing",
    "ResponseStreamingError": "failing",
    "IncompleteRead": "failing",
    "IncompleteReadError": "failing",
    # Of botocore.eventstream, and of the responses around it.
    "ParserError": "failing",
    "ResponseParserError": "failing",
    "ContextWindowOverflowException": "too_much",
    "MaxTokensReachedException": "too_long",
    # Of sluice.models.errors.
    "ServerError": "failing",
    "AnswerCutError": "cut",
}

# Statuses of an Ollama or OpenAI-compatible server, which the errors of both carry.
_STATUSES = {
    401: "denied",
    402: "quota",
    403: "denied",
    408: "slow",
    413: "too_much",
    429: "throttled",
}


# What only breaks an answer off, once it has begun: a person has its half.
_BREAKS = {"failing", "rejected", "slow", "throttled", "unreachable"}


def explain(
    error: BaseException, settings: Settings, in_mid_answer: bool = False
) -> ServiceError | None:
    """The error that a person is told of a failed model, or None when it is not one."""
    meaning = meaning_of(error)
    if in_mid_answer and meaning in _BREAKS:
        meaning = "cut"
    return None if meaning is None else ServiceError(*_answers(settings)[meaning])


def meaning_of(error: BaseException) -> str | None:
    """What a failure of the model amounts to, such as "throttled"; None when it is not one."""
    return next(_meanings(error), None)


def _meanings(error: BaseException | None) -> Iterator[str]:
    """The keys of `_answers` for an exception and its causes, outermost first."""
    while error is not None:
        if is_quota_used_up(error):
            yield "quota"
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status >= 400:
            yield _STATUSES.get(status, "rejected" if status < 500 else "failing")
        yield from (_MEANINGS[name] for name in _names(error) if name in _MEANINGS)
        error = error.__cause__ or error.__context__


def _names(error: BaseException) -> Iterator[str]:
    """The AWS error code of an exception, and the names of its types."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        # Errors inside an event stream begin with a small letter.
        yield code[:1].upper() + code[1:]
    yield from (kind.__name__ for kind in type(error).__mro__)


def _answers(settings: Settings) -> dict[str, tuple[Code, str]]:
    if settings.model == "bedrock":
        where = f"Bedrock in {settings.model_region}"
        url = f"https://bedrock-runtime.{settings.model_region}.amazonaws.com"
        access = (
            f"allow bedrock:InvokeModelWithResponseStream on {settings.model_id} and "
            "aws-marketplace:Subscribe to the agent's role; a first call subscribes the account "
            "within 15 minutes, and Anthropic's models want a use case once (Bedrock console, "
            "Model catalog)"
        )
        credentials = "run `aws sso login` or `aws configure`, or `SLUICE_MODEL=offline make dev`"
        # What Bedrock has validated; the last two only where they are used.
        names = ["SLUICE_MODEL_ID", "SLUICE_MODEL_REGION", "SLUICE_MAX_TOKENS"]
        names += ["SLUICE_THINKING"] if settings.thinking else []
        names += ["SLUICE_GUARDRAIL_ID"] if settings.guardrail_id else []
        name = f"check {', '.join(names)}"
        reach = "check the network and SLUICE_MODEL_REGION"
    else:
        where = f"The model server at {settings.model_url}"
        url = settings.model_url
        access = credentials = "check SLUICE_MODEL_KEY"
        pull = f"run `ollama pull {settings.model_id}`, or " if settings.model == "ollama" else ""
        name = f"{pull}set SLUICE_MODEL_ID to a model that the server has and that can call tools"
        if settings.model == "openai":
            name += ", and SLUICE_MAX_TOKENS to what it may write"
        reach = "start it, or correct SLUICE_MODEL_URL"
    # What it reads is set where it runs: https://docs.ollama.com/context-length
    more = ", or let it read more with OLLAMA_CONTEXT_LENGTH" * (settings.model == "ollama")
    if proxy := network.proxy_variable(url):
        reach = f"check {proxy}, whose proxy is on the way; or {reach}"
    model = settings.model_id
    return {
        "throttled": ("model_throttled", f"{model} is busy; wait a minute, then send again."),
        "denied": ("model_access_denied", f"{model} may not be used: {access}."),
        "no_credentials": (
            "model_access_denied",
            f"There are no credentials that {where} takes: {credentials}.",
        ),
        "rejected": ("model_unavailable", f"{where} rejected the request for {model}: {name}."),
        "cut": (
            "answer_cut",
            f"{where} broke off in mid-answer; what it said is kept. Send again.",
        ),
        "quota": (
            "quota_used_up",
            f"The quota or credit for {model} is used up: add to it with its provider, or choose "
            "another model.",
        ),
        "slow": ("model_unavailable", f"{where} took too long to answer; send again."),
        "unreachable": ("model_unavailable", f"{where} cannot be reached: {reach}."),
        "failing": ("model_unavailable", f"{where} failed; wait a little, then send again."),
        "too_much": (
            "prompt_too_long",
            f"The conversation is longer than {model} can read; start a new one{more}.",
        ),
        "too_long": (
            "answer_too_long",
            f"The answer reached {settings.max_tokens:,} tokens (SLUICE_MAX_TOKENS), or the output "
            f"limit of {model}; ask for a shorter one.",
        ),
    }
