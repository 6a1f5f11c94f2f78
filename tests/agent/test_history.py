"""What a model is sent of a conversation is well-formed, small enough and stable, come what may."""

import copy
import functools
import itertools
import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from sluice.threads.bedrock_messages import CUT
from sluice.threads.history import Past, Question, compose
from sluice.threads.repair import INTERRUPTED, SILENT, repair
from sluice.threads.thread import StoredRun

MANY = 1_000_000


def user(text: str) -> dict[str, Any]:
    return {"id": "u", "role": "user", "content": text}


def assistant(text: str, *calls: tuple[str, str]) -> dict[str, Any]:
    message: dict[str, Any] = {"id": "a", "role": "assistant", "content": text}
    functions = [(i, {"name": "calculator", "arguments": arguments}) for i, arguments in calls]
    made = [{"id": i, "type": "function", "function": function} for i, function in functions]
    return message | ({"toolCalls": made} if made else {})


def tool(call_id: str, text: str = "Result: 2", **error: str) -> dict[str, Any]:
    return {"id": "t", "role": "tool", "content": text, "toolCallId": call_id, **error}


def reasoning(text: str) -> dict[str, Any]:
    return {"id": "r", "role": "reasoning", "content": text}


def stored_run(*messages: dict[str, Any], state: Any = "finished", **more: Any) -> StoredRun:
    return StoredRun("run", state, "2026-11-22T19:00:00.000Z", messages, **more)


def past(*stored_runs: StoredRun) -> list[Any]:
    return compose(stored_runs, MANY).messages


def blocks(messages: list[Any]) -> list[tuple[str, Any]]:
    return [(message["role"], block) for message in messages for block in message["content"]]


def texts(messages: list[Any]) -> list[str]:
    return [block["text"] for _, block in blocks(messages) if "text" in block]


@functools.cache
def converse() -> Any:
    """What botocore knows of Bedrock's ConverseStream."""
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    return service.operation_model("ConverseStream").input_shape


def assert_well_formed(messages: list[Any]) -> None:
    """What providers demand: a person first, roles in turn, each call answered at once."""
    waiting: list[str] = []
    ids: set[str] = set()
    for index, message in enumerate(messages):
        assert message["role"] == ("user", "assistant")[index % 2]
        assert message["content"]
        kinds = {kind for block in message["content"] for kind in block}
        assert kinds != {"text", "toolResult"}, "a person speaks apart from results"
        answered = []
        for block in message["content"]:
            (kind,) = block
            if kind == "text":
                assert block["text"].strip()
            elif kind == "toolUse":
                assert message["role"] == "assistant"
                call = block["toolUse"]
                assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", call["toolUseId"])
                assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", call["name"])
                assert call["toolUseId"] not in ids, "ids are one call's each"
                ids.add(call["toolUseId"])
            else:
                assert block["toolResult"]["content"][0]["text"].strip()
                answered.append(block["toolResult"]["toolUseId"])
        assert answered == waiting
        waiting = [b["toolUse"]["toolUseId"] for b in message["content"] if "toolUse" in b]
    assert not waiting
    json.dumps(messages, ensure_ascii=False, allow_nan=False).encode()
    report = ParamValidator().validate({"modelId": "m", "messages": messages}, converse())
    assert not report.has_errors(), report.generate_report()


def tokens(messages: list[Any]) -> float:
    """A count of its own: 4 bytes of text or of arguments are a token."""
    size = 0
    for _, block in blocks(messages):
        match block:
            case {"text": text} | {"toolResult": {"content": [{"text": text}]}}:
                size += len(text.encode())
            case {"toolUse": {"name": name, "input": arguments}}:
                size += len(name) + len(json.dumps(arguments, ensure_ascii=False).encode())
    return size / 4


def test_a_run_becomes_what_strands_would_have_kept_of_it() -> None:
    arguments = '{"expression": "25 * 4"}'
    assert past(
        stored_run(
            user("What is 25 * 4?"),
            reasoning("Multiply."),
            assistant("Let me see.", ("c1", arguments)),
            tool("c1", "Result: 100"),
            assistant("It is 100."),
        )
    ) == [
        {"role": "user", "content": [{"text": "What is 25 * 4?"}]},
        {
            "role": "assistant",
            "content": [
                {"text": "Let me see."},
                {
                    "toolUse": {
                        "toolUseId": "c1",
                        "name": "calculator",
                        "input": {"expression": "25 * 4"},
                    }
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "c1",
                        "status": "success",
                        "content": [{"text": "Result: 100"}],
                    }
                }
            ],
        },
        {"role": "assistant", "content": [{"text": "It is 100."}]},
    ]


def results(messages: list[Any]) -> list[tuple[str, str, str]]:
    found = [block["toolResult"] for _, block in blocks(messages) if "toolResult" in block]
    return [(r["toolUseId"], r["status"], r["content"][0]["text"]) for r in found]


def test_calls_of_one_answer_that_are_several_messages_are_answered_together() -> None:
    """Text, a call, text and a call again: AG-UI has two messages, models had one."""
    told = past(
        stored_run(
            user("1"),
            assistant("a", ("c1", "{}")),
            assistant("b", ("c2", "{}")),
            tool("c2", "two"),
            tool("c1", "one"),
        )
    )
    assert [message["role"] for message in told[:-1]] == ["user", "assistant", "user"]
    assert results(told) == [("c1", "success", "one"), ("c2", "success", "two")]


def test_a_failed_tool_an_empty_result_and_a_lost_one_are_told_as_such() -> None:
    calls = [(i, "{}") for i in ("c1", "c2", "c3")]
    told = past(
        stored_run(user("1"), assistant("", *calls), tool("c1", "no", error="no"), tool("c2", ""))
    )
    assert results(told) == [
        ("c1", "error", "no"),
        ("c2", "success", SILENT),
        ("c3", "error", "The tool call was interrupted and has no result."),
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("", {}),
        ('{"expression": "25 *', {}),
        ('["a"]', {}),
        ('"a"', {}),
        ('{"a": NaN}', {}),
        ('{"a": 1e999}', {}),
        ('{"a": "\\ud800"}', {"a": "?"}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a": ' * 100_000, {}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_arguments_are_sent_as_far_as_a_server_can_read_them(
    arguments: str, sent: dict[str, Any]
) -> None:
    told = past(stored_run(user("1"), assistant("", ("c", arguments))))
    assert told[1]["content"][0]["toolUse"]["input"] == sent


def test_ids_that_repeat_or_are_foreign_become_ids_of_one_call_each() -> None:
    asked = stored_run(
        user("1"),
        assistant("", ("calculator", "{}"), ("calculator", "{}"), ("functions.f:0", "{}")),
        tool("calculator", "one"),
        tool("functions.f:0", "three"),
        tool("calculator", "two"),
    )
    told = past(asked, asked)
    assert_well_formed(told)
    assert [said for _, _, said in results(told)] == ["one", "two", "three"] * 2
    assert results(told)[0][0] == "calculator"


@pytest.mark.parametrize(
    ("name", "sent"), [("a.b c", "a_b_c"), ("", "unnamed"), ("n" * 65, "n" * 64)]
)
def test_a_name_that_a_model_made_up_is_sent_as_servers_take_it(name: str, sent: str) -> None:
    calls = assistant("", ("c", "{}"))
    calls["toolCalls"][0]["function"]["name"] = name
    told = past(stored_run(user("1"), calls))
    assert_well_formed(told)
    assert told[1]["content"][0]["toolUse"]["name"] == sent


def test_what_the_model_had_not_begun_to_answer_is_not_sent_again() -> None:
    for state in ("failed", "stopped", "interrupted", "running"):
        unanswered = stored_run(user("lost"), reasoning("hm"), assistant(" "), state=state)
        assert past(unanswered) == []
        answered = stored_run(user("kept"), assistant("half an ans"), state=state)
        assert texts(past(unanswered, answered)) == ["kept", "half an ans"]


def test_a_turn_that_was_replaced_is_no_longer_sent() -> None:
    first = stored_run(user("old"), assistant("answer"), replaced_by="other")
    assert texts(past(first, stored_run(user("new"), assistant("answer")))) == ["new", "answer"]


@pytest.mark.parametrize("state", ["failed", "stopped", "interrupted", "finished"])
def test_a_turn_that_ended_on_a_result_is_closed_before_the_next_question(state: str) -> None:
    ended = stored_run(user("1 + 1"), assistant("", ("c", "{}")), tool("c"), state=state)
    told = past(ended)
    assert_well_formed([*told, text("user", "and now?")])
    assert results(told) == [("c", "success", "Result: 2")]
    assert told[-1] == text("assistant", INTERRUPTED)
    assert past(ended, ended)[: len(told)] == told


@pytest.mark.parametrize("state", ["failed", "stopped", "interrupted"])
def test_a_turn_that_ended_within_a_call_states_its_result_and_its_answer(state: str) -> None:
    told = past(stored_run(user("1 + 1"), assistant("", ("c", '{"expr')), state=state))
    assert_well_formed([*told, text("user", "and now?")])
    assert [status for _, status, _ in results(told)] == ["error"]
    assert told[-1] == text("assistant", INTERRUPTED)


def test_a_question_that_was_answered_with_nothing_stays_apart_from_the_next() -> None:
    told = past(stored_run(user("1 + 1"), assistant("")))
    assert told == [text("user", "1 + 1"), text("assistant", INTERRUPTED)]


def test_a_result_as_long_as_a_book_is_cut_and_what_was_said_is_not() -> None:
    """Else the conversation could never be asked again: its newest turn is always sent."""
    calls = assistant("said " * 100, ("c1", "{}"), ("c2", "{}"), ("c3", "{}"))
    asked = stored_run(
        user("1"), calls, tool("c1", "é" * 9_000), tool("c2", "x" * 9_000), tool("c3")
    )
    told = compose([asked], 1_000)
    assert tokens(told.messages) <= 500
    assert texts(told.messages)[1] == "said " * 100
    (_, _, first), (_, _, second), (_, _, third) = results(told.messages)
    assert re.fullmatch("é{100,}" + re.escape(CUT), first)
    assert re.fullmatch("x{200,}" + re.escape(CUT), second)
    assert third == "Result: 2"
    assert not told.trimmed


def grow(stored_runs: list[StoredRun], max_tokens: int) -> list[Past]:
    return [compose(stored_runs[:length], max_tokens) for length in range(len(stored_runs) + 1)]


def test_a_thread_of_300_turns_stays_under_the_limit_and_is_cut_rarely() -> None:
    answer = "word " * 400
    stored_runs = [stored_run(user(f"question {i}"), assistant(answer)) for i in range(300)]
    looks = grow(stored_runs, 10_000)
    assert all(tokens(look.messages) <= 10_000 for look in looks)
    assert [look.trimmed for look in looks].index(True) > 15, "it is cut before it is full"
    firsts = [texts(look.messages)[0] for look in looks[1:]]
    cuts = [i for i, first in enumerate(firsts[1:], 1) if first != firsts[i - 1]]
    assert len(cuts) > 10
    assert all(later - earlier >= 8 for earlier, later in itertools.pairwise(cuts))
    assert texts(looks[-1].messages)[-2] == "question 299"


def test_questions_and_answers_stand_in_no_repr_t8() -> None:
    asked = Question([{"text": "canary"}], [{"text": "canary"}], None, "canary")
    assert "canary" not in f"{asked!r} {Past([{'text': 'canary'}], trimmed=False)!r}"


IDS = st.sampled_from(["a", "b", "a.b"])
WORDS = st.sampled_from(["", " \n", "\ud800"]) | st.text(max_size=3) | st.text("é", max_size=300)
ARGUMENTS = st.sampled_from(["", "{", "[]", '{"a": 1}', '{"b": "' + "x" * 100 + '"}'])
CALLS = st.lists(st.tuples(IDS, ARGUMENTS), max_size=3)
SAID = st.one_of(
    st.builds(lambda text, calls: assistant(text, *calls), WORDS, CALLS),
    st.builds(tool, IDS, WORDS),
    st.builds(lambda i: tool(i, "failed", error="failed"), IDS),
    st.builds(reasoning, WORDS),
    st.builds(user, WORDS),
)
STATES = st.sampled_from(["running", "finished", "stopped", "failed", "interrupted"])


@st.composite
def threads(draw: Any, max_turns: int = 6) -> list[StoredRun]:
    """Turns that each ask something of their own, and then hold anything in any order."""
    said = draw(st.lists(st.tuples(STATES, st.lists(SAID, max_size=6)), max_size=max_turns))
    return [
        stored_run(user(f"question {number}"), *messages, state=state)
        for number, (state, messages) in enumerate(said)
    ]


BUDGETS = st.sampled_from([1, 50, 200, MANY])


@given(
    st.lists(st.builds(stored_run, SAID, SAID, SAID, state=STATES), max_size=5), threads(), BUDGETS
)
def test_whatever_turns_there_are_the_past_is_well_formed(strange, stored_runs, budget) -> None:
    kept = copy.deepcopy([*strange, *stored_runs])
    told = compose(kept, budget).messages
    assert kept == [*strange, *stored_runs], "what is stored must not change"
    assert compose(kept, budget).messages == told
    assert_well_formed(told)
    assert_well_formed([*told, text("user", "next")])


@given(threads(max_turns=10), BUDGETS)
def test_the_past_grows_at_its_end_and_keeps_to_the_budget(stored_runs, budget) -> None:
    before = compose([], budget).messages
    for length in range(1, len(stored_runs) + 1):
        told = compose(stored_runs[:length], budget)
        asked = [text for text in texts(told.messages) if text.startswith("question")]
        if told.messages:
            sent = past(stored_runs[length - 1])
            newest = f"question {length - 1}" if sent else asked[-1]
            assert asked[-1] == newest, "the newest turn is always sent"
        assert tokens(told.messages) <= budget or len(asked) == 1
        if before and blocks(before)[0] == blocks(told.messages)[0]:
            assert blocks(told.messages)[: len(blocks(before))] == blocks(before)
        else:
            assert told.trimmed or not before
        before = told.messages


def text(role: str, said: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": said}]}


def call(*ids: str) -> dict[str, Any]:
    content = [{"toolUse": {"toolUseId": i, "name": "calculator", "input": {}}} for i in ids]
    return {"role": "assistant", "content": content}


def result(*ids: str) -> dict[str, Any]:
    done = {"status": "success", "content": [{"text": "Result: 2"}]}
    return {"role": "user", "content": [{"toolResult": {"toolUseId": i} | done} for i in ids]}


def test_a_well_formed_history_is_left_as_it_is() -> None:
    history = [text("user", "1 + 1"), call("a"), result("a"), text("assistant", "2")]
    assert repair(history) == history


def test_words_of_a_person_among_results_come_after_an_interrupted_answer() -> None:
    rough = {"role": "user", "content": [{"text": "wait"}, *result("a")["content"]]}
    asked = [text("user", "1 + 1"), call("a")]
    apart = [result("a"), text("assistant", INTERRUPTED), text("user", "wait")]
    assert repair([*asked, rough]) == [*asked, *apart]


CALLED = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)
ROUGH = st.lists(
    st.one_of(
        st.builds(text, st.sampled_from(["user", "assistant"]), st.sampled_from(["x", "yz"])),
        CALLED.map(lambda ids: call(*ids)),
        CALLED.map(lambda ids: result(*ids)),
        st.just({"role": "assistant", "content": []}),
    ),
    max_size=8,
)


@given(ROUGH)
def test_a_repaired_history_needs_no_second_repair(messages) -> None:
    given_before = copy.deepcopy(messages)
    repaired = repair(messages)
    assert messages == given_before
    assert repair(repaired) == repaired
    assert [m["role"] for m in repaired] == (["user", "assistant"] * 8)[: len(repaired)]
