import json
from pathlib import Path

import msgspec
import pytest

from relay.core.request import (
    AssistantMessage,
    Image,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.core.tokens import estimate_request, estimate_text
from relay.core.toolcall.write import as_text, block, correction, example, instruct, instructions
from relay.dialects.openai_chat import inbound

RECORDED = Path(__file__).resolve().parents[2] / "data" / "openai_chat" / "requests"
EDITOR = Tool(
    name="editor",
    description="Edits „files“.",
    parameters={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"path": {"type": "string"}, "line": {"type": "integer"}},
        "required": ["path"],
    },
)
NOW = Tool(name="now")
HI = UserMessage(content=(Text(text="hi"),))


def test_instructions():
    assert (
        instructions([EDITOR, NOW], required=False, parallel=True)
        == """\
# Tools

You can call the tools listed below. To call one, write a code block like this, with the info string `tool_call`:

```tool_call
{"tool_call": {"name": "editor", "arguments": {"path": "…"}}}
```

Rules:
- The block holds one JSON object of exactly this shape. Inside strings write line breaks as \\n and quotes as \\".
- A call in this form is really carried out. Never say that you did something without calling the tool that does it.
- For several calls that do not depend on each other, write one block after the other.
- After the last block write nothing more. The results come in the next message, in `tool_result` blocks. Never write \
those yourself.
- Use only the tools listed, with arguments that follow their JSON Schema.
- When no tool is needed, answer in plain text without such a block.

The tools, one in each line:
{"name":"editor","description":"Edits „files“.","parameters":{"type":"object","properties":{"path":{"type":"string"},\
"line":{"type":"integer"}},"required":["path"]}}
{"name":"now","parameters":{}}"""
    )


def test_instructions_for_one_call_that_must_be():
    text = instructions([NOW, EDITOR], required=True, parallel=False)
    assert "- Write one call at most in each answer.\n" in text
    assert "- You must call now or editor in your next answer; plain text alone is not accepted.\n" in text
    many = instructions([EDITOR] * 6, required=True, parallel=False)
    assert "- You must call one of the tools in your next answer; plain text alone is not accepted.\n" in many


def test_instructions_cost_little_more_than_native_tools():
    request = inbound.decode((RECORDED / "agent-tools.json").read_bytes(), default_model="m").request
    text = instructions(request.tools, required=False, parallel=True)
    native = estimate_request(request) - estimate_request(msgspec.structs.replace(request, tools=()))
    assert len(request.tools) == 25
    assert estimate_text(text) - native < 300


@pytest.mark.parametrize(
    ("schema", "sample"),
    [
        (None, {}),
        ({"const": 3}, 3),
        ({"enum": ["a", "b"]}, "a"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"oneOf": [{"type": "null"}]}, None),
        ({"type": "array", "items": {"type": "number"}}, [1]),
        ({"type": "array"}, []),
        ({"type": ["string", "null"]}, {}),
        ({"properties": {"a": {"type": "string"}, "b": {}, "c": {}}, "required": ["a", "b"]}, {"a": "…", "b": {}}),
        ({"properties": {"a": {}}}, {}),
        ({"type": "array", "items": {"type": "array", "items": {"type": "array", "items": {}}}}, [[[{}]]]),
    ],
)
def test_example(schema, sample):
    assert example(Tool(name="x", parameters=schema)) == block("x", sample)


def test_example_of_a_schema_without_end():
    schema: dict[str, object] = {"required": ["a"]}
    schema["properties"] = {"a": {"anyOf": [{"type": "array", "items": schema}]}}
    assert example(Tool(name="x", parameters=schema)) == block("x", {"a": [{"a": None}]})


def test_instructions_follow_the_system_message():
    system = SystemMessage(content=(Image(url="data:,"), Text(text="Be kind.")), developer=True)
    assert instruct([system, HI], "TOOLS") == (
        SystemMessage(content=(Image(url="data:,"), Text(text="Be kind.\n\nTOOLS")), developer=True),
        HI,
    )


def test_instructions_without_a_system_message():
    assert instruct([HI], "TOOLS") == (SystemMessage(content=(Text(text="TOOLS"),)), HI)


def test_history_without_tools_stays():
    messages = [SystemMessage(content=()), HI, AssistantMessage(content=(Text(text="yes"),), reasoning="r")]
    assert list(as_text(messages)) == messages


def test_calls_and_results_become_text():
    calls = (
        ToolCall(id="1", name="editor", arguments='{"path": "ä"}'),
        ToolCall(id="2", name="now", arguments=""),
        ToolCall(id="3", name="now", arguments="{broken"),
    )
    messages = [
        HI,
        AssistantMessage(content=(Text(text="I do."),), reasoning="why", tool_calls=calls),
        ToolMessage(call_id="2", content=(Text(text="noon"), Image(url="data:,"))),
        ToolMessage(call_id="1", content=(Text(text="a\n"), Text(text="````b")), is_error=True),
        ToolMessage(call_id="9", name="old", content=()),
        ToolMessage(call_id="8", content=()),
        HI,
    ]
    assert list(as_text(messages)) == [
        HI,
        AssistantMessage(
            content=(
                Text(
                    text=(
                        "I do.\n\n"
                        '```tool_call\n{"tool_call": {"name": "editor", "arguments": {"path": "ä"}}}\n```\n\n'
                        '```tool_call\n{"tool_call": {"name": "now", "arguments": {}}}\n```\n\n'
                        '```tool_call\n{"tool_call": {"name": "now", "arguments": "{broken"}}\n```'
                    )
                ),
            ),
            reasoning="why",
        ),
        UserMessage(
            content=(
                Text(text="```tool_result now (call 2 of 3)\nnoon\n```"),
                Image(url="data:,"),
                Text(
                    text=(
                        "\n\n`````tool_result editor (call 1 of 3) failed\na\n````b\n`````"
                        "\n\n```tool_result old\n\n```\n\n```tool_result 8\n\n```"
                    )
                ),
            )
        ),
        HI,
    ]


def test_one_call_needs_no_number():
    messages = [
        AssistantMessage(tool_calls=(ToolCall(id="1", name="now", arguments="{}"),)),
        ToolMessage(call_id="1", name="other", content=(Text(text="noon"),)),
    ]
    assert list(as_text(messages)) == [
        AssistantMessage(content=(Text(text=block("now", {})),)),
        UserMessage(content=(Text(text="```tool_result now\nnoon\n```"),)),
    ]


def test_correction():
    assert correction(["a: b", "c"], [EDITOR]) == (
        "There is a mistake in your tool calls:\n- a: b\n- c\n\n"
        "None of your calls was carried out. Write all of them again, corrected, in this form and nothing else:\n\n"
        + block("editor", {"path": "…"})
    )


def test_correction_of_an_answer_without_a_call():
    assert correction([], [NOW]) == (
        "Your answer calls no tool, but it must. Call now now, in this form and nothing else:\n\n" + block("now", {})
    )


def test_block_is_one_line_of_json():
    assert json.loads(block("a", {"b": "\n```\n"}).split("\n")[1]) == {
        "tool_call": {"name": "a", "arguments": {"b": "\n```\n"}}
    }
