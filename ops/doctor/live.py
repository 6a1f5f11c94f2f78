"""A stack that runs, here or at AWS, asked over HTTP as a browser asks it.

What another check has answered already (nothing streams through a throttle of 0) is not asked
again. What only `make doctor ARGS=--live` asks is in thorough.py.
"""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from local.site import page_config
from ops.conversation import SESSION_HEADER
from ops.doctor.check import CannotLookError, Fault, Group, Symptom
from ops.doctor.live_stack import Answer, LiveStack
from ops.doctor.template.sign_in import unreachable
from ops.oauth import CodeFlow

LEAST_ARRIVALS = 5
APART_SECONDS = 0.004
"""Pieces that come closer together than this were sent as one."""

_LOGS = "make logs [STACK=...]"


def explain(error: Exception) -> str:
    """Why a check could not look."""
    if isinstance(error, httpx.TransportError):
        return f"There was no answer ({type(error).__name__}: {error})."
    return f"The answer is not of the expected form ({type(error).__name__}: {error})."


LIVE: Group[LiveStack] = Group("live", explain)


@LIVE.check("ports", "whether page, API and sign-in answer", Symptom.PAGE)
def ports(stack: LiveStack) -> Iterator[Fault]:
    for name in ("SpaUrl", "ApiUrl", "LoginUrl"):
        address = stack.outputs[name]
        try:
            stack.http.get(address)
        except httpx.TransportError as error:
            if not stack.is_local:
                raise CannotLookError(
                    f"{address} was not reached ({type(error).__name__}): is this machine online, "
                    "and is a proxy needed (HTTPS_PROXY)?"
                ) from error
            yield Fault(
                f"nothing answers at {address}, {name}",
                "the local stack: its outputs say that it runs, so it was killed",
                "make dev (after ending what holds the port: ss -ltnp)",
            )


@LIVE.check("discovery", "the issuer's discovery document and keys", Symptom.REFUSED)
def discovery(stack: LiveStack) -> Iterator[Fault]:
    issuer = stack.outputs["Issuer"]
    address = f"{issuer}/.well-known/openid-configuration"
    answer = stack.http.get(address)
    found = answer.json() if answer.is_success else {}
    keys = stack.http.get(found["jwks_uri"]) if "jwks_uri" in found else None
    if found.get("issuer") != issuer or not keys or not keys.json().get("keys"):
        yield Fault(
            f"{answer.status_code} from {address}, issuer {found.get('issuer')}",
            f"the issuer {issuer}, and keys to check tokens with",
            "make deploy [STACK=...]; here: end `make dev` and start it again",
        )


@LIVE.check("sign-in", "the sign-in page, asked for as the page asks", Symptom.SIGN_IN)
def sign_in(stack: LiveStack) -> Iterator[Fault]:
    """An unregistered callback, OAuth switched off or a missing branding end on an error page."""
    flow = CodeFlow.begin(stack.outputs, stack.outputs["SpaUrl"])
    answer = stack.http.get(flow.address(), follow_redirects=True)
    if not answer.is_success or urlsplit(str(answer.url)).path.endswith("/error"):
        yield Fault(
            f"{answer.status_code} from {answer.url.copy_with(query=None)}",
            f"a sign-in form: the client has OAuth's code flow, the callback "
            f"{stack.outputs['SpaUrl']} exactly, and a branding",
            "make deploy [STACK=...]; template.sign-in, template.callback and deployed.* say more",
        )


@LIVE.check("page", "the page", Symptom.PAGE)
def page(stack: LiveStack) -> Iterator[Fault]:
    if not stack.page.is_success or "text/html" not in stack.page.headers.get("content-type", ""):
        yield Fault(
            f"{stack.page.status_code} {stack.page.headers.get('content-type', '')}",
            "200 text/html (403 means that the bucket is empty)",
            "make publish-spa [STACK=...]",
        )


@LIVE.check("config", "config.json of the page", Symptom.PAGE)
def config(stack: LiveStack) -> Iterator[Fault]:
    answer = stack.http.get(f"{stack.outputs['SpaUrl']}/config.json")
    found = answer.json() if answer.is_success else {}
    wanted = page_config(stack.outputs)
    wrong = sorted(name for name, value in wanted.items() if found.get(name) != value)
    if wrong:
        yield Fault(
            f"{answer.status_code}; {', '.join(wrong)} not this stack's",
            "the stack's own issuer, clientId, apiUrl and loginUrl",
            "make publish-spa [STACK=...]",
        )


@LIVE.check("connect-src", "the page's Content-Security-Policy", Symptom.PAGE)
def connect_src(stack: LiveStack) -> Iterator[Fault]:
    policy = stack.page.headers.get("content-security-policy", "")
    missing = unreachable(policy, stack.outputs["ApiUrl"], stack.outputs["LoginUrl"])
    if missing:
        yield Fault(
            f"connect-src does not name {', '.join(missing)}",
            "'self', the API and the sign-in",
            "template.yaml, SiteHeaders: ContentSecurityPolicy; then make deploy [STACK=...]",
        )


@LIVE.check("throttle", "whether the gate lets anything through", Symptom.BUSY)
def throttle(stack: LiveStack) -> Iterator[Fault]:
    if stack.refused.status == httpx.codes.TOO_MANY_REQUESTS:
        yield Fault(
            "429 to a single request",
            "less traffic than ThrottleRate and ThrottleBurst allow, and neither of them 0",
            "make deploy [STACK=...] with higher ones, or wait",
        )


@LIVE.check("preflight", "OPTIONS /chat, as a browser sends it", Symptom.PAGE)
def preflight(stack: LiveStack) -> Iterator[Fault]:
    needs = {"authorization", "content-type", SESSION_HEADER.lower()}
    answer = stack.gate.http.options(
        stack.api,
        headers={
            "Origin": stack.outputs["SpaUrl"],
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": ",".join(sorted(needs)),
        },
    )
    origin = answer.headers.get("Access-Control-Allow-Origin", "")
    methods = _words(answer.headers.get("Access-Control-Allow-Methods", ""))
    missing = needs - _words(answer.headers.get("Access-Control-Allow-Headers", ""))
    if not (answer.is_success and _is_pages(stack, origin) and "post" in methods) or missing:
        saw = f"{answer.status_code}, origin {origin or '(none)'}, methods {' '.join(methods)}"
        yield Fault(
            saw + (f", without {', '.join(sorted(missing))}" if missing else ""),
            f"2xx, * or the page's origin, POST, Authorization, Content-Type and {SESSION_HEADER}",
            "template.yaml: a mock integration on options, and its responseParameters; then make "
            "deploy [STACK=...]",
        )


def _words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",") if word.strip()}


def _is_pages(stack: LiveStack, origin: str) -> bool:
    return origin in ("*", stack.outputs["SpaUrl"])


@LIVE.check("refusal", "POST /chat without a token", Symptom.REFUSED)
def refusal(stack: LiveStack) -> Iterator[Fault]:
    yield from not_the_gates(stack.gate.refused, "security: [{ SignedIn: [] }] on the operation")


def not_the_gates(answer: Answer, line: str) -> Iterator[Fault]:
    """A fault unless the API itself refused; `line` of the template fixes it."""
    # API Gateway renames this header of an answer that it passes on, and sends none of its own.
    is_behind = "x-amzn-remapped-www-authenticate" in answer.headers
    if answer.status != httpx.codes.UNAUTHORIZED or is_behind:
        yield Fault(
            f"{answer.status}{', of the runtime behind the gate' if is_behind else ''}",
            "401, of the API itself: any other answer does not come from the gate's authorizer",
            f"template.yaml: {line}; then make deploy [STACK=...]",
        )


@LIVE.check("refusal-cors", "the CORS header of that 401", Symptom.PAGE)
def refusal_cors(stack: LiveStack) -> Iterator[Fault]:
    if stack.gate.refused.status != httpx.codes.UNAUTHORIZED:
        raise CannotLookError("There was no 401; see live.refusal.")
    yield from _unreadable(
        *(stack, stack.refused, "or the page sees a network error in place of a 401"),
        "template.yaml: x-amazon-apigateway-gateway-responses; then make deploy [STACK=...]",
    )


def _unreadable(stack: LiveStack, answer: Answer, reason: str, fix: str) -> Iterator[Fault]:
    origin = answer.headers.get("Access-Control-Allow-Origin", "")
    if not _is_pages(stack, origin):
        yield Fault(
            f"{answer.status}, Access-Control-Allow-Origin: {origin or '(none)'}",
            f"* or the page's origin, {reason}",
            fix,
        )


# Statuses of API Gateway and of InvokeAgentRuntime (AgentCore API reference).
_MEANINGS = {
    400: ("the runtime does not take the request", "look at template.target: accountId?"),
    401: ("the runtime refuses the token", "look at template.audience and deployed.audience"),
    403: ("no such path, or a firewall's refusal", "look at ApiUrl's stage, and at WAF"),
    404: ("no such runtime", "look at template.target and deployed.target"),
    424: ("the agent answered with an error, or never started", _LOGS),
    429: ("too many sessions or requests", "wait, or ask AWS for a higher quota"),
    500: ("the gate is set up wrongly", "look at template.target and deployed.target"),
    502: ("the gate could not read the runtime's answer", _LOGS),
    504: ("the runtime did not answer in time", f"{_LOGS}; look at template.timeout"),
}


@LIVE.check("agent", "whether a token wakes the agent (action warm)", Symptom.NO_ANSWER)
def agent(stack: LiveStack) -> Iterator[Fault]:
    answer = stack.woken
    if answer.is_warm:
        return
    meaning, fix = _MEANINGS.get(answer.status, ("not the agent's answer", _LOGS))
    saw = f"{answer.status} {answer.headers.get('x-amzn-errortype', '')}".strip()
    if answer.status == httpx.codes.OK and b'"error"' in answer.body:
        error = json.loads(answer.body)["error"]
        saw, meaning = str(error["code"]), str(error["message"])
        fix = "look at template.allowlist" if saw == "unauthorized" else _LOGS
    yield Fault(f"{saw}: {meaning}", '200 {"status": "warm"}', fix)


@LIVE.check("answer-cors", "the CORS header of a streamed answer", Symptom.PAGE)
def answer_cors(stack: LiveStack) -> Iterator[Fault]:
    """API Gateway maps no header of a streamed answer: it has to come from AgentCore."""
    yield from _unreadable(
        *(stack, stack.counted, "from the runtime: no browser reads the stream without it"),
        "no setting of the API can add it: docs/unverified.md",
    )


@LIVE.check("streams", "when the pieces of an answer arrive", Symptom.ALL_AT_ONCE)
def streams(stack: LiveStack) -> Iterator[Fault]:
    """A buffered answer comes in one or two bursts, however long it took to make."""
    if not stack.counted.end.startswith("RUN_FINISHED"):
        raise CannotLookError("There was no answer; see live.model.")
    arrivals = stack.counted.arrivals
    apart = [0.0]
    for arrival in arrivals:
        if arrival - apart[-1] >= APART_SECONDS:
            apart.append(arrival)
    if len(apart) - 1 < LEAST_ARRIVALS:
        yield Fault(
            f"{len(apart) - 1} arrivals, the first after {arrivals[0]:.2f} s, the last after "
            f"{arrivals[-1]:.2f} s",
            f"{LEAST_ARRIVALS} arrivals or more, while the model speaks",
            "look at template.streams and deployed.streams; a proxy of this shell may buffer, too",
        )


@LIVE.check("model", "how an answer ends", Symptom.MODEL)
def model(stack: LiveStack) -> Iterator[Fault]:
    answer = stack.counted
    if answer.end != "RUN_FINISHED":
        told = answer.events[-1].get("message") if answer.events else None
        yield Fault(answer.end, "RUN_FINISHED", str(told or _LOGS))
