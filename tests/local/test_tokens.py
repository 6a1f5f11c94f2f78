"""The check that both doors share; what each refuses is tested at the doors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from issuer import Issuer
from joserfc.jwk import RSAKey
from support import serve

from local.tokens import TokenError, Verifier


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    with serve(issuer.app()) as issuer.url:
        yield issuer


@contextlib.asynccontextmanager
async def verifying(url: str) -> AsyncIterator[tuple[Verifier, list[str]]]:
    """A verifier, and the addresses that it fetched."""
    fetched: list[str] = []

    async def note(request: httpx.Request) -> None:
        fetched.append(request.url.path)

    async with httpx.AsyncClient(event_hooks={"request": [note]}) as http:
        yield Verifier(url, http), fetched


@pytest.mark.anyio
async def test_the_issuers_keys_are_fetched_once(issuer: Issuer) -> None:
    async with verifying(issuer.discovery_url) as (verifier, fetched):
        for _ in range(3):
            assert (await verifier.claims(issuer.token()))["sub"] == "owner-1"
        assert len(fetched) == 2  # discovery and keys


@pytest.mark.anyio
async def test_first_tokens_that_come_together_all_pass(issuer: Issuer) -> None:
    async with verifying(issuer.discovery_url) as (verifier, fetched):
        await asyncio.gather(*(verifier.claims(issuer.token()) for _ in range(10)))
        assert len(fetched) == 2


@pytest.mark.anyio
async def test_a_new_key_of_the_issuer_is_found(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.tokens.REFETCH_SECONDS", 0)
    async with verifying(issuer.discovery_url) as (verifier, _):
        await verifier.claims(issuer.token())
        issuer.key = RSAKey.generate_key(2048, {"kid": "key-2", "use": "sig", "alg": "RS256"})
        assert await verifier.claims(issuer.token(kid="key-2"))


@pytest.mark.anyio
async def test_unknown_keys_do_not_make_it_fetch_again_and_again(issuer: Issuer) -> None:
    async with verifying(issuer.discovery_url) as (verifier, fetched):
        await verifier.claims(issuer.token())
        for _ in range(5):
            with pytest.raises(TokenError, match="no such key"):
                await verifier.claims(issuer.token(kid="key-9"))
        assert len(fetched) == 2


@pytest.mark.anyio
async def test_an_issuer_that_did_not_answer_is_asked_again(issuer: Issuer) -> None:
    async with verifying(f"{issuer.url}/not-there") as (verifier, fetched):
        for _ in range(2):
            with pytest.raises(TokenError, match="cannot be fetched"):
                await verifier.claims(issuer.token())
        assert len(fetched) == 2
