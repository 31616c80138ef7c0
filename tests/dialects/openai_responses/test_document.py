"""What the documents allow is taken."""

import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from openai.types.responses import ResponseInputItemParam, ToolParam
from support.responses import check_schema

from relay.dialects.openai_responses.inbound import Before, ResponsesCall, decode, read
from relay.dialects.openai_responses.items import normalized

DOCUMENT = Path(__file__).parents[2] / "data" / "openai_responses" / "openresponses-openapi.json"
SCHEMAS = json.loads(DOCUMENT.read_bytes())["components"]["schemas"]
ITEMS = [ref["$ref"].rpartition("/")[2] for ref in SCHEMAS["ItemParam"]["oneOf"]]
STORED = {"type": "message", "id": "c1", "role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}


def example(schema: dict[str, Any], strings: str = "c1") -> Any:
    """Return a value that `schema` allows, with every field that it knows and one of each kind in a list."""
    if "$ref" in schema:
        return example(SCHEMAS[schema["$ref"].rpartition("/")[2]], strings)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return example(schema[several][0], strings)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {
            name: example(value, "https://c1" if name.endswith("_url") else strings)
            for name, value in schema["properties"].items()
        }
    if schema.get("type") == "array":
        return [example(item, strings) for item in schema["items"].get("oneOf", [schema["items"]])]
    values = {"string": strings, "integer": 16, "number": 1, "boolean": True, "null": None}
    return values.get(schema["type"], {})


def decoded(body: dict[str, Any]) -> ResponsesCall:
    before = Before(unseal=str, found={"c1": STORED})
    return decode(read(json.dumps(body).encode(), new_id=str), before, default_model="d")


def literals(hint: Any) -> set[str]:
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {word for inner in get_args(hint) for word in literals(inner)}


CONTENT = example(SCHEMAS["UserMessageItemParam"]["properties"]["content"])


@pytest.mark.parametrize("name", ITEMS)
def test_every_item_of_open_responses(name):
    item = example(SCHEMAS[name])
    check_schema("ItemParam", item)
    assert decoded({"input": [CALL, item, STORED]}).ignored == ()


@pytest.mark.parametrize("part", CONTENT, ids=lambda part: part["type"])
def test_every_content_of_a_user(part):
    got = decoded({"input": [{"role": "user", "content": [part]}]})
    assert len(got.request.messages[0].content) == 1


def test_every_field_of_open_responses():
    body = example(SCHEMAS["CreateResponseBody"])
    check_schema("CreateResponseBody", body)
    got = decoded(body)
    assert (got.request.extra, got.ignored) == ({"stream_options": {"include_obfuscation": True}}, ("top_logprobs",))


@pytest.mark.parametrize(
    "kind", sorted(set().union(*(literals(get_type_hints(item)["type"]) for item in get_args(ResponseInputItemParam))))
)
def test_every_item_of_openai_is_known(kind):
    assert [item["type"] for item in normalized([{"type": kind, "id": "x"}], str)] == [kind]


@pytest.mark.parametrize(
    "kind", sorted(set().union(*(literals(get_type_hints(tool)["type"]) for tool in get_args(ToolParam))))
)
def test_every_tool_of_openai_is_taken_or_named(kind):
    got = decoded({"input": "hi", "tools": [{"type": kind, "name": "f", "tools": []}]})
    assert got.ignored == (() if kind in ("function", "custom", "namespace") else (f"tools.{kind}",))
