"""`make doctor` says why a token is refused, and never what it is."""

import time
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
from issuer import WRONG_TOKENS, Issuer
from joserfc.jwk import RSAKey
from support import serve

from ops.doctor.check import Result
from ops.doctor.report import for_people
from ops.doctor.token import TOKEN, judge, token_of


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """A pool that publishes one key."""
    made = Issuer()
    with serve(made.app()) as url:
        made.url = url
        yield made


def examine(text: str, issuer: Issuer) -> list[Result]:
    with httpx.Client() as http:
        outputs = {"Issuer": issuer.url, "UserPoolClientId": "client-1"}
        return TOKEN.examine(judge(text, outputs, http))


def soon(seconds: float) -> int:
    return int(time.time() + seconds)


# Name -> token, the check that names it, and what it says.
MUTATIONS: Mapping[str, tuple[Callable[[Issuer], str], str, str]] = {
    "an access token": (WRONG_TOKENS["access token"], "kind", "an access token"),
    "a token of another kind": (lambda i: i.token(token_use=None), "kind", "without a token_use"),
    "another pool's": (WRONG_TOKENS["other pool"], "issuer", "https://other.example/pool"),
    "another client's": (lambda i: i.token(aud="client-2"), "audience", "client-2"),
    "expired": (WRONG_TOKENS["expired"], "expiry", "expired 6"),
    "in its last minute": (lambda i: i.token(exp=soon(50)), "expiry", "expires in"),
    "for ever": (WRONG_TOKENS["never expires"], "expiry", "never expires"),
    "not yet good": (WRONG_TOKENS["not yet valid"], "clock", "s in the future"),
    "made in the future": (lambda i: i.token(iat=soon(600)), "clock", "s in the future"),
    "a foreign key": (lambda i: i.token(RSAKey.generate_key(2048)), "signature", "BadSignature"),
    "a key that is gone": (WRONG_TOKENS["foreign key id"], "signature", "InvalidKeyId"),
    "cut off": (WRONG_TOKENS["signature cut off"], "signature", "BadSignature"),
    "unsigned": (WRONG_TOKENS["alg none"], "form", "none"),
    "half of it": (lambda i: i.token()[:40], "form", "40 characters"),
    "quoted": (lambda i: f'"{i.token()}"', "form", "no JSON Web Token"),
    "two parts of it": (lambda i: i.token().rpartition(".")[0], "form", "no JSON Web Token"),
}


def test_a_good_token_has_no_fault(issuer: Issuer) -> None:
    results = examine(issuer.token(), issuer)
    assert [(each.id, each.faults, each.hindrance) for each in results] == [
        (each.id, (), "") for each in results
    ]


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_fault_of_a_token_is_named_and_nothing_else_is(name: str, issuer: Issuer) -> None:
    make, id_, saw = MUTATIONS[name]
    results = examine(make(issuer), issuer)
    faults = {each.id: each.faults for each in results if each.faults}
    assert list(faults) == [f"token.{id_}"], faults
    assert saw in faults[f"token.{id_}"][0].saw


def test_every_check_of_a_token_has_a_break() -> None:
    assert {f"token.{id_}" for _, id_, _ in MUTATIONS.values()} == {
        each.id for each in TOKEN.checks
    }


@pytest.mark.parametrize("name", [*MUTATIONS, "good"])
def test_no_report_holds_a_part_of_the_token(name: str, issuer: Issuer) -> None:
    text = MUTATIONS[name][0](issuer) if name in MUTATIONS else issuer.token()
    report = for_people(examine(text, issuer), verbose=True)
    assert not [part for part in text.strip('"').split(".") if part and part in report]


@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_whatever_both_doors_refuse_has_a_fault(name: str, issuer: Issuer) -> None:
    """T3."""
    assert any(each.faults for each in examine(WRONG_TOKENS[name](issuer), issuer))


def test_an_issuer_that_does_not_answer_hides_the_signature_only(issuer: Issuer) -> None:
    gone = Issuer()
    gone.url = "http://127.0.0.1:9"
    results = examine(gone.token(), gone)
    assert [each.id for each in results if each.hindrance] == ["token.signature"]
    assert not [each for each in results if each.faults]


@pytest.mark.parametrize(
    "pasted", ["a.b.c", " a.b.c\n", "Bearer a.b.c", "Authorization: Bearer a.b.c"]
)
def test_a_token_is_taken_as_people_paste_it(pasted: str) -> None:
    assert token_of(pasted) == "a.b.c"
