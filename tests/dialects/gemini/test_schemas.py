from typing import Any

import pytest

from relay.dialects.gemini.schemas import json_schema


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, {}),
        ({"type": "OBJECT"}, {"type": "object"}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"type": "TYPE_UNSPECIFIED"}, {}),
        ({"type": "CUSTOM"}, {"type": "CUSTOM"}),
        (
            {"type": 6, "properties": {"a": {"type": 1}, "b": {"type": 0}}},
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}},
        ),
        ({"type": 8}, {"type": 8}),
        ({"type": None}, {"type": None}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        ({"type": "NULL", "nullable": True}, {"type": "null"}),
        (
            {"type": "STRING", "nullable": True, "enum": ["A"]},
            {"type": ["string", "null"], "enum": ["A", None]},
        ),
        ({"nullable": True, "enum": ["A", None]}, {"enum": ["A", None]}),
        (
            {"nullable": True, "any_of": [{"type": "STRING"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        ({"type": "ARRAY", "items": {"type": "INTEGER"}}, {"type": "array", "items": {"type": "integer"}}),
        ({"items": True, "additionalProperties": False}, {"items": True, "additionalProperties": False}),
        ({"minItems": "1", "max_items": "20", "minLength": 3}, {"minItems": 1, "maxItems": 20, "minLength": 3}),
        ({"maxLength": "many"}, {"maxLength": "many"}),
        ({"property_ordering": ["b", "a"]}, {"propertyOrdering": ["b", "a"]}),
        (
            {"$defs": {"S": {"type": "STRING"}}, "$ref": "#/$defs/S"},
            {"$defs": {"S": {"type": "string"}}, "$ref": "#/$defs/S"},
        ),
        ({"properties": 1, "anyOf": 2}, {"properties": 1, "anyOf": 2}),
        (
            {"default": {"type": "STRING"}, "example": {"any_of": 1}},
            {"default": {"type": "STRING"}, "example": {"any_of": 1}},
        ),
        ({"format": "enum", "enum": ["STRING"]}, {"format": "enum", "enum": ["STRING"]}),
    ],
)
def test_json_schema(schema: Any, expected: Any):
    assert json_schema(schema) == expected


def test_names_of_properties_are_the_users():
    schema = {
        "type": "OBJECT",
        "properties": {"type": {"type": "STRING"}, "any_of": {"nullable": True}, "nullable": {}},
    }
    assert json_schema(schema) == {
        "type": "object",
        "properties": {"type": {"type": "string"}, "any_of": {}, "nullable": {}},
    }


def test_the_given_schema_stays_what_it_was():
    schema = {"type": "OBJECT", "nullable": True, "properties": {"a": {"type": "STRING"}}, "anyOf": [{"type": "NULL"}]}
    json_schema(schema)
    assert schema == {
        "type": "OBJECT",
        "nullable": True,
        "properties": {"a": {"type": "STRING"}},
        "anyOf": [{"type": "NULL"}],
    }
