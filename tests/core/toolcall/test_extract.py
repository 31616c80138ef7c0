import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.core.toolcall.extract import Block, CallExtractor, Item
from relay.core.toolcall.write import block

CALL = '{"tool_call": {"name": "editor", "arguments": {"path": "a"}}}'


def extract(*pieces: str) -> list[Item]:
    """Return the items of a text that comes in pieces, neighbouring texts joined."""
    extractor = CallExtractor()
    items: list[Item] = []
    for piece in (*pieces, None):
        for item in extractor.flush() if piece is None else extractor.feed(piece):
            if isinstance(item, str) and items and isinstance(items[-1], str):
                items[-1] += item
            else:
                items.append(item)
    return items


def shape(text: str) -> list[str | tuple[str]]:
    """Return the texts, and the JSON of blocks as tuples."""
    return [item if isinstance(item, str) else (item.json,) for item in extract(text)]


def raw(items: list[Item]) -> str:
    return "".join(item if isinstance(item, str) else item.raw for item in items)


@pytest.mark.parametrize(
    "text",
    [
        f"```tool_call\n{CALL}\n```",
        f"```tool_call\r\n{CALL}\r\n```\r\n",
        f"```tool_calls\n\n{CALL}\n```\n",
        f"```` Tool_Call extra words\n{CALL}\n````",
        f"~~~tool_call\n{CALL}\n~~~",
        f"   ```tool_call\n   {CALL}\n   ```",
        f"```json\n{CALL}\n```",
        f"```\n{CALL}\n```",
        f"```JSON\n{CALL}",
        f"```tool_call\n{CALL}\n",
        f"```tool_call {CALL}\n```",
        f"```tool_call{CALL}```",
        f"```\ntool_call\nCopy code\n{CALL}\n```",
        f"```\nCopy\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"<TOOL_CALL>{CALL}</TOOL_CALL>",
        f"<tool_calls>{CALL}</tool_calls>",
        f"<tool_call>{CALL}",
        f"tool_call\nCopy\n{CALL}",
        f"tool_call\n{CALL}\n```",
        f"tool_callCopy{CALL}",
        f"tool_calls Copy code\n\n{CALL}",
        f"{CALL}",
        f"  {CALL} ; ",
        f"{CALL}}}}}",
        f"\n\n```tool_call\n{CALL}}}\n```",
    ],
)
def test_forms_of_one_call(text):
    assert [(item.raw, item.json) for item in extract(text) if isinstance(item, Block)] == [(text, CALL)]
    assert extract(*text) == extract(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        f"Write `{CALL}` to call it",
        f"A line with {CALL} in it",
        f"````markdown\n```tool_call\n{CALL}\n```\n````",
        f"```python\nx = 1\n{CALL}\n```",
        f"```python\n{CALL.replace('tool_call', 'tool')}\n```",
        "```json\n{}\n```\n",
        f"```one two three\n`{CALL}\n```",
        f"``tool_call {CALL}",
        '```\nsome words that are far too long for a label\n{"tool_call": 1}\n```',
        f"```\na\nb\nc\nd\n{CALL}\n```",
        f"```\ntoo many words\n{CALL}\n```",
        "```tool_call",
        "```tool_call\n",
        "```\n",
        "```",
        "~~",
        "<tool_call",
        "<tool_call>",
        "<tool_ca>",
        "<p>",
        "tool_call",
        "tool_ca\n",
        "Tool_calls are blocks",
        "tool_call_id",
        f"tool_call: {CALL}",
        "tool_call and a lot more words behind it",
        "tool_call\nand more\n",
        '{"tool_call_id": "x"}',
        '{"tool": 1}',
        '[1, {"tool_call": 2}]',
        '{"tool_ca',
        '{                                                                                "tool_call": 1}',
        f"<think>I could write\n{CALL}\nhere</think>",
        f"<Thinking>\n```tool_call\n{CALL}\n```\n</thinkin>",
        "   ",
        "\n\n",
        "a\n\n",
        "a \n \n",
        f"```{' ' * 250}\n",
        f"```{'x' * 250}\n",
        f"{' ' * 250}{CALL}",
        f"```\n{' ' * 450}{CALL}\n```",
        f"```\nx = 1\n```{' ' * 250}\n```tool_calling\n{CALL}\n```",
        f"```tool_call\n{' ' * 450}{CALL}\n```",
        "```\na\n",
        "```\n  ",
        "```a`b\n",
        "```\nlabel",
        "`" * 250,
        f"```\n{'~' * 250}\n{CALL}\n",
        f"```\nx\n{' ' * 250}```\n{CALL}\n",
    ],
)
def test_what_is_no_call_stays_as_it_is(text):
    assert extract(text) == ([text] if text else [])
    assert extract(*text) == extract(text)


def test_text_around_calls():
    text = f"I write.\n\n```tool_call\n{CALL}\n```\n\nThen\n```tool_call\n{CALL}\n```\nend"
    assert shape(text) == ["I write.", (CALL,), "\nThen", (CALL,), "end"]


def test_calls_one_behind_the_other():
    text = f"```tool_call\n{CALL}\n```\n```tool_call\n{CALL}\n```\n{CALL}{CALL}"
    assert shape(text) == [(CALL,)] * 4


def test_several_calls_in_one_block():
    assert shape(f"```tool_call\n{CALL}\n{CALL},\n[{CALL}]\n```\nend") == [(CALL,), (CALL,), (f"[{CALL}]",), "end"]


def test_several_calls_in_a_block_of_another_name():
    assert shape(f"```json\n{CALL}\n{CALL}\n```") == [(CALL,), (CALL,)]


def test_fence_behind_a_call_without_one():
    assert shape(f"{CALL}\n```\n{CALL}\n\n```\nx = 1\n```\n{CALL}") == [(CALL,), (CALL,), "```\nx = 1\n```", (CALL,)]


def test_other_json_behind_a_call_is_text():
    assert shape(f'```json\n{CALL}\n{{"a": 1}}\n```\n{CALL}') == [(CALL,), '{"a": 1}\n```', (CALL,)]


def test_words_behind_a_call_in_its_block_are_text():
    assert shape(f"```tool_call\n{CALL}\nThat is it.\n```\n{CALL}") == [(CALL,), "That is it.\n```", (CALL,)]


def test_block_that_is_not_closed_before_the_next():
    first, second = (item for item in extract(f"```tool_call\n{CALL}\n```tool_call\n{CALL}\n```"))
    assert isinstance(first, Block)
    assert isinstance(second, Block)
    assert (first.closed, second.closed) == (True, True)


def test_call_in_a_code_block_that_was_not_closed():
    assert shape(f"```python\nx = 1\n\n```tool_call\n{CALL}\n```\nend") == ["```python\nx = 1", (CALL,), "end"]


def test_code_block_goes_on_behind_what_looks_like_its_end():
    text = f"````\n```\n{CALL}\n```sh\n~~~\n````\n"
    assert shape(text + CALL) == [text[:-1], (CALL,)]


def test_call_behind_reasoning():
    text = f"Well.\n<think>no {CALL}</THINK> so\n"
    assert shape(text + CALL) == [text[:-1], (CALL,)]


def test_fences_and_brackets_within_strings():
    code = json.dumps({"tool_call": {"name": "editor", "arguments": {"text": '```py\n"}]{[\\"\n```\n~~~\n<b>\\'}}})
    assert shape(f"```tool_call\n{code}\n```\nend") == [(code,), "end"]


def test_line_breaks_within_strings():
    code = '{"tool_call": {"name": "editor", "arguments": {"text": "a\n```\nb"}}}'
    assert shape(f"```tool_call\n{code}\n```\nend") == [(code,), "end"]


def test_brackets_that_are_missing():
    (item,) = extract(f"```tool_call\n{CALL[:-2]}\n```")
    assert item == Block(f"```tool_call\n{CALL[:-2]}\n```", f"{CALL[:-2]}\n", own=True, missing="}}", closed=True)


@pytest.mark.parametrize("end", ["", "\n"])
def test_text_that_ends_within_json(end):
    (item,) = extract(f'```json\n{{"tool_call": {{"a": [1{end}')
    assert isinstance(item, Block)
    assert (item.missing, item.closed) == ("]}}", False)


def test_text_that_ends_within_a_string():
    (item,) = extract('{"tool_call": {"name": "edit\\')
    assert isinstance(item, Block)
    assert (item.missing, item.closed) == (None, False)


def test_block_without_json():
    assert extract('```tool_call\neditor(path="a")\n```\nend') == [
        Block("```tool_call\n", "", own=True, missing="", closed=False),
        'editor(path="a")\n```\nend',
    ]


def test_empty_block():
    text = "```tool_call\n\n```\n"
    assert extract(text) == [Block(text, "", own=True, missing="", closed=True)]


def test_tag_without_json():
    items = extract("<tool_call>\n<function=editor>\n</tool_call>\n")
    assert items == [
        Block("<tool_call>\n", "", own=True, missing="", closed=False),
        "<function=editor>\n</tool_call>\n",
    ]


@pytest.mark.parametrize("junk", ["}" * 1000, "}" * 1500])
def test_brackets_without_end(junk):
    items = extract(f"```tool_call\n{CALL}{junk}")
    assert raw(items) == f"```tool_call\n{CALL}{junk}"


def test_text_streams_on_at_once():
    extractor = CallExtractor()
    assert extractor.feed("Hello") == ["Hello"]
    assert extractor.feed(" world\n") == [" world"]
    assert extractor.feed("\n") == []
    assert extractor.feed("```py") == []
    assert extractor.feed("thon\nx = 1\n") == ["\n\n```python\nx = 1"]
    assert extractor.feed("`") == []
    assert extractor.feed("a") == ["\n`a"]


def test_nothing_is_held_of_a_line_that_cannot_be_a_call():
    extractor = CallExtractor()
    assert extractor.feed("{") == []
    assert extractor.feed('"tool') == []
    assert extractor.feed("s") == ['{"tools']


FRAGMENTS = st.sampled_from(
    [
        *(
            "\n",
            "\n\n",
            " ",
            "`",
            "``",
            "```",
            "````",
            "~~~",
            "\\",
            '"',
            "{",
            "}",
            "[",
            "]",
            ",",
            "<",
            ">",
            "\r\n",
            "x",
        ),
        *("tool_call", "tool_calls", "Copy", "json", "python", "<think>", "</think>", "<tool_call>", "</tool_call>"),
        *(
            '{"tool_call":',
            '{"tool_calls": [',
            '{"name": "editor"',
            CALL,
            f"[{CALL}, {CALL}]",
            "😀",
            "\u2028",
            " " * 70,
        ),
        *(
            f"```tool_call\n{CALL}\n```\n",
            f"```json\n{CALL}\n```",
            f"````md\n```tool_call\n{CALL}\n```\n````\n",
            "text",
        ),
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=15).map("".join)


def cut(text: str, places: list[int]) -> list[str]:
    at = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(at)]


@given(TEXTS, st.lists(st.integers(min_value=0), max_size=12))
@example(f"```{' ' * 25}tool_call{' ' * 200}{CALL}", [230])
@example(f"tool_call{' ' * 25}{CALL}", [34])
@example(f"{'`' * 250}tool_call\n{CALL}", [200, 201, 202])
@example(f"```\nx\n{' ' * 250}```\n{CALL}", [206, 207, 208])
@example(f"{CALL}{' ' * 999}x", [len(CALL) + 999])
@example(f"{CALL}{' ' * 1000}x", [len(CALL) + 1000])
@example(f"{CALL}{' ' * 1001}```\n{CALL}", [len(CALL) + 1000])
def test_cutting_the_input_anywhere_changes_nothing(text, places):
    assert extract(*cut(text, places)) == extract(text)


@given(TEXTS)
@example('{"tool_call": {"name": "editor", "arguments": {"path": "a"}}}\n\n```')
def test_cutting_into_characters_changes_nothing(text):
    assert extract(*text) == extract(text)


@given(TEXTS)
def test_all_that_goes_in_comes_out(text):
    assert raw(extract(text)) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PROSE = st.sampled_from(["", "Words.", "Look:\n```python\nprint('{')\n```", "1. a\n2. `b` {}", '{"answer": [1]}'])


@given(st.lists(st.tuples(PROSE, JSON), max_size=4), PROSE, st.lists(st.integers(min_value=0), max_size=12))
def test_what_is_written_is_read_back(calls, end, places):
    """Each call between its texts, whatever its arguments hold."""
    text = "\n\n".join([*(f"{prose}\n\n{block('editor', arguments)}" for prose, arguments in calls), end])
    items = extract(*cut(text, places))
    values = [json.loads(item.json) for item in items if isinstance(item, Block)]
    assert values == [{"tool_call": {"name": "editor", "arguments": arguments}} for _, arguments in calls]
    texts = [item.strip() for item in items if isinstance(item, str)]
    assert [item for item in texts if item] == [prose for prose in (*(prose for prose, _ in calls), end) if prose]


def test_escape_cut_in_the_middle():
    code = '{"tool_call": {"a": "\\"}"}}'
    (item,) = extract(code[:22], code[22:])
    assert code[21] == "\\"
    assert isinstance(item, Block)
    assert item.json == code
