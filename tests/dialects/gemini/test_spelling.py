from typing import Any

import msgspec
import pytest

from relay.dialects.gemini.spelling import Spelling, camel
from relay.errors import InvalidRequest


class Inner(msgspec.Struct, rename="camel"):
    first_name: str | None = None
    how_many: int | None = None


class Outer(msgspec.Struct, rename="camel"):
    one_inner: Inner | str | None = None
    many_inner: list[Inner] | None = None
    some_texts: list[str] | None = None
    free_values: dict[str, Any] | None = None
    any_thing: Any = None


SPELLING = Spelling(Outer)


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ({"one_inner": {"first_name": "a_b"}}, {"oneInner": {"firstName": "a_b"}}),
        ({"oneInner": {"firstName": "a_b"}}, {"oneInner": {"firstName": "a_b"}}),
        ({"one_inner": "text_here"}, {"oneInner": "text_here"}),
        ({"many_inner": {"how_many": "3"}}, {"manyInner": [{"howMany": 3}]}),
        (
            {"many_inner": [{"how_many": 3.0}, {"how_many": 3.5}, None]},
            {"manyInner": [{"howMany": 3}, {"howMany": 3.5}, None]},
        ),
        ({"many_inner": {"how_many": "3.0"}}, {"manyInner": [{"howMany": "3.0"}]}),
        ({"some_texts": "a"}, {"someTexts": ["a"]}),
        ({"some_texts": None}, {"someTexts": None}),
        ({"free_values": {"a_b": {"first_name": 1}}}, {"freeValues": {"a_b": {"first_name": 1}}}),
        ({"any_thing": {"first_name": "3"}}, {"anyThing": {"first_name": "3"}}),
        ({"not_known": {"first_name": 1}}, {"not_known": {"first_name": 1}}),
        ({"one_inner": None, "oneInner": {"firstName": "a"}}, {"oneInner": {"firstName": "a"}}),
        ([], []),
        (None, None),
    ],
)
def test_normal_spelling(value: Any, normal: Any):
    assert SPELLING.normal(value) == normal


def test_field_in_both_spellings():
    with pytest.raises(InvalidRequest) as caught:
        SPELLING.normal({"many_inner": [{}, {"first_name": "a", "firstName": "b"}]})
    assert caught.value.param == "manyInner[1].firstName"


def test_unknown_fields():
    normal = SPELLING.normal({"one_inner": {}, "free_values": {}, "not_known": 1, "null": None})
    assert SPELLING.unknown(normal) == {"not_known": 1}


@pytest.mark.parametrize(
    ("name", "spelt"), [("mime_type", "mimeType"), ("top_k", "topK"), ("x_2", "x2"), ("plain", "plain"), ("aB", "aB")]
)
def test_camel_case(name: str, spelt: str):
    assert camel(name) == spelt
