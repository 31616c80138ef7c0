from relay.core import prompt
from relay.core.request import (
    AssistantMessage,
    Image,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)

PICTURE = Image(url="data:,")
REQUEST = Request(
    model="m",
    messages=(
        SystemMessage(content=(Text(text="a"),)),
        UserMessage(content=(Text(text="b"), PICTURE)),
        AssistantMessage(reasoning="c", refusal="d", tool_calls=(ToolCall(id="1", name="e", arguments="f"),)),
        ToolMessage(call_id="1", content=(Text(text="g"),)),
    ),
    tools=(Tool(name="h", description="i", parameters={"j": 1}),),
    response_format=ResponseFormat(type="json_schema", schema={"k": 2}),
)


def test_content_of_all_messages_in_order():
    assert list(prompt.parts(REQUEST)) == [Text(text="a"), Text(text="b"), PICTURE, Text(text="g")]


def test_every_text_of_the_prompt():
    assert sorted(prompt.texts(REQUEST)) == ["a", "b", "c", "d", "e", "f", "g", "h", "i", '{"j":1}', '{"k":2}']


def test_what_is_not_there_has_no_text():
    bare = Request(
        model="m",
        messages=(AssistantMessage(),),
        tools=(Tool(name="look"),),
        response_format=ResponseFormat(type="text"),
    )
    assert "".join(prompt.texts(bare)) == "look"
