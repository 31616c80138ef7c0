from typing import Any

import pytest

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Message,
    Proof,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects.openai_responses.messages import Conversation, convert
from relay.dialects.openai_responses.wire import Item
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
F = ToolCall(id="c1", name="f", arguments="{}")
OK = ToolMessage(call_id="c1", name="f", content=(Text(text="ok"),))


def talk(*items: Item) -> Conversation:
    return convert([(f"input[{n}]", item) for n, item in enumerate(items)], lambda sealed: f"unsealed {sealed}")


def messages(*items: Item) -> list[Message]:
    return list(talk(*items).messages)


def refused(*items: Item, error: type[RequestError] = InvalidRequest) -> str | None:
    with pytest.raises(error) as caught:
        talk(*items)
    return caught.value.param


def said(role: str, *parts: Item) -> Item:
    return {"type": "message", "role": role, "content": list(parts)}


def text(words: str, kind: str = "input_text") -> Item:
    return {"type": kind, "text": words}


def model(*words: str, **fields: Any) -> AssistantMessage:
    return AssistantMessage(content=tuple(Text(text=word) for word in words), **fields)


# --- messages


def test_roles():
    hi = (Text(text="hi"),)
    assert messages(*(said(role, text("hi")) for role in ("user", "system", "developer", "assistant"))) == [
        UserMessage(content=hi),
        SystemMessage(content=hi),
        SystemMessage(content=hi, developer=True),
        AssistantMessage(content=hi),
    ]


def test_content_of_a_user():
    parts = [
        text("a"),
        text("b", "text"),
        {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "AA"},
        {"type": "input_file", "file_url": "https://a/b.pdf"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]
    assert messages(said("user", *parts)) == [
        UserMessage(
            content=(
                Text(text="a"),
                Text(text="b"),
                Image(url="data:image/png;base64,AA", detail="low"),
                File(name="a.pdf", data="AA"),
                File(url="https://a/b.pdf"),
                File(id="file_1"),
                Audio(data="AA", format="wav"),
            )
        )
    ]


@pytest.mark.parametrize("content", [None, "", []])
def test_message_without_content(content):
    assert messages({"type": "message", "role": "user", "content": content}) == [UserMessage(content=())]


def test_refusal_of_the_model():
    refusal = {"type": "refusal", "refusal": "no"}
    assert messages(said("assistant", refusal, refusal)) == [AssistantMessage(refusal="nono")]


@pytest.mark.parametrize(
    ("part", "param", "error"),
    [
        ({"type": "input_image", "image_url": "file:///x"}, "input[0].content[0].image_url", InvalidRequest),
        ({"type": "input_image"}, "input[0].content[0].image_url", InvalidRequest),
        ({"type": "input_image", "file_id": "x"}, "input[0].content[0].file_id", UnsupportedFeature),
        ({"type": "input_file", "filename": "x"}, "input[0].content[0]", InvalidRequest),
        ({"type": "input_video", "video_url": "https://x"}, "input[0].content[0]", UnsupportedFeature),
        ({"type": "input_text"}, "input[0].content[0].text", InvalidRequest),
        ({"type": "input_smell"}, "input[0].content[0].type", InvalidRequest),
    ],
)
def test_part_that_cannot_be_taken(part, param, error):
    assert refused(said("user", part), error=error) == param


# --- turns of the model


def test_items_of_a_turn_are_one_message():
    reasoning = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "why"}, {"type": "summary_text", "text": "not"}],
        "encrypted_content": "sealed",
    }
    assert messages(reasoning, said("assistant", text("look", "output_text")), CALL, RESULT) == [
        model(
            "look",
            reasoning="why\n\nnot",
            proofs=(Proof(kind="openai.encrypted", data="sealed"),),
            tool_calls=(F,),
        ),
        OK,
    ]


def test_reasoning_itself_before_what_is_told_of_it():
    reasoning = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "told"}],
        "content": [{"type": "reasoning_text", "text": "meant"}, {"type": "text", "text": ""}],
    }
    assert messages(reasoning, CALL) == [model(reasoning="meant", tool_calls=(F,))]


def test_results_of_parallel_calls_follow_the_calls():
    other = {**CALL, "call_id": "c2"}
    assert messages(CALL, other, RESULT, {**RESULT, "call_id": "c2"}) == [
        model(tool_calls=(F, ToolCall(id="c2", name="f", arguments="{}"))),
        OK,
        ToolMessage(call_id="c2", name="f", content=(Text(text="ok"),)),
    ]


def test_text_after_a_call_does_not_part_it_from_its_result():
    assert messages(CALL, said("assistant", text("wait")), RESULT) == [model("wait", tool_calls=(F,)), OK]


def test_two_messages_of_the_model():
    thought = {"type": "reasoning", "summary": [text("why", "summary_text")]}
    assert messages(said("assistant", text("a")), said("assistant", text("b")), thought, said("user")) == [
        model("a"),
        model("b"),
        UserMessage(content=()),
    ]


def test_reasoning_begins_a_turn():
    thought = {"type": "reasoning", "summary": [text("why", "summary_text")]}
    assert messages(said("assistant", text("a")), thought, said("assistant", text("b"))) == [
        model("a"),
        model("b", reasoning="why"),
    ]


def test_reasoning_that_nothing_came_of():
    assert messages({"type": "reasoning", "summary": []}, said("user", text("hi"))) == [
        UserMessage(content=(Text(text="hi"),))
    ]


# --- calls and results


def test_custom_call_and_grouped_names():
    custom = {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "namespace": "functions", "input": "ls"}
    output = {"type": "custom_tool_call_output", "call_id": "c1", "output": "a.txt"}
    assert messages(custom, output, {**CALL, "namespace": "mcp__x__"}) == [
        model(tool_calls=(ToolCall(id="c1", name="functions__exec", arguments='{"input":"ls"}'),)),
        ToolMessage(call_id="c1", name="functions__exec", content=(Text(text="a.txt"),)),
        model(tool_calls=(ToolCall(id="c1", name="mcp__x__f", arguments="{}"),)),
    ]


def test_result_with_an_image():
    parts = [text("see"), {"type": "input_image", "image_url": "https://x"}]
    assert messages(CALL, {**RESULT, "output": parts})[1] == ToolMessage(
        call_id="c1", name="f", content=(Text(text="see"), Image(url="https://x"))
    )


def test_result_of_no_call():
    assert refused(CALL, {**RESULT, "call_id": "c2"}) == "input[1].call_id"
    assert refused(RESULT, CALL) == "input[0].call_id"


def test_malformed_part_of_a_result():
    video = {"type": "input_video", "video_url": "https://x"}
    assert refused(CALL, {**RESULT, "output": [video]}, error=UnsupportedFeature) == "input[1].output[0]"


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({**CALL, "call_id": ""}, "input[0].call_id"),
        ({**CALL, "call_id": "x" * 513}, "input[0].call_id"),
        ({**CALL, "arguments": {}}, "input[0].arguments"),
        ({**CALL, "name": ""}, "input[0].name"),
        ({"type": "function_call_output", "call_id": "c"}, "input[0].output"),
        ({"type": "message", "role": "tool", "content": ""}, "input[0].role"),
    ],
)
def test_malformed_item(item, param):
    assert refused(item) == param


# --- the rest


def test_compaction_tells_what_was():
    (message,) = messages({"type": "compaction", "encrypted_content": "x"})
    assert message == UserMessage(content=(Text(text="Summary of the conversation so far:\n\nunsealed x"),))


def test_items_of_tools_at_openai_are_named():
    got = talk({"type": "web_search_call"}, {"type": "relay:trace"}, {"type": "web_search_call"}, said("user"))
    assert (got.ignored, len(got.messages)) == (("web_search_call", "relay:trace"), 1)


def test_tools_within_the_input():
    tools = [{"type": "custom", "name": "exec"}]
    got = talk({"type": "additional_tools", "role": "developer", "tools": tools})
    assert got == Conversation(messages=(), added_tools=(("input[0]", tools),), ignored=())
