"""The tokens of a run: as the model reports them, and estimated where it could not."""

from typing import Any

from sluice.models.usage import Meter

START = {"messageStart": {"role": "assistant"}}


def say(text: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"text": text}}}


def report(**usage: int) -> dict[str, Any]:
    return {"metadata": {"usage": usage}}


def count(*chunks: dict[str, Any], provider: str = "openai", expected: int = 7) -> Any:
    meter = Meter()
    for chunk in chunks:
        if chunk is START:
            meter.expect(expected)
        meter.read(chunk)
    return meter.token_usage(provider, "m")


def test_the_calls_of_a_run_are_added_up() -> None:
    call = report(inputTokens=10, outputTokens=5, totalTokens=15)
    usage = count(START, say("a"), call, START, say("b"), call)
    assert (usage["inputTokens"], usage["outputTokens"], usage["totalTokens"]) == (20, 10, 30)


def test_cached_tokens_are_part_of_the_input_whoever_counts() -> None:
    call = report(
        inputTokens=10, outputTokens=5, cacheReadInputTokens=100, cacheWriteInputTokens=20
    )
    bedrock, openai = count(START, call, provider="bedrock"), count(START, call)
    assert (bedrock["inputTokens"], bedrock["totalTokens"]) == (130, 135)
    assert (openai["inputTokens"], openai["totalTokens"]) == (10, 15)


def test_t6_a_call_that_was_cut_off_is_estimated_so_that_it_counts() -> None:
    arguments = {"contentBlockDelta": {"delta": {"toolUse": {"input": "1234"}}}}
    reasoning = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "1234"}}}}
    first = report(inputTokens=10, outputTokens=5)
    usage = count(START, say("a"), first, START, reasoning, say("12345"), arguments)
    assert (usage["inputTokens"], usage["outputTokens"]) == (17, 5 + 4)


def test_a_model_that_did_not_begin_has_used_nothing() -> None:
    meter = Meter()
    meter.expect(1000)
    assert meter.token_usage("bedrock", "m") is None


def test_reasoning_is_told_where_the_server_counts_it() -> None:
    call = report(inputTokens=10, outputTokens=5, reasoningTokens=3)
    assert count(START, call, START, call)["reasoningTokens"] == 6
    assert "reasoningTokens" not in count(START, report(inputTokens=10, outputTokens=5))
