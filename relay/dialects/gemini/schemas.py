"""Google's Schema to JSON Schema.

https://ai.google.dev/api/caching#Schema is a subset of OpenAPI's: types in upper case, ``nullable``, whole numbers as
text, names in either of Google's spellings. JSON Schema goes through unchanged, but for types in upper case, which some
clients put there as well.
"""

from __future__ import annotations

from typing import Any, Final

from relay.core.request import JsonSchema

_TYPES: Final = ("type_unspecified", "string", "number", "integer", "boolean", "array", "object", "null")
"""In the order of their numbers, which Google's older SDKs send: https://ai.google.dev/api/caching#Type."""
_SPELT: Final = {
    "any_of": "anyOf",
    "max_items": "maxItems",
    "max_length": "maxLength",
    "max_properties": "maxProperties",
    "min_items": "minItems",
    "min_length": "minLength",
    "min_properties": "minProperties",
    "property_ordering": "propertyOrdering",
    "additional_properties": "additionalProperties",
    "prefix_items": "prefixItems",
}
_ONE: Final = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_MANY: Final = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "defs"})
_COUNTS: Final = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})


def json_schema(schema: JsonSchema) -> JsonSchema:
    """Return `schema` as JSON Schema; names of properties, examples and the like stay what they are.

    Raises:
        RecursionError: it is nested beyond reason.
    """
    out = {_SPELT.get(name, name): value for name, value in schema.items()}
    for name, value in out.items():
        out[name] = _keyword(name, value)
    if out.get("type") == "type_unspecified":
        del out["type"]
    if out.pop("nullable", None) is True:
        _allow_null(out)
    return out


def _keyword(name: str, value: Any) -> Any:
    if name == "type":
        return [_type(each) for each in value] if isinstance(value, list) else _type(value)
    if name in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    if name in _NAMED and isinstance(value, dict):
        return {key: _schema(inner) for key, inner in value.items()}
    if name in _MANY and isinstance(value, list):
        return [_schema(inner) for inner in value]
    return _schema(value) if name in _ONE else value


def _schema(value: Any) -> Any:
    return json_schema(value) if isinstance(value, dict) else value


def _type(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower() if value.lower() in _TYPES else value
    return _TYPES[value] if isinstance(value, int) and 0 <= value < len(_TYPES) else value


def _allow_null(schema: JsonSchema) -> None:
    """Say in JSON Schema what OpenAPI's ``nullable`` says."""
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if kind is None and isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
