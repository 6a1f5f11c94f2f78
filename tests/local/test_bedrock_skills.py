"""The model of the local Bedrock says what a person would expect, and never claims to be more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock.arithmetic import find_expression
from local.bedrock.conversation import Call, Conversation, Reply
from local.bedrock.failures import Failure
from local.bedrock.skills import MAX_COUNT, SIGNATURE, SKILLS, reply_to


def person(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def model(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"text": text}]}


def found(value: str, status: str = "success") -> dict[str, Any]:
    result = {"toolUseId": "c", "status": status, "content": [{"text": value}]}
    return {"role": "user", "content": [{"toolResult": result}]}


def used(tool: str, **arguments: Any) -> dict[str, Any]:
    use = {"toolUseId": "c", "name": tool, "input": arguments}
    return {"role": "assistant", "content": [{"toolUse": use}]}


def called(expression: str) -> dict[str, Any]:
    return used("calculator", expression=expression)


def reply(*messages: dict[str, Any]) -> Reply:
    return reply_to(Conversation(list(messages), {"calculator"}))


def said(*messages: dict[str, Any]) -> str:
    return "".join(reply(*messages).pieces)


def calculated(*messages: dict[str, Any]) -> str | None:
    call = reply(*messages).call
    return call and call.arguments["expression"]


@pytest.mark.parametrize(
    ("sentence", "expression"),
    [
        ("What is 25 * 4? Show your work.", "25 * 4"),
        ("compute (3+4)^2 / 7", "(3 + 4) ** 2 / 7"),
        ("12 divided by 4", "12 / 4"),
        ("what's 15% of 80", "15 / 100 * 80"),
        ("square root of 144", "sqrt(144)"),
        ("The square root of (9 + 16), please.", "sqrt(9 + 16)"),
        ("1,234,567 plus 1", "1234567 + 1"),
        ("3 \u00d7 4 \u2212 1", "3 * 4 - 1"),
        ("what is 3 x 4", "3 * 4"),
        ("2 to the power of 10", "2 ** 10"),
        ("1. What is 2+2?", "2 + 2"),
        ("-5 + 3", "- 5 + 3"),
        ("I am 42", None),
        ("call 911.", None),
        ("no numbers here - or there", None),
        ("(((", None),
    ],
)
def test_arithmetic_is_found_in_a_sentence(sentence: str, expression: str | None) -> None:
    assert find_expression(sentence) == expression


@pytest.mark.parametrize(
    ("follow_up", "expression"),
    [
        ("Now divide that by 10", "100 / 10"),
        ("multiply it by 1.5", "100 * 1.5"),
        ("Add 5.", "100 + 5"),
        ("subtract 7 from that", "100 - 7"),
        ("double it", "100 * 2"),
        ("square that", "100 ** 2"),
        ("what is the square root of that?", "sqrt(100)"),
        ("What's 15% of that?", "15 / 100 * 100"),
        ("and times 3?", "100 * 3"),
        ("What is that plus 1?", "100 + 1"),
    ],
)
def test_that_is_the_last_result(follow_up: str, expression: str) -> None:
    earlier = [person("25*4"), called("25*4"), found("Result: 100"), model("25*4 = 100")]
    assert calculated(*earlier, person(follow_up)) == expression


def test_a_negative_result_keeps_its_sign_and_a_long_one_loses_its_commas() -> None:
    assert calculated(person("a"), found("Result: -2"), person("square it")) == "(-2) ** 2"
    assert calculated(person("a"), found("Result: 2,469,135.00"), person("halve it")) == (
        "2469135.00 / 2"
    )


def test_that_without_a_result_is_asked_for() -> None:
    assert "no result" in said(person("divide that by 10"))


def test_a_result_is_told_with_its_work() -> None:
    assert "25 * 4 = 100" in said(person("25*4"), called("25 * 4"), found("Result: 100"))
    assert "undefined" in said(person("1/0"), called("1 / 0"), found("Result: nan-nanj"))
    failed = said(person("9**9**9"), called("9**9**9"), found("It was stopped.", "error"))
    assert failed.startswith(
        "The calculator could not work out `9**9**9`. It says: It was stopped."
    )


def test_facts_are_remembered_and_the_latest_holds() -> None:
    told = [person("My lucky number is 12. My name is Ada Lovelace."), model("ok")]
    assert "lucky number is 12" in said(*told, person("What is my lucky number?"))
    assert "name is Ada Lovelace" in said(*told, person("Who am I?"))
    assert "have not told me your shoe size" in said(*told, person("What's my shoe size?"))
    changed = [*told, person("my lucky number is 7!"), model("ok")]
    assert said(*changed, person("Do you remember my lucky number?")) == "Your lucky number is 7."


def test_it_counts_one_number_at_a_time() -> None:
    pieces = list(reply(person("hello"), model("hi"), person("Count to 5000")).pieces)
    assert len(pieces) == 5_000
    assert "".join(pieces) == ", ".join(str(n) for n in range(1, 5_001))


def test_it_counts_no_further_than_it_says() -> None:
    counted = said(person("a"), model("b"), person("count to 999999999999"))
    assert counted.startswith(f"I count {MAX_COUNT:,} numbers at most")
    assert counted.endswith(f", {MAX_COUNT}")
    assert "only count upwards" in said(person("count from 5 to 3"))


def test_the_page_has_everything_that_a_chat_must_render() -> None:
    page = said(person("Show me a page of markdown"))
    for part in ("# ", "\n1. ", "\n- [x] ", "| ", "```python", "$$", "\n> ", "](https://", "\n---"):
        assert part in page


def test_the_first_answer_and_a_helpless_one_say_what_it_is() -> None:
    assert SIGNATURE in said(person("hello"))
    assert SIGNATURE not in said(person("hello"), model("Hello!"), person("thanks"))
    helpless = said(person("hello"), model("Hello!"), person("Write me a sonnet"))
    assert SIGNATURE in helpless
    assert all(skill.example in helpless for skill in SKILLS)


def test_every_example_that_it_gives_works() -> None:
    earlier = [person("a"), model("b"), found("Result: 100")]
    for skill in SKILLS:
        if skill.example:
            assert SIGNATURE not in said(*earlier, person(skill.example))


def test_without_a_calculator_it_says_so() -> None:
    answer = reply_to(Conversation([person("1 + 1")]))
    assert answer.call is None
    assert "have none" in "".join(answer.pieces)


def test_it_reasons_before_it_speaks_or_calls() -> None:
    thought = reply(person("Think about 25 * 4."))
    assert "".join(thought.reasoning).startswith('The person wants me to think about "25 * 4".')
    assert thought.call == Call("calculator", {"expression": "25 * 4"})
    assert "100" in said(person("Think about 25 * 4."), called("25 * 4"), found("Result: 100"))
    musing = reply(person("please think about the sea"))
    assert "".join(musing.reasoning)
    assert "thought about the sea" in "".join(musing.pieces)


def test_a_long_answer_has_the_length_it_was_asked_for() -> None:
    earlier = [person("hello"), model("hi")]
    assert len(said(*earlier, person("Write 50 kB")).encode()) == 50_000
    assert len(said(*earlier, person("write me 1 kilobyte")).encode()) == 1_000
    assert said(*earlier, person("Write 1001 kB")) == "I write 1,000 kB at most."


def test_it_calculates_for_ever_when_it_is_asked_to() -> None:
    question = person("Calculate for ever")
    assert calculated(question) == "0 + 1"
    assert calculated(question, called("0 + 1"), found("Result: 1")) == "1 + 1"
    earlier = [question, called("6 + 1"), found("Result: 7"), model("stopped")]
    assert calculated(*earlier, question) == "0 + 1", "each time anew"


def test_the_time_is_told_by_the_clock_where_there_is_one() -> None:
    question = person("What time is it?")
    assert "no clock" in said(question)
    asked = reply_to(Conversation([question], {"current_time"}))
    assert asked.call == Call("current_time", {})
    told = found("2026-11-22T20:00:00+01:00, Sunday, time zone Europe/Zurich.")
    assert "It is 2026-11-22T20:00:00+01:00, Sunday" in said(question, used("current_time"), told)


def test_the_result_of_a_tool_that_it_does_not_know_is_told_as_it_is() -> None:
    assert "weather says: Rain" in said(person("hm"), used("weather"), found("Rain"))
    failed = found("No such place", "error")
    assert "weather failed. It says: No such place" in said(person("hm"), used("weather"), failed)


@given(st.text(max_size=400))
def test_no_text_confuses_it(text: str) -> None:
    earlier = [person("25*4"), called("25*4"), found("Result: 100"), model("25*4 = 100")]
    for messages in ([person(text)], [*earlier, person(text)], [person("a"), found(text)]):
        assert all(reply(*messages).pieces)


ARITHMETIC = st.text(alphabet="0123456789.,+-*/^%() x", max_size=80)


@given(ARITHMETIC)
def test_no_arithmetic_confuses_it(text: str) -> None:
    expression = find_expression(text)
    assert expression is None or compile(expression, "", "eval")


@pytest.mark.parametrize(
    ("sentence", "arguments"),
    [
        ('Use roll_dice with {"count": 3}', {"count": 3}),
        ("use `roll_dice` {}", {}),
        ("Call roll_dice", {}),
    ],
)
def test_any_tool_is_used_by_its_name(sentence: str, arguments: dict[str, Any]) -> None:
    asked = person(sentence)
    reply = reply_to(Conversation([asked], {"roll_dice"}))
    assert reply.call == Call("roll_dice", arguments)
    told = Conversation([asked, used("roll_dice", **arguments), found("7 (3, 4)")], {"roll_dice"})
    assert "roll_dice says: 7 (3, 4)" in "".join(reply_to(told).pieces)


@pytest.mark.parametrize("arguments", ["3 dice", "[3]", '{"count": }'])
def test_arguments_that_are_no_object_are_asked_for_again(arguments: str) -> None:
    asked = person(f"Use roll_dice with {arguments}")
    reply = reply_to(Conversation([asked], {"roll_dice"}))
    assert reply.call is None
    assert "JSON object" in "".join(reply.pieces)


def test_a_tool_that_is_not_there_is_not_used() -> None:
    assert reply(person("Use roll_dice with {}")).call is None


FAILURES = {
    "Fail": Failure("ThrottlingException"),
    "Please fail twice.": Failure("ThrottlingException", 2),
    "fail 3 times!": Failure("ThrottlingException", 3),
    "Fail once with ServiceUnavailableException": Failure("ServiceUnavailableException", 1),
    "fail with accessdenied": Failure("AccessDeniedException"),
    "Fail once in the middle": Failure("ThrottlingException", 1, midway=True),
    "Fail with an InternalServer in mid-answer": Failure("InternalServerException", midway=True),
    "Fail with ModelStreamErrorException": Failure("ModelStreamErrorException", midway=True),
}


@pytest.mark.parametrize("prompt", FAILURES)
def test_it_fails_as_it_is_asked_to(prompt: str) -> None:
    assert reply(person(prompt)).failure == FAILURES[prompt]


@pytest.mark.parametrize(
    "prompt", ["Fail with Nonsense", "Fail with AccessDeniedException in the middle"]
)
def test_a_failure_that_it_does_not_know_is_answered_with_those_it_does(prompt: str) -> None:
    assert "ModelStreamErrorException, in the middle only" in said(person(prompt))
    assert reply(person(prompt)).failure is None


def test_talk_of_failing_is_no_failure() -> None:
    assert reply(person("Why did you fail?")).failure is None


def test_it_says_what_came_with_a_question_and_answers_it() -> None:
    image = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    stored = {"s3Location": {"uri": "s3://bucket/key"}}
    document = {"document": {"format": "pdf", "name": "A plan", "source": stored}}
    asked = {"role": "user", "content": [image, document, {"text": "Hello"}]}
    assert said(asked).startswith(
        'I was given the image (png, 3 bytes), the document "A plan" (pdf, s3://bucket/key), '
        "and cannot look into it.\n\nHello!"
    )


def test_a_result_that_is_no_text_is_told_as_json() -> None:
    result = {"toolUseId": "c", "content": [{"json": {"rain": True}}, {"image": {}}]}
    told = said(
        person("hm"), used("weather"), {"role": "user", "content": [{"toolResult": result}]}
    )
    assert 'weather says: {"rain": true}\n[image]' in told
