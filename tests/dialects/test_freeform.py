import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects import freeform
from relay.dialects.freeform import Unwrapper


def pieces(*arguments: str) -> list[str]:
    unwrapper = Unwrapper()
    return [*(unwrapper.feed(piece) for piece in arguments), unwrapper.flush()]


def test_text_survives_the_way_through_arguments():
    text = '*** Begin Patch\n"→ 😀\\\t\x01'
    assert json.loads(freeform.wrap(text)) == {"input": text}
    assert freeform.unwrap(freeform.wrap(text)) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"a\\nb"}', "a\nb"),
        (' {\n "input" : "a" }\n', "a"),
        ('{"input":"\\u2192 \\ud83d\\ude00 \\/"}', "→ 😀 /"),
        ('{"input":""}', ""),
        # not to the letter
        ('{"input":"a\nb"}', "a\nb"),
        ('{"input":"\\d+\\u12"}', "\\d+\\u12"),
        ('{"input":"\\ud83d."}', "\ufffd."),
        ('{"input":"\\ud83d\\n"}', "\ufffd\n"),
        ('{"input":"\\ud83d\\u0041"}', "\ufffdA"),
        ('{"input":"\\ud83d\\ud83d\\ude00"}', "\ufffd😀"),
        ('{"input":"\\ude00"}', "\ufffd"),
        ('{"why":"so","input":"a"}', "a"),
        ('{"input":"a","why":"so"}', "a"),
        # no such arguments
        ("ls -l", "ls -l"),
        ("\n ls", "\n ls"),
        ('{"cmd":1}', '{"cmd":1}'),
        ('{"input":7}', '{"input":7}'),
        ('{"cmd', '{"cmd'),
        ("", ""),
        # cut off
        ('{"input":"cut', "cut"),
        ('{"input":"cut\\u12', "cut"),
        ('{"inp', '{"inp'),
    ],
)
def test_text_that_was_meant(arguments, text):
    assert freeform.unwrap(arguments) == text
    assert "".join(pieces(*arguments)) == text


def test_text_comes_as_it_is_written():
    assert pieces('{"in', 'put": "a', "b\\", "nc", '"', "}") == ["", "a", "b", "\nc", "", "", ""]
    assert pieces("l", "s") == ["l", "s", ""]


@given(st.text(alphabet=st.sampled_from('ab"\\/u0dD8c{}:→😀 \n'), max_size=30), st.data())
def test_cutting_the_arguments_differently_changes_nothing(text, data):
    for arguments in (freeform.wrap(text), json.dumps({"input": text}), f'{{"input":"{text}', text):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(arguments)), max_size=6)))
        cut = [arguments[start:end] for start, end in zip([0, *cuts], [*cuts, len(arguments)], strict=True)]
        assert "".join(pieces(*cut)) == freeform.unwrap(arguments)


@given(st.text())
def test_any_text_survives(text):
    assert freeform.unwrap(json.dumps({"input": text})) == text
    assert freeform.unwrap(freeform.wrap(text)) == text


def test_grammar_becomes_part_of_the_description():
    assert freeform.describe("patch", "lark", "start: x") == (
        "patch\n\nThe input must match this lark grammar:\nstart: x"
    )
    assert freeform.describe(None, None, "start: x") == "The input must match this lark grammar:\nstart: x"
    assert freeform.describe("patch", None, None) == "patch"
