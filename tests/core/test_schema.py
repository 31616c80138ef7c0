import pytest

from relay.core.schema import problems

NESTED = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"anyOf": [{"type": "object", "required": ["path"]}]}}},
}


def test_no_schema_is_no_problem():
    assert problems(None, 1, "$") == []


def test_path_and_message():
    assert problems(NESTED, {"files": [{"path": 1}, {}]}, "$") == ["$.files[1]: 'path' is a required property"]


def test_only_the_first_problems():
    assert len(problems({"items": {"type": "string"}}, [1] * 10, "$")) == 3


def test_long_values_are_shortened():
    (problem,) = problems({"type": "integer"}, "x" * 1000, "$")
    assert problem == f"$: '{'x' * 99} … {'x' * 74}' is not of type 'integer'"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "foo"},
        {"properties": 5},
        {"$schema": 5},
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "http://127.0.0.1:1/schema"},
        {"properties": {"a": {"$dynamicRef": "#x"}}},
        {"pattern": "(", "properties": {"a": {"pattern": "\\p{L}"}}},
        {"patternProperties": {"^b": False}, "additionalProperties": False},
        {"unevaluatedProperties": False},
        {"properties": {"a": {"multipleOf": 1e-320}}},
    ],
)
def test_what_cannot_be_checked_is_not(schema):
    assert problems(schema, {"a": 10**400}, "$") == []


def test_properties_that_are_not_named():
    assert problems({"additionalProperties": {"type": "string"}}, {"a": "b"}, "$") == []
    assert problems({"additionalProperties": False}, {"a": "b"}, "$") == [
        "$: Additional properties are not allowed ('a' was unexpected)"
    ]


def test_patterns_take_no_time():
    assert problems({"pattern": "^(a+)+$"}, "a" * 100 + "b", "$") == []


def test_older_drafts():
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}
    assert problems(schema, 3, "$") == ["$: 3 is greater than or equal to the maximum of 3"]


def test_draft_without_named_properties():
    assert problems({"$schema": "http://json-schema.org/draft-03/schema#", "type": "integer"}, 3, "$") == []
