"""The local Bedrock refuses what Bedrock refuses, and says which place is at fault."""

import copy
from typing import Any

import pytest

from local.bedrock.errors import MODEL, BedrockError
from local.bedrock.rules import MAX_INPUT_CHARACTERS, check_request
from local.bedrock.shapes import check_shape

SHAPE = MODEL.operation_model("ConverseStream").input_shape
TOOL = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}
POINT = {"cachePoint": {"type": "default"}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [_block(each) for each in blocks]}


def model(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": [_block(each) for each in blocks]}


def _block(given: Any) -> Any:
    return {"text": given} if isinstance(given, str) else given


def use(call_id: str = "a", arguments: Any = None) -> dict[str, Any]:
    given = {} if arguments is None else arguments
    return {"toolUse": {"toolUseId": call_id, "name": "weather", "input": given}}


def result(call_id: str = "a", *parts: Any, **more: Any) -> dict[str, Any]:
    content = list(parts) if parts or more else [{"text": ""}]
    return {"toolResult": {"toolUseId": call_id, "content": content} | more}


def image(size: int = 3) -> dict[str, Any]:
    return {"image": {"format": "png", "source": {"bytes": "A" * (size * 4 // 3)}}}


def document(name: str = "Plan", form: str = "pdf", size: int = 3) -> dict[str, Any]:
    source = {"bytes": "A" * (size * 4 // 3)}
    return {"document": {"name": name, "format": form, "source": source}}


def check(*messages: Any, **more: Any) -> None:
    request = {"modelId": "m", "messages": list(messages)} | more
    check_shape(SHAPE, request)
    check_request(request)


def tools(*specs: Any, **more: Any) -> dict[str, Any]:
    return {"toolConfig": {"tools": list(specs or (TOOL,))} | more}


GOOD: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "a question": ([user("Hello")], {}),
    "a conversation": ([user("a"), model("b"), user("c")], {}),
    "calls and their results, in any order": (
        [user("a"), model("b", use("1"), use("2")), user(result("2"), result("1"), "c")],
        tools(),
    ),
    "an empty result": ([user("a"), model(use()), user(result("a", status="success"))], tools()),
    "a failed result": (
        [user("a"), model(use()), user(result("a", {"json": {}}, status="error"))],
        tools(),
    ),
    "a picture without words": ([user(image())], {}),
    "a document with words": ([user(document("A_plan (1) [b]-c"), "a")], {}),
    "four cache points": (
        [user("a", POINT), model("b", POINT), user(document(), "c", POINT)],
        {"system": [{"text": "s"}, POINT]},
    ),
    "everything else that a request may hold": (
        [user("a")],
        {
            "inferenceConfig": {"maxTokens": 1, "temperature": 1, "topP": 0.5, "stopSequences": []},
            "guardrailConfig": {"guardrailIdentifier": "a1", "guardrailVersion": "DRAFT"},
            "additionalModelRequestFields": {"top_k": 5, "thinking": {"type": "adaptive"}},
            "requestMetadata": {"team": "a"},
            "performanceConfig": {"latency": "optimized"},
        },
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_bedrock_takes_is_taken(name: str) -> None:
    messages, more = copy.deepcopy(GOOD[name])
    check(*messages, **more)


THINKING = {
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}}
}

BAD: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "no messages": ([], {}, "must start with a user message"),
    "the model first": ([model("a"), user("b")], {}, "must start with a user message"),
    "two in a row": ([user("a"), user("b")], {}, "must alternate between user and assistant"),
    "a system message": (
        [user("a"), {"role": "system", "content": [{"text": "b"}]}, user("c")],
        {},
        "must alternate",
    ),
    "the model last": ([user("a"), model("b")], {}, "must end with a user message"),
    "nothing said": ([user()], {}, "Message object at messages.0 is empty"),
    "blank text": ([user("a", " \n")], {}, "at messages.0.content.1 is blank"),
    "no text": ([user("")], {}, "at messages.0.content.0 is blank"),
    "a call of a person": ([user(use())], tools(), "messages.0.content.0: a user message cannot"),
    "a result of the model": (
        [user("a"), model(result()), user("b")],
        tools(),
        "an? assistant message cannot hold a toolResult",
    ),
    "no tools": (
        [user("a"), model(use()), user(result())],
        {},
        "toolConfig field must be defined when using toolUse and toolResult",
    ),
    "no result": (
        [user("a"), model(use("1"), use("2")), user(result("1"))],
        tools(),
        "Expected toolResult blocks at messages.2.content for the following Ids: 2",
    ),
    "words in a result's place": (
        [user("a"), model(use("1")), user("b")],
        tools(),
        "Expected toolResult blocks at messages.2.content for the following Ids: 1",
    ),
    "a result of another call": (
        [user("a"), model(use("1")), user(result("2"))],
        tools(),
        "for the following Ids: 1",
    ),
    "a result too many": (
        [user("a"), model(use("1")), user(result("1"), result("2"))],
        tools(),
        "toolResult blocks at messages.2.content exceeds the number of toolUse blocks",
    ),
    "a result out of nowhere": ([user(result())], tools(), "exceeds the number of toolUse"),
    "an id twice": (
        [user("a"), model(use()), user(result()), model(use()), user(result())],
        tools(),
        "ids must be unique",
    ),
    "arguments that are no object": (
        [user("a"), model(use("a", [1])), user(result())],
        tools(),
        "at messages.1.content.0.toolUse.input is invalid. Provide a json object",
    ),
    "a result that is no object": (
        [user("a"), model(use()), user(result("a", {"json": [1]}))],
        tools(),
        "at messages.2.content.0.toolResult.content.0.json is invalid. Provide a json object",
    ),
    "a failure without words": (
        [user("a"), model(use()), user(result("a", status="error"))],
        tools(),
        "cannot be empty when status value is error",
    ),
    "a schema of no object": (
        [user("a")],
        tools({"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "string"}}}}),
        "toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object",
    ),
    "two tools of a name": ([user("a")], tools(TOOL, TOOL), "names must be unique"),
    "a tool that is not there": (
        [user("a")],
        tools(toolChoice={"tool": {"name": "sun"}}),
        "there is no tool sun",
    ),
    "a tool's name": (
        [user("a")],
        tools({"toolSpec": {"name": "a b", "inputSchema": {"json": {"type": "object"}}}}),
        "toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern",
    ),
    "a tool's long name": (
        [user("a")],
        tools({"toolSpec": {"name": "a" * 65, "inputSchema": {"json": {"type": "object"}}}}),
        "length less than or equal to 64",
    ),
    "a document's name": ([user("a", document("plan.pdf"))], {}, "document file name can only"),
    "spaces in a document's name": ([user("a", document("a  b"))], {}, "consecutive whitespace"),
    "two documents of a name": (
        [user("a", document()), model("b"), user("c", document())],
        {},
        "duplicate document names",
    ),
    "a document alone": ([user(document())], {}, "needs a text block"),
    "six documents": (
        [user("a", *(document(str(n)) for n in range(6)))],
        {},
        "more than 5 documents",
    ),
    "21 pictures": ([user(*(image() for _ in range(21)))], {}, "more than 20 images"),
    "a large picture": ([user(image(3_750_003))], {}, "image is larger than 3,750,000 bytes"),
    "a large document": ([user("a", document(size=4_500_003))], {}, "document is larger than"),
    "a picture by the model": ([user("a"), model(image()), user("b")], {}, "only user messages"),
    "five cache points": (
        [user("a", POINT), model("b", POINT), user("c", POINT)],
        {"system": [{"text": "s"}, POINT]} | tools(TOOL, POINT),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "a cache point of nothing": ([user(POINT, "a")], {}, "nothing available to cache"),
    "a cache point after a text file": (
        [user("a", document("b", "txt"), POINT)],
        {},
        "cannot follow a document that is no PDF",
    ),
    "a budget too small": (
        [user("a")],
        {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 5}}},
        "budget_tokens: must be 1024 or more",
    ),
    "a budget over everything": (
        [user("a")],
        THINKING | {"inferenceConfig": {"maxTokens": 2000}},
        "must be greater than `thinking.budget_tokens`",
    ),
    "thinking and a tool by force": (
        [user("a")],
        THINKING | tools(toolChoice={"any": {}}),
        "Thinking may not be enabled when tool_choice forces tool use",
    ),
    "too much": ([user("a" * (MAX_INPUT_CHARACTERS + 1))], {}, "Input is too long"),
    "no role": ([{"content": []}], {}, 'Missing required parameter in messages.0.: "role"'),
    "an unknown role": (
        [{"role": "tool", "content": []}],
        {},
        r"'messages.1.member.role' failed .* enum value set: \[user, assistant",
    ),
    "an unknown field": ([user("a")], {"tools": []}, 'Unknown parameter in input: "tools"'),
    "two kinds in a block": (
        [{"role": "user", "content": [{"text": "a", **POINT}]}],
        {},
        "Invalid number of parameters",
    ),
    "a number for words": (
        [user({"text": 5})],
        {},
        r"Invalid type for parameter messages\[0\].content\[0\].text, type: <class 'int'>",
    ),
    "no tokens": ([user("a")], {"inferenceConfig": {"maxTokens": 0}}, "valid min value: 1"),
    "too warm": (
        [user("a")],
        {"inferenceConfig": {"temperature": 1.5}},
        "'inferenceConfig.temperature' failed .* less than or equal to 1",
    ),
    "a guardrail's version": (
        [user("a")],
        {"guardrailConfig": {"guardrailVersion": "newest"}},
        "'guardrailConfig.guardrailVersion' failed",
    ),
    "a key of the metadata": (
        [user("a")],
        {"requestMetadata": {"a" * 300: "b"}},
        "'requestMetadata.key' failed",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_bedrock_refuses_is_refused(name: str) -> None:
    messages, more, sentence = copy.deepcopy(BAD[name])
    with pytest.raises(BedrockError, match=sentence) as caught:
        check(*messages, **more)
    assert caught.value.name == "ValidationException"


def test_every_fault_of_a_shape_is_named_and_no_value() -> None:
    with pytest.raises(BedrockError, match="2 validation errors detected") as caught:
        check({"role": "user", "content": "canary\ncanary"}, inferenceConfig="canary")
    assert "canary" not in caught.value.message
