import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.surrogates import mend_json, mend_text

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\uDE00x"', rb'"\ufffdx"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\n\u00e9"', rb'"\n\u00e9"'),
    ],
)
def test_lone_surrogates_in_json(body, expected):
    assert mend_json(body) == expected


@pytest.mark.parametrize("unit", [rb"\n", rb"\\", rb"\ud83d\ude00", b"a"])
def test_what_is_in_order_is_skipped_at_once(unit):
    whole = unit * (2**23 // len(unit))
    assert mend_json(whole + rb"\ud83d") == whole + rb"\ufffd"


def test_halves_beyond_reason_are_left():
    body = rb"\ud83d" * 2**19
    assert mend_json(body) == rb"\ufffd" * 2**18 + rb"\ud83d" * 2**18


def test_lone_surrogates_in_text():
    assert mend_text("a\ud83db😀") == "a\ufffdb😀"


@given(ANY_TEXT)
def test_mended_json_always_decodes(text):
    expected = json.loads(json.dumps(text))
    assert msgspec.json.decode(mend_json(json.dumps(text).encode())) == mend_text(expected)
