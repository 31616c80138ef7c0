import json

import pytest

from relay.core.request import Tool
from relay.core.toolcall.extract import Block
from relay.core.toolcall.read import Call, read_block, write

EDITOR = Tool(
    name="editor",
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string"}, "line": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": False,
    },
)
PATCH = Tool(
    name="patch",
    parameters={"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]},
    freeform=True,
)
TOOLS = {"editor": EDITOR, "patch": PATCH, "now": Tool(name="now")}


def read(text: str, *, own: bool = False, missing: str | None = "", closed: bool = True) -> list[Call | str] | None:
    return read_block(Block(text, text, own, missing, closed), TOOLS)


def call(**fields: object) -> str:
    return json.dumps({"tool_call": fields})


EDIT = Call("editor", '{"path":"a"}')


@pytest.mark.parametrize(
    "text",
    [
        '{"tool_call": {"name": "editor", "arguments": {"path": "a"}}}',
        '{"tool_call": {"name": "editor", "parameters": {"path": "a"}}}',
        '{"tool_call": {"name": "editor", "input": {"path": "a"}}}',
        '{"tool_call": {"name": "editor", "args": {"path": "a"}}}',
        '{"tool_call": {"name": "editor", "arguments": "{\\"path\\": \\"a\\"}"}}',
        '{"tool_call": {"type": "function", "function": {"name": "editor", "arguments": "{\\"path\\": \\"a\\"}"}}}',
        '{"tool_call": "editor", "arguments": {"path": "a"}}',
        '[{"tool_call": {"name": "editor", "arguments": {"path": "a"}}}]',
        '{"tool_call": [{"name": "editor", "arguments": {"path": "a"}}]}',
        '{"tool_calls": [{"name": "editor", "arguments": {"path": "a"}}]}',
        '{"tool_calls": [{"tool_call": {"name": "editor", "arguments": {"path": "a"}}}]}',
    ],
)
def test_shapes_that_models_write(text):
    assert read(text) == [EDIT]


def test_a_bare_name_counts_in_a_block_of_its_own_only():
    text = '{"name": "editor", "arguments": {"path": "a"}}'
    assert read(text, own=True) == [EDIT]
    assert read(text) is None


def test_several_calls():
    text = f"[{call(name='editor', arguments={'path': 'a'})}, {call(name='now')}]"
    assert read(text) == [EDIT, Call("now", "{}")]


@pytest.mark.parametrize("arguments", [{}, {"arguments": None}, {"arguments": {}}])
def test_a_tool_without_arguments(arguments):
    assert read(call(name="now", **arguments)) == [Call("now", "{}")]


def test_free_text_of_a_tool_that_takes_text():
    assert read(call(name="patch", arguments="{a}\n")) == [Call("patch", '{"input":"{a}\\n"}')]
    assert read(call(name="patch", arguments={"input": "x"})) == [Call("patch", '{"input":"x"}')]


def test_line_breaks_within_strings_are_let_pass():
    text = '{"tool_call": {"name": "editor", "arguments": {"path": "a\nb"}}}'
    assert read(text) == [Call("editor", '{"path":"a\\nb"}')]


def test_all_characters_survive():
    assert read(call(name="editor", arguments={"path": '😀 "\\n\\"\u2028\x00'})) == [
        Call("editor", '{"path":"😀 \\"\\\\n\\\\\\"\u2028\\u0000"}')
    ]


def test_numbers_survive():
    text = '{"tool_call": {"name": "now", "arguments": {"a": [1.5, -2e3, 12345678901234567890]}}}'
    assert read(text) == [Call("now", '{"a":[1.5,-2000.0,12345678901234567890]}')]


def test_half_an_emoji_does_not_get_through():
    text = '{"tool_call": {"name": "editor", "arguments": {"path": "\\ud83d"}}}'
    assert read(text) == [Call("editor", '{"path":"\ufffd"}')]


def test_brackets_that_are_missing_are_completed_in_a_closed_block_only():
    text = '{"tool_call": {"name": "editor", "arguments": {"path": "a"}'
    assert read(text, missing="}}") == [EDIT]
    assert read(text, missing="}}", closed=False) == [
        'invalid JSON: Expecting \',\' delimiter at line 1, column 60, near \'ents": {"path": "a"}\''
    ]
    assert read(text[:-1] + ":", missing="}}}") == [
        'invalid JSON: Expecting \',\' delimiter at line 1, column 59, near \'ments": {"path": "a":\''
    ]


@pytest.mark.parametrize("text", ['{"tool_call": null}', '{"tool_call": 1}', "[]", '[{"a": 1}]', "3"])
def test_what_only_looks_like_a_call(text):
    assert read(text) is None


SHAPE = 'write {"tool_call": {"name": …, "arguments": {…}}}'
NAMES = "the tools are: editor, patch, now"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", f"the block holds no JSON object; {SHAPE}"),
        ("{}", f"this is no tool call; {SHAPE}"),
        ('{"tool_calls": [3, {"name": "x"}]}', None),
        (call(name="edit"), f'there is no tool "edit"; {NAMES}'),
        (call(arguments={}), f"there is no tool null; {NAMES}"),
        (call(name=["x"]), f'there is no tool ["x"]; {NAMES}'),
        (call(name="editor", arguments="x"), "editor: arguments must be a JSON object, not a string"),
        (call(name="editor", arguments="[]"), "editor: arguments must be a JSON object"),
        (call(name="editor", arguments=[1]), "editor: arguments must be a JSON object"),
        (call(name="editor"), "editor: arguments: 'path' is a required property"),
        (
            call(name="editor", arguments={"path": 1, "line": "x"}),
            "editor: arguments.path: 1 is not of type 'string'; arguments.line: 'x' is not of type 'integer'",
        ),
        (
            call(name="editor", arguments={"path": "a", "b": 1}),
            "editor: arguments: Additional properties are not allowed ('b' was unexpected)",
        ),
        (
            '{"tool_call": {"name": "now", "arguments": {"a": 1e999}}}',
            "invalid JSON: 1e999 is too large a number",
        ),
        ('{"tool_call": {"name": "now", "arguments": {"a": NaN}}}', "invalid JSON: NaN is no JSON"),
        (
            '{"tool_call": {"name": "now", "arguments": {"a": "\\d"}}}',
            'invalid JSON: Invalid \\escape at line 1, column 51, near \'"arguments": {"a": "\\\\d"}}}\'',
        ),
    ],
)
def test_problems_say_what_is_wrong(text, problem):
    expected = [problem] if problem else [f"this is no tool call; {SHAPE}", f'there is no tool "x"; {NAMES}']
    assert read(text, own=True) == expected


def test_json_that_is_too_deep():
    text = '{"tool_call": {"name": "now", "arguments": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}}"
    assert read(text) == ["invalid JSON: it is nested too deeply"]


def test_number_that_is_too_long():
    (problem,) = read('{"tool_call": {"name": "now", "arguments": {"a": ' + "1" * 5000 + "}}}") or ()
    assert isinstance(problem, str)
    assert problem.startswith("invalid JSON: Exceeds the limit")


def test_value_that_is_too_deep_to_write():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="too deeply"):
        write(value)
