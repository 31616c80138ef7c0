import msgspec
import pytest

from relay.dialects.reading import MOST_ITEMS, MOST_NESTS, Reader, check_count, check_depth, parse_json, typed
from relay.errors import InvalidRequest


class Item(msgspec.Struct, rename="camel"):
    top_k: int
    items: list[str] = []


def problem(error: pytest.ExceptionInfo[InvalidRequest]) -> tuple[str, str | None]:
    return error.value.message, error.value.param


def test_unknown_fields_that_are_set_are_kept():
    body = b'{"topK": 1, "top_k": 2, "other": {"a": [1]}, "empty": null}'
    assert Reader(Item).read(body) == (Item(1), {"top_k": 2, "other": {"a": [1]}})


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        (b'{"topK": "1"}', "topK: Expected `int`, got `str`.", "topK"),
        (b'{"topK": 1, "items": ["a", 2]}', "items[1]: Expected `str`, got `int`.", "items[1]"),
        (b"{}", "topK: This field is required.", "topK"),
        (b"[]", "Expected `object`, got `array`.", None),
        (b"{", "The body is not valid JSON: Input data was truncated.", None),
        (b'{"topK": 1, "other": "\xff"}', "The body is not valid UTF-8.", None),
        (b'{"topK": 1, "other": ' + b"[" * 100_000, "The body is nested too deeply.", None),
    ],
)
def test_what_is_wrong_is_named(body: bytes, message: str, param: str | None):
    with pytest.raises(InvalidRequest) as error:
        Reader(Item).read(body)
    assert problem(error) == (message, param)


def test_lone_surrogate_is_mended():
    assert parse_json(rb'{"a": "\ud83d", "b": [1]}') == {"a": "\N{REPLACEMENT CHARACTER}", "b": [1]}


def test_no_more_is_mended_than_is_reasonable():
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        parse_json(b'"%b"' % (rb"\ud83d" * 2**19))


@pytest.mark.parametrize("nest", [b"[]", b"{}"])
def test_lists_and_objects_are_bounded(nest: bytes):
    most = b"[%b]" % b",".join([nest] * (MOST_NESTS - 1))
    assert len(parse_json(most)) == MOST_NESTS - 1
    for more in (b"[%b]" % most, b'["a[\\"]", %b' % most[1:-1] + b"," + nest):
        with pytest.raises(InvalidRequest) as error:
            parse_json(more)
        assert problem(error) == (f"The body has more than {MOST_NESTS} lists and objects.", None)


def test_brackets_in_texts_are_no_lists():
    text = '[{"' * MOST_NESTS
    assert parse_json(msgspec.json.encode([text])) == [text]


def test_items_are_bounded():
    most = b"[%b1]" % (b"1," * (MOST_ITEMS - 1))
    assert len(parse_json(most)) == MOST_ITEMS
    with pytest.raises(InvalidRequest) as error:
        parse_json(b'["a,\\"", %b' % most[1:])
    assert problem(error) == (f"The body has more than {MOST_ITEMS} items in its lists and objects.", None)


def test_commas_in_texts_are_no_items():
    text = ',"' * MOST_ITEMS
    assert parse_json(msgspec.json.encode([text])) == [text]


def test_text_without_an_end_is_no_json_however_many_brackets():
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        parse_json(b'["' + b"[" * 2 * MOST_NESTS)


def test_body_that_is_no_json():
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        parse_json(b"{'a': 1}")


def test_parsed_value_becomes_typed():
    assert typed({"topK": 1}, Item) == Item(1)
    with pytest.raises(InvalidRequest) as error:
        typed({"topK": 1, "items": 2}, Item)
    assert problem(error) == ("items: Expected `array`, got `int`.", "items")
    with pytest.raises(InvalidRequest) as error:
        typed({}, Item, "tools[1]")
    assert problem(error) == ("tools[1].topK: This field is required.", "tools[1].topK")
    with pytest.raises(InvalidRequest) as error:
        typed([], Item, "tools[1]")
    assert problem(error) == ("tools[1]: Expected `object`, got `array`.", "tools[1]")


def test_counts_are_bounded():
    check_count("tools", None, 0)
    check_count("tools", [1], 1)
    with pytest.raises(InvalidRequest) as error:
        check_count("tools", [1, 2], 1)
    assert problem(error) == ("tools has 2 items; at most 1 are allowed.", "tools")


def test_depth_is_bounded():
    check_depth({"tools": [{"a": [1]}]}, 3)
    with pytest.raises(InvalidRequest) as error:
        check_depth({"metadata": [1], "tools": [{"a": [1]}]}, 2)
    assert problem(error) == ("tools is nested too deeply; at most 2 levels are allowed.", "tools")
