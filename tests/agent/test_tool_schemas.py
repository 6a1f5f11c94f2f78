"""The schemas of tools' arguments, as providers take them."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sluice.tools.schemas import SchemaError, normalise
from sluice.tools.timeout import Limited
from strands import tool
from strands.tools.registry import ToolRegistry
from strands.tools.tools import PythonAgentTool
from tool_calls import call, told

pytestmark = pytest.mark.anyio

type Json = dict[str, Any]

STRING: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
REFUSED_AT_THE_TOP = {"anyOf", "oneOf", "allOf", "not", "enum", "const", "if", "$ref", "$defs"}


def taken(schema: Any) -> Json:
    """The schema as it is offered, which any provider takes."""
    found = normalise(schema).schema
    judge(found)
    return found


def judge(schema: Json) -> None:
    """As OpenAI, Anthropic and Bedrock judge it."""
    assert schema["type"] == "object"
    assert not REFUSED_AT_THE_TOP & schema.keys()
    Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    for name in schema["properties"]:
        assert len(name) <= 64
        assert name.isascii()
    assert set(schema.get("required", [])) <= schema["properties"].keys()


def properties(**each: Json) -> Json:
    return {"type": "object", "properties": each}


# The top.


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_a_choice_of_what_is_required_keeps_the_properties(key) -> None:
    move = {
        **properties(page=STRING, below=STRING, into=STRING),
        "required": ["page"],
        key: [{"required": ["below"]}, {"required": ["into"]}],
    }
    assert taken(move) == {
        **properties(page=STRING, below=STRING, into=STRING),
        "required": ["page"],
    }


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_choices_become_one_object_with_all_their_properties(key) -> None:
    by_id = {**properties(kind={"const": "id"}, id=NUMBER, lang=STRING), "required": ["kind", "id"]}
    by_name = {**properties(kind={"const": "name"}, name=STRING), "required": ["kind", "name"]}
    found = taken({key: [by_id, by_name, {"type": "null"}]})
    kinds = [{"const": "id", "type": "string"}, {"const": "name", "type": "string"}]
    expected = properties(kind={"anyOf": kinds}, id=NUMBER, lang=STRING, name=STRING)
    assert found == {**expected, "required": ["kind"]}


def test_all_of_several_schemas_is_one() -> None:
    parts = [
        {**properties(a=STRING), "required": ["a"]},
        {"$ref": "#/$defs/B"},
        {"required": ["c"]},
    ]
    schema = {"allOf": parts, "$defs": {"B": {**properties(b=NUMBER), "required": ["b"]}}}
    schema |= properties(c=STRING)
    found = taken(schema)
    assert found["properties"] == {"c": STRING, "a": STRING, "b": NUMBER}
    assert set(found["required"]) == {"a", "b", "c"}


def test_what_depends_on_what_is_given_is_not_required() -> None:
    then = {**properties(zip=STRING), "required": ["zip"]}
    other = {**properties(city=STRING), "required": ["city"]}
    schema = {**properties(country=STRING), "if": properties(country={"const": "US"})}
    found = taken({**schema, "then": then, "else": other})
    assert set(found["properties"]) == {"country", "zip", "city"}
    assert "required" not in found


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {},
        {"type": ["object", "null"]},
        {"type": "any"},
        {"properties": None},
        {"type": 1},
    ],
    ids=str,
)
def test_a_schema_that_says_nothing_is_an_object(schema) -> None:
    assert taken(schema) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "schema",
    [
        False,
        "object",
        [],
        7,
        {"type": "string"},
        {"type": ["string", "null"]},
        {"not": {}},
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
        {"allOf": [{"type": "object"}, {"type": "array"}]},
        {"$ref": "#/$defs/Text", "$defs": {"Text": {"type": "string"}}},
    ],
    ids=str,
)
def test_a_schema_that_allows_no_object_has_no_form_that_a_provider_takes(schema) -> None:
    with pytest.raises(SchemaError):
        normalise(schema)


# References.


def test_references_are_written_out() -> None:
    schema = {
        **properties(
            to={"$ref": "#/$defs/Place", "description": "Where to."},
            at={"$ref": "#/properties/to"},
            odd={"$ref": "#/definitions/a~1b%20c"},
        ),
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$defs": {"Place": properties(name=STRING)},
        "definitions": {"a/b c": NUMBER},
    }
    place = {**properties(name=STRING), "description": "Where to."}
    assert taken(schema) == properties(to=place, at=place, odd=NUMBER)


def test_a_circle_ends_with_what_the_thing_is() -> None:
    node = {
        **properties(name=STRING, children={"type": "array", "items": {"$ref": "#/$defs/Node"}}),
        "description": "A node.",
    }
    found = taken({**properties(root={"$ref": "#/$defs/Node"}), "$defs": {"Node": node}})
    children = found["properties"]["root"]["properties"]["children"]
    assert children["items"]["type"] == "object"
    assert "properties" not in children["items"]


@pytest.mark.parametrize(
    "reference", ["#", "#/$defs/Gone", "https://example.com/s.json", "#anchor", "#/$defs/Self"]
)
def test_a_reference_that_leads_nowhere_or_back_allows_anything(reference) -> None:
    schema = {**properties(x={"$ref": reference}), "$defs": {"Self": {"$ref": "#/$defs/Self"}}}
    assert "x" in taken(schema)["properties"]


def test_references_that_multiply_are_cut() -> None:
    """Each level has the next one ten times: 10^20 in all."""
    levels = {
        f"L{n}": properties(**{f"p{i}": {"$ref": f"#/$defs/L{n + 1}"} for i in range(10)})
        for n in range(20)
    }
    found = taken({**properties(x={"$ref": "#/$defs/L0"}), "$defs": levels})
    assert len(json.dumps(found)) < 500_000


def test_a_schema_that_is_nested_without_end_is_cut() -> None:
    schema: Json = STRING
    for _ in range(5_000):
        schema = properties(x=schema)
    assert taken(schema)["properties"]


# Dialects.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"type": "string", "format": "uri-template"}, {}),
        ({"type": "string", "format": "date-time", "pattern": "("}, {"format": "date-time"}),
        ({"type": "string", "minLength": -1, "maxLength": "9"}, {}),
        ({"type": "string", "enum": []}, {}),
        ({"type": "string", "enum": ["a", "a", "b"]}, {"enum": ["a", "b"]}),
        ({"type": "string", "description": ["x"], "title": " "}, {}),
        ({"type": "array"}, {"items": {}}),
        ({"type": "array", "items": [STRING, NUMBER]}, {"items": {"anyOf": [STRING, NUMBER]}}),
        ({"type": "object", "additionalProperties": "no"}, {}),
        (
            {"type": "object", "patternProperties": {"^x": STRING}, "additionalProperties": False},
            {},
        ),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "integer", "multipleOf": 0, "minimum": float("nan")}, {}),
    ],
    ids=str,
)
def test_what_a_property_says_comes_along_where_it_is_well_formed(given, expected) -> None:
    found = taken(properties(x=given))["properties"]["x"]
    assert found == {"type": given["type"], **expected}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"type": "int"}, "integer"),
        ({"type": "str"}, "string"),
        ({"type": "dict"}, "object"),
        ({"type": "Float"}, "number"),
        ({"enum": [1, 2]}, "integer"),
        ({"const": True}, "boolean"),
        ({"const": None}, "null"),
        ({"properties": {"a": STRING}}, "object"),
        ({"items": STRING}, "array"),
    ],
    ids=str,
)
def test_a_type_is_told_in_json_schemas_words(given, kind) -> None:
    assert taken(properties(x=given))["properties"]["x"]["type"] == kind


def test_what_is_required_is_read_as_any_draft_has_it() -> None:
    schema = properties(a={**STRING, "required": True}, b={**STRING, "required": False}, c=STRING)
    assert taken({**schema, "required": ["c", "c", "gone", 7]})["required"] == ["c", "a"]
    assert "required" not in taken({**properties(a=STRING), "required": "a"})


def test_properties_that_are_booleans_allow_anything_or_are_left_out() -> None:
    assert taken(properties(a=True, b=False)) == properties(a={})  # type: ignore[arg-type]


# Names of arguments.


async def test_arguments_have_names_that_providers_take_and_tools_hear_their_own() -> None:
    heard: list[Any] = []

    def listen(use: Any, **_: Any) -> Any:
        heard.append(use["input"])
        return {"toolUseId": use["toolUseId"], "status": "success", "content": []}

    names = ["$filter", "StartTime<", "StartTime>", "größe", "n" * 80, "", "plain", "StartTime_"]
    schema = {**properties(**dict.fromkeys(names, STRING)), "required": ["$filter", "plain"]}
    spec: Any = {"name": "search", "description": "Search.", "inputSchema": {"json": schema}}
    limited = Limited(PythonAgentTool("search", spec, listen))
    offered = limited.tool_spec["inputSchema"]["json"]
    judge(offered)
    assert len(offered["properties"]) == len(names)
    assert offered["required"] == ["_filter", "plain"]
    await call(limited, dict.fromkeys(offered["properties"], "x"))
    assert heard == [dict.fromkeys(names, "x")]


# What else a model is told.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, "x"),
        ("", "x"),
        (" \n", "x"),
        (7, "x"),
        (" Do it. ", "Do it."),
        ("d" * 9_000, "d" * 4_000),
    ],
)
def test_a_description_is_never_missing_nor_without_end(given, expected) -> None:
    spec: Any = {"name": "x", "description": given, "inputSchema": {"json": {}}}
    assert Limited(PythonAgentTool("x", spec, print)).tool_spec["description"] == expected


async def test_a_tool_of_ones_own_with_a_name_that_no_provider_takes_is_called() -> None:
    @tool(name="my tool: größe!")
    def measure(größe: int) -> str:
        """Measure."""
        return f"{größe} m"

    limited = Limited(measure)
    assert limited.tool_name.startswith("my_tool__gr__e_")
    (argument,) = limited.tool_spec["inputSchema"]["json"]["properties"]
    assert told(await call(limited, {argument: 3})) == "3 m"


# Whatever is given.

KEYWORDS = [
    *REFUSED_AT_THE_TOP,
    *("type", "properties", "required", "items", "additionalProperties", "exclusiveMinimum"),
    *("minimum", "format", "pattern", "description", "default", "then", "else", "definitions"),
    *("nullable", "minLength", "prefixItems", "patternProperties", "title", "multipleOf"),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
LEAVES |= st.sampled_from(["object", "string", "array", "#", "#/properties/a", "#/$defs/a"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b!"]), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(SCHEMAS)
@example({"additionalProperties": {"items": False}})
def test_whatever_a_server_lists_is_offered_in_a_form_that_is_taken_or_left_out(schema) -> None:
    try:
        found = normalise(schema).schema
    except SchemaError:
        return
    judge(found)
    assert normalise(found).schema == found, "nothing is left to normalise"
    spec: Any = {"name": "x", "description": "x", "inputSchema": {"json": found}}
    registry = ToolRegistry()
    registry.register_tool(PythonAgentTool("x", spec, print))
    assert "x" in registry.get_all_tools_config()
