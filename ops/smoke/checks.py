"""The questions of `make smoke`, each with what is expected and what fixes it."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from ops.conversation import SESSION_HEADER
from ops.oauth import SignInError
from ops.smoke.target import COUNT, Answer, Target
from ops.terminal import printable

LEAST_ARRIVALS = 5
CUT_AFTER = 5
APART_SECONDS = 0.004
"""Pieces that come closer together than this were sent as one."""


@dataclass(frozen=True)
class Check:
    """A question to a stack: `ask` says what it saw, and whether that is as `expected`."""

    name: str
    ask: Callable[[Target], tuple[bool, str]]
    expected: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """What became of a check."""

    check: str
    passed: bool
    saw: str
    expected: str
    fix: str


def _allows_page(target: Target, answer: Answer) -> tuple[bool, str]:
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    saw = f"Access-Control-Allow-Origin: {allowed or '(none)'}"
    return allowed in ("*", target.outputs["SpaUrl"]), f"{answer.status}, {saw}"


def ask_for_streamed_cors(target: Target) -> tuple[bool, str]:
    allowed, saw = _allows_page(target, target.counted)
    return allowed and target.counted.status == httpx.codes.OK, saw


def ask_for_pieces(target: Target) -> tuple[bool, str]:
    """A buffered answer comes in one or two bursts, however long it took to make."""
    answer = target.counted
    apart = [0.0]
    for arrival in answer.arrivals:
        if arrival - apart[-1] >= APART_SECONDS:
            apart.append(arrival)
    if not answer.arrivals or answer.status != httpx.codes.OK:
        return False, answer.end
    first, last = answer.arrivals[0], answer.arrivals[-1]
    saw = f"{len(apart) - 1} arrivals, the first after {first:.2f} s, the last after {last:.2f} s"
    return len(apart) - 1 >= LEAST_ARRIVALS, saw


def ask_for_whole_answer(target: Target) -> tuple[bool, str]:
    ids = [line for line in target.counted.body.splitlines() if line.startswith(b"id:")]
    gapless = ids == [b"id: %d" % number for number in range(1, len(ids) + 1)]
    saw = f"{len(ids)} events{'' if gapless else ' with gaps'}, then {target.counted.end}"
    return gapless and target.counted.end == "RUN_FINISHED", saw


def ask_without_token(target: Target) -> tuple[bool, str]:
    return _is_gates_refusal(target.refused)


def ask_with_access_token(target: Target) -> tuple[bool, str]:
    return _is_gates_refusal(target.post({"prompt": "Hello"}, target.person.access_token))


def _is_gates_refusal(answer: Answer) -> tuple[bool, str]:
    # API Gateway renames this header of an answer that it passes on, and sends none of its own.
    behind = "x-amzn-remapped-www-authenticate" in answer.headers
    saw = f"{answer.status}{', of the runtime behind the gate' if behind else ''}"
    return answer.status == httpx.codes.UNAUTHORIZED and not behind, saw


def ask_for_refusals_cors(target: Target) -> tuple[bool, str]:
    allowed, saw = _allows_page(target, target.refused)
    return allowed and target.refused.status == httpx.codes.UNAUTHORIZED, saw


def ask_preflight(target: Target) -> tuple[bool, str]:
    needs = {"authorization", "content-type", SESSION_HEADER.lower()}
    answer = target.http.options(
        target.api,
        headers={
            "Origin": target.outputs["SpaUrl"],
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": ",".join(sorted(needs)),
        },
    )
    origin = answer.headers.get("Access-Control-Allow-Origin", "")
    methods = _words(answer.headers.get("Access-Control-Allow-Methods", ""))
    missing = needs - _words(answer.headers.get("Access-Control-Allow-Headers", ""))
    saw = f"{answer.status_code}, origin {origin or '(none)'}, methods {' '.join(sorted(methods))}"
    if missing:
        saw += f", without {', '.join(sorted(missing))}"
    allowed = origin in ("*", target.outputs["SpaUrl"]) and "post" in methods and not missing
    return answer.is_success and allowed, saw


def _words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",") if word.strip()}


def ask_with_wrong_field(target: Target) -> tuple[bool, str]:
    answer = target.post({"prompt": 42}, target.person.id_token())
    try:
        message = str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        return False, answer.end
    saw = f"{answer.status} {printable(message)}"
    return answer.status == httpx.codes.BAD_REQUEST and "prompt" in message, saw


def ask_with_short_session(target: Target) -> tuple[bool, str]:
    answer = _warm(target, 32)
    return answer.status == httpx.codes.BAD_REQUEST, answer.end


def ask_with_least_session(target: Target) -> tuple[bool, str]:
    answer = _warm(target, 33)
    return answer.status == httpx.codes.OK, answer.end


def _warm(target: Target, length: int) -> Answer:
    session = (uuid.uuid4().hex * 2)[:length]
    return target.post({"action": "warm"}, target.person.id_token(), session=session)


def ask_for_owner(target: Target) -> tuple[bool, str]:
    """The agent refuses, in the stream, a request whose token it was not shown."""
    answer = target.counted
    knows = answer.status == httpx.codes.OK and "unauthorized" not in answer.end
    return knows and bool(answer.events), answer.end


def ask_follow_up(target: Target) -> tuple[bool, str]:
    thread, number = str(uuid.uuid4()), str(uuid.uuid4().int % 9000 + 1000)
    first = target.turn(f"My lucky number is {number}", thread)
    second = target.turn("What is my lucky number?", thread)
    words = "".join(str(event.get("delta", "")) for event in second.events)
    if first.end == second.end == "RUN_FINISHED":
        return number in words, printable(" ".join(words.split())[:120])
    return False, f"{first.end}, then {second.end}"


def ask_for_the_rest(target: Target) -> tuple[bool, str]:
    """Hang up in the midst of an answer, and ask for what came after."""
    thread, run = str(uuid.uuid4()), str(uuid.uuid4())
    begun = target.turn(COUNT, thread, run, events=CUT_AFTER)
    # A burst may bring more than that.
    first = begun.ids[:CUT_AFTER]
    if not first:
        return False, begun.end
    rest = target.act("resume", threadId=thread, runId=run, after=first[-1])
    ids = first + rest.ids
    gapless = ids == list(range(1, len(ids) + 1))
    saw = f"{len(first)} events, then {len(rest.ids)} more{'' if gapless else ' with gaps'}"
    return gapless and rest.end == "RUN_FINISHED", f"{saw}, then {rest.end}"


def ask_for_conversations(target: Target) -> tuple[bool, str]:
    """Asked last: it deletes what the other questions left."""
    threads = set(target.threads)
    listed = threads & _listed(target)
    read = [each for each in threads if target.read("get", threadId=each).get("runs")]
    for thread in threads:
        target.act("delete", threadId=thread)
    left = threads & _listed(target)
    left |= {each for each in read if target.read("get", threadId=each).get("runs")}
    saw = f"of {len(threads)}, {len(listed)} listed, {len(read)} read, {len(left)} left"
    return len(listed) == len(read) == len(threads) > 0 and not left, saw


def _listed(target: Target) -> set[str]:
    threads = target.read("list").get("threads") or []
    return {str(each["threadId"]) for each in threads if "threadId" in each}


def ask_runtime_directly(target: Target) -> tuple[bool, str]:
    answer = target.post({"prompt": "Hello"}, url=target.outputs["RuntimeUrl"])
    return answer.status == httpx.codes.UNAUTHORIZED, answer.end


CHECKS = (
    Check(
        "the streamed answer lets the page read it",
        ask_for_streamed_cors,
        "200, Access-Control-Allow-Origin: * or the page's origin",
        "the runtime sends this header, no setting of the API can: see docs/unverified.md",
    ),
    Check(
        "the first word comes before the last",
        ask_for_pieces,
        f"{LEAST_ARRIVALS} arrivals or more",
        "template.yaml: responseTransferMode: STREAM at the integration, and no buffering proxy "
        "between here and the API",
    ),
    Check(
        "the stream is whole",
        ask_for_whole_answer,
        "events counted from 1 without a gap, then RUN_FINISHED",
        "`make logs` shows what the agent said; model_access_denied: `make doctor` says why",
    ),
    Check(
        "no token is refused at the gate",
        ask_without_token,
        "401, of the API itself",
        "template.yaml: security: [{ SignedIn: [] }] at the operation",
    ),
    Check(
        "an access token is refused at the gate",
        ask_with_access_token,
        "401, of the API itself",
        "template.yaml: no scopes in security, [{ SignedIn: [] }]; scopes would want this token",
    ),
    Check(
        "the page can read a refusal",
        ask_for_refusals_cors,
        "401, Access-Control-Allow-Origin: * or the page's origin",
        "template.yaml: Access-Control-Allow-Origin in x-amazon-apigateway-gateway-responses",
    ),
    Check(
        "the preflight lets the page ask",
        ask_preflight,
        f"2xx, * or the page's origin, POST, Authorization, Content-Type and {SESSION_HEADER}",
        "template.yaml: responseParameters of the options operation",
    ),
    Check(
        "a wrong field is refused by name",
        ask_with_wrong_field,
        "400, JSON, a message that names prompt",
        "template.yaml: x-amazon-apigateway-request-validator and BAD_REQUEST_BODY",
    ),
    Check(
        "a session id of 32 characters is refused",
        ask_with_short_session,
        "400",
        "template.yaml: requestParameters map the session's header to the integration",
    ),
    Check(
        "a session id of 33 characters is taken",
        ask_with_least_session,
        "200",
        "`make logs` shows why the agent did not start",
    ),
    Check(
        "the agent knows who asks",
        ask_for_owner,
        "200, and not RUN_ERROR unauthorized",
        "template.yaml: Authorization in RequestHeaderAllowlist",
    ),
    Check(
        "a thread remembers",
        ask_follow_up,
        "the number that was told a turn before",
        "`make logs` names storage_unavailable; the runtime's role needs the conversations' bucket",
    ),
    Check(
        "a cut answer goes on where it broke off",
        ask_for_the_rest,
        "every event once, in order, then RUN_FINISHED",
        "template.yaml: requestParameters map the session's header, or another process is asked",
    ),
    Check(
        "the runtime refuses who comes around the gate without a token",
        ask_runtime_directly,
        "401",
        "template.yaml: AuthorizerConfiguration of the runtime",
    ),
    Check(
        "conversations can be listed, read and deleted",
        ask_for_conversations,
        "all that were asked for here, and none of them afterwards",
        "`make logs` says why; the runtime's role needs ListBucket and DeleteObject",
    ),
)


def examine(target: Target) -> Iterator[Finding]:
    """A finding for each check, as it comes. One that cannot be asked has failed."""
    for check in CHECKS:
        try:
            passed, saw = check.ask(target)
        except (httpx.HTTPError, SignInError) as error:
            passed, saw = False, f"{type(error).__name__}: {error}"
        yield Finding(check.name, passed, saw, check.expected, check.fix)
