import json

from relay.dialects import freeform


def test_text_survives_the_way_through_arguments():
    text = '*** Begin Patch\n"→ 😀\\'
    assert json.loads(freeform.wrap(text)) == {"input": text}
    assert freeform.unwrap(freeform.wrap(text)) == text


def test_model_that_wrote_no_json_wrote_the_text():
    assert [freeform.unwrap(text) for text in ("ls -l", '{"cmd":1}', '{"input":"cut')] == [
        "ls -l",
        '{"cmd":1}',
        '{"input":"cut',
    ]


def test_grammar_becomes_part_of_the_description():
    assert freeform.describe("patch", "lark", "start: x") == (
        "patch\n\nThe input must match this lark grammar:\nstart: x"
    )
    assert freeform.describe(None, None, "start: x") == "The input must match this lark grammar:\nstart: x"
    assert freeform.describe("patch", None, None) == "patch"
