"""The doctor asks a running stack: intact, broken by an edit of its template, and tampered with."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from checkout import copy_checkout
from commands import run_command
from e2e_stack import ROOT, RunningStack, run_stack

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from ops.doctor.check import Result
from ops.doctor.command import look_at_stack
from ops.doctor.live import LIVE
from ops.doctor.live_stack import LiveStack, Nobody
from ops.oauth import SignedIn
from ops.token import sign_in

Tamper = Callable[[httpx.Request, httpx.Response], httpx.Response]

TEXT = (ROOT / "template.yaml").read_text()


def faults(results: list[Result]) -> list[str]:
    """The ids of the checks that found something."""
    return [each.id for each in results if each.faults]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stack of these tests runs from."""
    return copy_checkout(tmp_path_factory.mktemp("doctor") / "checkout")


@pytest.fixture(scope="module")
def stack(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of its own, to edit. Its model takes its time, or on a busy machine an answer's
    pieces would come together, which is a fault."""
    slow = {"SLUICE_OFFLINE_DELAY_MS": "5"}
    with run_stack(tmp_path_factory.mktemp("state"), root=checkout, environment=slow) as running:
        yield running


def test_the_intact_stack_has_no_fault_and_hides_nothing(stack: RunningStack) -> None:
    ran = run_command("doctor", environment={"SLUICE_STATE": str(stack.state)})
    assert ran.stdout.splitlines()[-1].endswith(" checks, 0 faults, 0 could not look"), ran.stdout
    assert ran.returncode == 0


def test_an_access_token_is_explained_and_never_printed(stack: RunningStack) -> None:
    here = {"SLUICE_STATE": str(stack.state)}
    token = stack.tokens()["access_token"]
    ran = run_command("doctor", "--only", "token", "--token", "-", environment=here, typed=token)
    assert ran.returncode == 1
    assert "an access token" in ran.stdout
    assert not any(part in ran.stdout + ran.stderr for part in token.split("."))


# ---- answers that the template cannot spoil -----------------------------------------------------


class Tampering(httpx.HTTPTransport):
    """Real answers, spoilt on their way."""

    def __init__(self, tamper: Tamper) -> None:
        super().__init__()
        self._tamper = tamper

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._tamper(request, super().handle_request(request))


def is_turn(request: httpx.Request) -> bool:
    return request.url.path.endswith("/chat") and b"prompt" in request.content


def is_warm(request: httpx.Request) -> bool:
    return b"warm" in request.content and "Authorization" in request.headers


def answer(when: Callable[[httpx.Request], bool], status: int, body: str = "") -> Tamper:
    """Another answer to some requests."""

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not when(request):
            return response
        response.close()
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body.encode()))

    return tamper


def without(when: Callable[[httpx.Request], bool], header: str) -> Tamper:
    """The answer without one of its headers."""

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if when(request):
            del response.headers[header]
        return response

    return tamper


def gone(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if request.url.path == "/":
        response.close()
        raise httpx.ConnectError("refused", request=request)
    return response


def buffered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if not is_turn(request) or "Authorization" not in request.headers:
        return response
    whole = httpx.ByteStream(response.read())
    return httpx.Response(200, headers=response.headers, stream=whole)


TAMPERS: Mapping[str, Tamper] = {
    "live.ports": gone,
    "live.discovery": answer(lambda r: "well-known" in r.url.path, 200, '{"issuer": "x"}'),
    "live.sign-in": answer(lambda r: "/login" in r.url.path or "/authorize" in r.url.path, 400),
    "live.page": answer(lambda r: r.url.path == "/" and r.method == "GET", 403),
    "live.config": answer(lambda r: r.url.path == "/config.json", 200, '{"apiUrl": "x"}'),
    "live.refusal": answer(
        lambda r: (
            r.method == "POST" and b"Hello" in r.content and not r.headers.get("Authorization")
        ),
        200,
    ),
    "live.agent: 424": answer(is_warm, 424),
    "live.agent: 502": answer(is_warm, 502),
    "live.agent: 504": answer(is_warm, 504),
    "live.agent: 500": answer(is_warm, 500),
    "live.agent: 418": answer(is_warm, 418),
    "live.answer-cors": without(
        lambda r: is_turn(r) and "Authorization" in r.headers, "access-control-allow-origin"
    ),
    "live.streams": buffered,
    "live.model": answer(
        lambda r: is_turn(r) and "Authorization" in r.headers,
        200,
        'data: {"type":"RUN_ERROR","code":"model_access_denied","message":"Ask for it."}\n\n',
    ),
}


@pytest.fixture(scope="module")
def session() -> str:
    """One for all who spoil answers: each new one costs a process of the agent."""
    return str(uuid.uuid4())


@pytest.mark.parametrize("fault", TAMPERS)
def test_a_spoilt_answer_is_named_and_nothing_else_is(
    fault: str, stack: RunningStack, session: str
) -> None:
    person: SignedIn = Nobody("What was spoilt stands before the agent.")
    if fault.startswith(("live.a", "live.model", "live.streams")):
        person = SignedIn(stack.outputs, sign_in(stack.outputs, DEMO_EMAIL, DEMO_PASSWORD))
    with httpx.Client(transport=Tampering(TAMPERS[fault]), timeout=30) as http:
        spoilt = LiveStack(stack.outputs, person, http, True)
        spoilt.session = session
        results = LIVE.examine(spoilt)
    id_, _, saw = fault.partition(": ")
    found = faults(results)
    # A page that is not there has no policy either.
    assert [each for each in found if each != "live.connect-src" or id_ != "live.page"] == [id_]
    assert saw in next(each.faults[0].saw for each in results if each.id == id_)


# ---- edits of the template that it runs, after all that wants it intact --------------------------


EDITS: Mapping[str, tuple[str, ...]] = {
    "live.sign-in": (
        "      CallbackURLs:\n        - !If [HasSiteDomain, !Sub 'https://${SiteDomain}', "
        "!Sub 'https://${Site.DomainName}']\n        - !If [HasDevUrl, !Ref DevUrl, "
        "!Ref AWS::NoValue]\n",
        "      CallbackURLs: [https://other.example]\n",
    ),
    "live.connect-src": ("connect-src 'self'", "connect-src 'self'; media-src"),
    "live.throttle": ("ThrottlingBurstLimit: !Ref ThrottleBurst", "ThrottlingBurstLimit: 0"),
    "live.preflight": ("'Authorization,Content-Type,", "'Content-Type,"),
    "live.refusal": ("              security: [{ SignedIn: [] }] #", "              #"),
    "live.refusal-cors": (
        "            statusCode: 401\n            responseParameters:\n"
        "              gatewayresponse.header.Access-Control-Allow-Origin: ",
        "            statusCode: 401\n            responseParameters:\n"
        "              gatewayresponse.header.X-Origin: ",
    ),
    "live.agent: 401": (
        "          AllowedAudience: ",
        "          AllowedClients: [!Ref UserPoolClient]\n          AllowedAudience: ",
    ),
    "live.agent: 400": (
        "&accountId=${AWS::AccountId}\n                responseT",
        "\n                responseT",
    ),
    "live.agent: unauthorized": ("Allowlist: [Authorization]", "Allowlist: [X-Other]"),
    "live.streams": (
        *("responseTransferMode: STREAM", "responseTransferMode: BUFFERED"),
        *("timeoutInMillis: 900000", "timeoutInMillis: 29000"),
    ),
    "live.model": (
        "SLUICE_MODEL: !Ref Model",
        "SLUICE_MODEL_URL: http://127.0.0.1:9\n        SLUICE_MODEL: ollama",
    ),
}


@pytest.fixture(scope="module")
def edited(stack: RunningStack, checkout: Path) -> Iterator[Path]:
    """The template that the stack runs from; intact again after the last edit."""
    path = checkout / "template.yaml"
    intact = path.read_text()
    yield path
    seen = len(stack.lines)
    path.write_text(intact)
    stack.wait_for("template: taken up", after=seen)


@pytest.mark.parametrize("fault", EDITS)
def test_a_stack_with_a_broken_template_is_named_and_nothing_else_is(
    fault: str, stack: RunningStack, edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TEXT
    for old, new in zip(EDITS[fault][::2], EDITS[fault][1::2], strict=True):
        assert old in text, f"template.yaml no longer holds {old!r}"
        text = text.replace(old, new)
    monkeypatch.delenv("STACK", raising=False)
    seen = len(stack.lines)
    edited.write_text(text)
    seen = stack.wait_for("taken up", after=seen)
    assert "not taken up" not in stack.lines[seen - 1], stack.lines[seen - 1 :]
    results = list(look_at_stack(("token", "live"), stack.outputs, ""))
    id_, _, saw = fault.partition(": ")
    assert faults(results) == [id_], [each for each in results if each.faults]
    assert saw in next(each.faults[0].saw for each in results if each.faults)


def test_every_check_of_a_running_stack_has_a_break() -> None:
    seen = {fault.partition(": ")[0] for fault in (*EDITS, *TAMPERS)}
    assert seen == {check.id for check in LIVE.checks}


def test_a_deployed_stack_that_cannot_be_reached_is_no_fault_of_its_own() -> None:
    outputs = dict.fromkeys(
        ("SpaUrl", "ApiUrl", "LoginUrl", "Issuer", "UserPoolClientId"), "http://localhost:9"
    )
    with httpx.Client() as http:
        results = LIVE.examine(LiveStack(outputs, Nobody("No token."), http, False))
    assert faults(results) == []
    assert all(each.hindrance for each in results)


# ---- the command -------------------------------------------------------------------------------


def test_without_a_stack_the_template_is_looked_at_all_the_same(tmp_path: Path) -> None:
    ran = run_command("doctor", environment={"SLUICE_STATE": str(tmp_path)})
    assert ran.returncode == 0
    assert "make dev" in ran.stdout
    assert " 0 faults, " in ran.stdout


def test_json_has_every_check_with_its_result(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text("Resources: {}")
    ran = run_command(
        *("doctor", "--json"), environment={"SLUICE_STATE": str(tmp_path), "TEMPLATE": str(broken)}
    )
    results = {each["id"]: each for each in json.loads(ran.stdout)}
    assert ran.returncode == 1
    assert results["template.sign-in"]["result"] == "fault"
    assert set(results["template.sign-in"]["faults"][0]) == {"saw", "should", "fix"}
    assert results["live.agent"]["result"] == "could not look"
