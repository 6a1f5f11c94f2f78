"""What only a running stack can answer, and only to somebody who is signed in.

It costs a few short answers of the model, and leaves nothing behind. `make doctor ARGS=--live` and
`make smoke` ask it, beside what live.py asks.
"""

import json
import uuid
from collections.abc import Iterator

import httpx

from ops.doctor.check import CannotLookError, Fault, Group, Symptom
from ops.doctor.live import explain, not_the_gates
from ops.doctor.live_stack import COUNT, LiveStack
from ops.terminal import printable

CUT_AFTER = 5
SESSION_LENGTHS = {32: httpx.codes.BAD_REQUEST, 33: httpx.codes.OK}
"""The runtime's shortest session id has 33 characters (InvokeAgentRuntime, API reference)."""

_LOGS = "make logs [STACK=...]"
_DEPLOY = "then make deploy [STACK=...]"

THOROUGH: Group[LiveStack] = Group("live", explain)


@THOROUGH.check("whole", "the numbers of an answer's events", Symptom.MODEL)
def whole(stack: LiveStack) -> Iterator[Fault]:
    ids = [line for line in stack.counted.body.splitlines() if line.startswith(b"id:")]
    if not ids:
        raise CannotLookError("There was no answer; see live.model.")
    if ids != [b"id: %d" % number for number in range(1, len(ids) + 1)]:
        yield Fault(f"{len(ids)} events with gaps", "1, 2, 3 and so on, without a gap", _LOGS)


@THOROUGH.check("access-token", "POST /chat with an access token", Symptom.OPEN)
def access_token(stack: LiveStack) -> Iterator[Fault]:
    yield from not_the_gates(
        stack.gate.post({"prompt": "Hello"}, stack.person.access_token),
        "no scopes in security, [{ SignedIn: [] }]; scopes would want this token",
    )


@THOROUGH.check("field", "a message whose prompt is a number", Symptom.MODEL)
def field(stack: LiveStack) -> Iterator[Fault]:
    answer = stack.gate.post({"prompt": 42}, stack.person.id_token())
    try:
        message = str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    if answer.status != httpx.codes.BAD_REQUEST or "prompt" not in message:
        yield Fault(
            f"{answer.status} {printable(message)}".strip(),
            "400, JSON, a message that names prompt",
            f"template.yaml: x-amazon-apigateway-request-validator and BAD_REQUEST_BODY; {_DEPLOY}",
        )


@THOROUGH.check("session", "session ids of 32 and of 33 characters", Symptom.NO_ANSWER)
def session(stack: LiveStack) -> Iterator[Fault]:
    for length, status in SESSION_LENGTHS.items():
        answer = stack.agent.warm((uuid.uuid4().hex * 2)[:length])
        if answer.status != status:
            yield Fault(
                f"{answer.end} for {length} characters",
                f"{status:d}",
                "template.yaml: requestParameters map the session's header to the integration; "
                f"{_DEPLOY}, and {_LOGS}",
            )


@THOROUGH.check("remembers", "a thread's second message", Symptom.MODEL)
def remembers(stack: LiveStack) -> Iterator[Fault]:
    thread, number = str(uuid.uuid4()), str(uuid.uuid4().int % 9000 + 1000)
    first = stack.agent.ask(f"My lucky number is {number}", thread)
    second = stack.ask("What is my lucky number?", thread)
    words = "".join(str(event.get("delta", "")) for event in second.events)
    if not first.end == second.end == "RUN_FINISHED":
        yield Fault(f"{first.end}, then {second.end}", "RUN_FINISHED, twice", _LOGS)
    elif number not in words:
        yield Fault(
            printable(" ".join(words.split())[:120]),
            "the number that was told one message before",
            f"{_LOGS} names storage_unavailable; the runtime's role needs the conversations' "
            "bucket",
        )


@THOROUGH.check("resume", "the rest of an answer that was cut", Symptom.CUT)
def resume(stack: LiveStack) -> Iterator[Fault]:
    """Hang up in the midst of an answer, and ask for what came after."""
    thread, run = str(uuid.uuid4()), str(uuid.uuid4())
    begun = stack.agent.ask(COUNT, thread, run, events=CUT_AFTER)
    # A burst may bring more than that.
    first = begun.ids[:CUT_AFTER]
    if not first:
        raise CannotLookError("There was no answer; see live.model.")
    rest = stack.act("resume", threadId=thread, runId=run, after=first[-1])
    ids = first + rest.ids
    if ids != list(range(1, len(ids) + 1)) or rest.end != "RUN_FINISHED":
        yield Fault(
            f"{len(first)} events, then {len(rest.ids)} more, then {rest.end}",
            "every event once, in order, then RUN_FINISHED",
            "template.yaml: requestParameters map the session's header, or another process is "
            f"asked; {_DEPLOY}",
        )


@THOROUGH.check("runtime", "the runtime, asked around the gate without a token", Symptom.OPEN)
def runtime(stack: LiveStack) -> Iterator[Fault]:
    answer = stack.post({"prompt": "Hello"}, url=stack.outputs["RuntimeUrl"])
    if answer.status != httpx.codes.UNAUTHORIZED:
        yield Fault(
            answer.end, "401", f"template.yaml: AuthorizerConfiguration of the runtime; {_DEPLOY}"
        )


@THOROUGH.check("conversations", "list, get and delete of what was asked", Symptom.MODEL)
def conversations(stack: LiveStack) -> Iterator[Fault]:
    """Asked last: it deletes what the other checks left."""
    threads = set(stack.agent.threads)
    listed = threads & _listed(stack)
    read = [each for each in threads if stack.read("get", threadId=each).get("runs")]
    for thread in threads:
        stack.act("delete", threadId=thread)
    left = threads & _listed(stack)
    left |= {each for each in read if stack.read("get", threadId=each).get("runs")}
    if not len(listed) == len(read) == len(threads) > 0 or left:
        yield Fault(
            f"of {len(threads)}, {len(listed)} listed, {len(read)} read, {len(left)} left",
            "all that were asked for here, and none of them afterwards",
            f"{_LOGS} says why; the runtime's role needs ListBucket and DeleteObject",
        )


def _listed(stack: LiveStack) -> set[str]:
    threads = stack.read("list").get("threads") or []
    return {str(each["threadId"]) for each in threads if "threadId" in each}
